"""The review queue: sessions that a person has to decide about, each once.

open ── bill ────► billed      as it stands
     ── correct ─► corrected   with other figures, kept before and after
     ── waive ───► waived      nothing is charged, or what is charged stays
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.access.scope import Scope
from engine.billing.correcting import checked_reason, figures_of, rebill, sendable_bill, who
from engine.billing.facts import Facts, Figures, facts_of, with_figures
from engine.billing.issuing import hold_session
from engine.billing.judgement import Finding, Judgement, findings_of, judge
from engine.billing.settling import OPEN, RESOLVED, SETTLED, WAIVED, circumstances
from engine.clock import Clock
from engine.errors import Changed, Conflict, InvalidInput, NotFound
from engine.faults import reach
from engine.stores import audit
from engine.stores.listing import Listing, Wanted
from engine.stores.paging import Page
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.billing import review_items, settlements
from engine.tariffs.bill import Bill
from engine.tariffs.stored import bill_of

BILL, CORRECT, WAIVE = DECISIONS = ("bill", "correct", "waive")
_RESOLUTIONS = {BILL: "billed", CORRECT: "corrected", WAIVE: "waived"}
_LISTING = Listing(
    {"opened": (review_items.c.opened, int), "gross": (review_items.c.gross, int)}, review_items.c.id, "opened"
)


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """One open or decided question. `kind`: settled, or amended after billing. Times in microseconds.

    `proposed` is the bill that follows from `facts` as they stand. `correction` has the figures before and after.
    """

    id: str
    kind: str
    network: str | None
    session: str
    charge_point: str
    findings: tuple[Finding, ...]
    facts: Facts
    proposed: Bill | None
    currency: str
    state: str
    opened: int
    resolved: int | None
    resolved_by: str
    resolution: str
    note: str
    correction: dict[str, Any] | None
    receipt: str | None
    version: int


class Reviews:
    """All of it raises StoreUnavailable while SQL does not answer."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def items(
        self, scope: Scope, wanted: Wanted, *, state: str = OPEN, network: str = "", session: str = ""
    ) -> Page[ReviewItem]:
        """A page of them, the one that waits longest first."""
        query = select(review_items).where(scope.where(review_items.c.network))
        for column, value in (("state", state), ("network", network), ("session", session)):
            if value:
                query = query.where(review_items.c[column] == value)
        async with self._database.read() as connection:
            return await _LISTING.page(connection, query, wanted, _item)

    async def item(self, scope: Scope, id: str) -> ReviewItem:
        """One of them. Raises NotFound."""
        async with self._database.read() as connection:
            return await _one(connection, scope, id)

    async def open_count(self, scope: Scope) -> int:
        """How many wait for a decision."""
        query = select(func.count()).where(review_items.c.state == OPEN, scope.where(review_items.c.network))
        async with self._database.read() as connection:
            return int((await connection.execute(query)).scalar_one())

    async def preview(self, scope: Scope, id: str, figures: Figures) -> Judgement:
        """The bill that these figures would make, and what would still be doubtful. Changes nothing."""
        async with self._database.read() as connection:
            facts = with_figures((await _one(connection, scope, id)).facts, figures)
            return judge(facts, *await circumstances(connection, facts))

    async def resolve(
        self,
        scope: Scope,
        id: str,
        decision: str,
        note: str,
        figures: Figures | None = None,
        version: int | None = None,
    ) -> ReviewItem:
        """Decide. The same decision again changes nothing; `figures` are for `correct` only.

        Raises NotFound, Changed, InvalidInput, and Conflict when it is decided otherwise already, or cannot be billed.
        """
        _check(decision, figures)
        reason, now = checked_reason(note), self._clock.now()
        async with self._database.write() as connection:
            # The session first, as everybody who bills one does: so two of them never wait for each other.
            await hold_session(connection, (await _one(connection, scope, id)).session)
            item = await _one(connection, scope, id)
            if item.state == RESOLVED:
                return _again(item, decision, figures, reason)
            if version is not None and version != item.version:
                raise Changed
            after = item.facts if figures is None else with_figures(item.facts, figures)
            receipt = await self._carry_out(connection, now, item, decision, after, reason)
            reach("billing:decided-before-record")
            correction = {"before": figures_of(item.facts), "after": figures_of(after)} if decision == CORRECT else None
            values = {
                "state": RESOLVED,
                "resolved": now,
                "resolved_by": who(),
                "resolution": _RESOLUTIONS[decision],
                "note": reason,
                "correction": correction,
                "receipt": receipt,
                "version": item.version + 1,
            }
            await connection.execute(update(review_items).where(review_items.c.id == id).values(values))
            told = {"state": OPEN} | figures_of(item.facts)
            said = {"state": values["resolution"], "note": reason, "receipt": receipt} | figures_of(after)
            await audit.note(
                connection, now, "resolved", "review_item", id, network=item.network, before=told, after=said
            )
            return await _one(connection, scope, id)

    async def resolve_all(self, scope: Scope, network: str, doubt: str, decision: str, note: str) -> list[str]:
        """Bill as they stand now, or waive, a network's open items with `doubt`; returns their ids.

        For what has a common cause, such as an issuer that had not been entered. What is doubtful in another way, too,
        and what cannot be billed stays open, for a person.
        """
        scope.need(network)
        _check(decision, None)
        query = select(review_items).where(review_items.c.network == network, review_items.c.state == OPEN)
        async with self._database.read() as connection:
            rows = (await connection.execute(query.order_by(review_items.c.opened).limit(1000))).all()
        done = []
        for item in map(_item, rows):
            if doubt not in {finding.doubt for finding in item.findings}:
                continue
            now = await self.preview(scope, item.id, Figures())
            if {finding.doubt for finding in now.findings} <= {doubt}:
                try:
                    await self.resolve(scope, item.id, decision, note, version=item.version)
                except InvalidInput:
                    # It cannot be billed, or somebody was faster.
                    continue
                done.append(item.id)
        return done

    async def _carry_out(
        self, connection: AsyncConnection, now: int, item: ReviewItem, decision: str, facts: Facts, reason: str
    ) -> str | None:
        if decision == WAIVE:
            if item.kind == SETTLED:
                waived = update(settlements).where(settlements.c.session == item.session).values(outcome=WAIVED)
                await connection.execute(waived)
            return None
        premises, issuer = await circumstances(connection, facts)
        sendable, bill = sendable_bill(judge(facts, premises, issuer), issuer)
        return await rebill(connection, now, sendable, premises, facts, bill, reason)


def _check(decision: str, figures: Figures | None) -> None:
    if decision not in DECISIONS:
        raise InvalidInput("Unknown decision.", field="decision", remedy=f"One of {', '.join(DECISIONS)}.")
    if (decision == CORRECT) != (figures is not None and figures != Figures()):
        raise InvalidInput(
            "Figures go with a correction, and with nothing else.",
            field="figures",
            remedy="Give energy, start or end with the decision `correct`.",
        )


def _again(item: ReviewItem, decision: str, figures: Figures | None, reason: str) -> ReviewItem:
    """What the answer was, if it is the same decision once more."""
    told = None if item.correction is None else item.correction["after"]
    wanted = None if figures is None else with_figures(item.facts, figures)
    same = told == (None if wanted is None else figures_of(wanted))
    if item.resolution == _RESOLUTIONS[decision] and item.note == reason and same:
        return item
    raise Conflict(
        f"It has been decided: {item.resolution}.", field="state", remedy="A receipt can be credited or corrected."
    )


async def _one(connection: AsyncConnection, scope: Scope, id: str) -> ReviewItem:
    query = select(review_items).where(review_items.c.id == id, scope.where(review_items.c.network))
    row = (await connection.execute(query)).first()
    if row is None:
        raise NotFound("There is no such review item.", field="id", remedy="List what there is for you.")
    return _item(row)


def _item(row: Any) -> ReviewItem:
    return ReviewItem(
        *(row.id, row.kind, row.network, row.session, row.charge_point),
        findings_of(row.findings),
        facts_of(row.facts),
        None if row.proposed is None else bill_of(row.proposed),
        *(row.currency, row.state, row.opened, row.resolved, row.resolved_by, row.resolution, row.note),
        *(row.correction, row.receipt, row.version),
    )
