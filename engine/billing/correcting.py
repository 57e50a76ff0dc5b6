"""Corrections: credit notes, and receipts that take the place of others. Nothing that was issued is ever edited."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.access.acting import acting
from engine.access.scope import Scope
from engine.billing.facts import Facts, Figures, facts_of, with_figures
from engine.billing.issuer import CREDIT_NOTE, Issuer
from engine.billing.issuers import issuer_by_id
from engine.billing.issuing import bill_session, billed_so_far, credit
from engine.billing.judgement import Judgement, judge
from engine.billing.premises import Premises
from engine.billing.receipts import Standing, standing_of
from engine.billing.settling import circumstances
from engine.clock import Clock
from engine.errors import Changed, Conflict, InvalidInput
from engine.stores import audit
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.billing import receipts, settlements
from engine.tariffs.bill import Bill

IMPOSSIBLE = frozenset(
    {
        *("price_refused", "no_tariff", "negative_energy", "times_out_of_order"),
        *("unknown_charge_point", "no_issuer", "no_region", "other_currency", "tax_without_regime"),
    }
)
"""Findings over which nobody can bill: no number or no tax would be right."""


class Corrections:
    """What finance does with what was issued. All of it raises StoreUnavailable while SQL does not answer."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def credit(
        self, scope: Scope, receipt: str, amount: Decimal | None, reason: str, version: int | None = None
    ) -> Standing:
        """Give back `amount`, taxes included (None: all that is left), by a credit note, which is returned.

        Raises NotFound, Changed, Conflict (nothing is left, or it is a credit note itself), InvalidInput.
        """
        now = self._clock.now()
        async with self._database.write() as connection:
            known = await _held_receipt(connection, scope, receipt, version)
            so_far = await billed_so_far(connection, known.receipt.session)
            row = next(each for each in so_far.rows if each.id == receipt)
            issuer = await issuer_by_id(connection, row.issuer)
            notes = so_far.credited(receipt)
            made = await credit(
                connection, now, issuer, row, notes, amount, checked_reason(reason), who(), len(so_far.rows)
            )
            given = (await connection.execute(select(receipts.c.gross).where(receipts.c.id == made.id))).scalar_one()
            after = {"credit_note": made.number, "gross": given, "reason": reason}
            await audit.note(connection, now, "credited", "receipt", receipt, network=row.network, after=after)
            return await standing_of(connection, scope, made.id)

    async def correct(
        self, scope: Scope, receipt: str, figures: Figures, reason: str, version: int | None = None
    ) -> Standing:
        """Credit a receipt and bill its session anew with other figures; returns what is billed then.

        That is the new receipt, or the credit note where there is nothing left to pay. Raises NotFound, Changed,
        Conflict (it is not the session's newest receipt, or the figures make no bill).
        """
        now = self._clock.now()
        async with self._database.write() as connection:
            known = await _held_receipt(connection, scope, receipt, version)
            if known.replaced_by is not None:
                raise Conflict("Another receipt has taken its place.", field="id", remedy="Correct that one.")
            session = known.receipt.session
            query = select(settlements.c.facts).where(settlements.c.session == session)
            before = facts_of((await connection.execute(query)).scalar_one())
            facts = with_figures(before, figures)
            premises, issuer = await circumstances(connection, facts)
            sendable, bill = sendable_bill(judge(facts, premises, issuer), issuer)
            made = await rebill(connection, now, sendable, premises, facts, bill, checked_reason(reason))
            shown = made or (await billed_so_far(connection, session)).credited(receipt)[-1].id
            after = figures_of(facts) | {"reason": reason, "receipt": shown}
            await audit.note(
                *(connection, now, "corrected", "receipt", receipt),
                network=known.receipt.network,
                before=figures_of(before),
                after=after,
            )
            return await standing_of(connection, scope, shown)


async def rebill(
    connection: AsyncConnection, at: int, issuer: Issuer, premises: Premises, facts: Facts, bill: Bill, reason: str
) -> str | None:
    """Bill a held session by a person's decision, and keep the facts that it was billed by."""
    made = await bill_session(connection, at, issuer, premises, facts, bill, reason=reason, by=who())
    await connection.execute(
        update(settlements)
        .where(settlements.c.session == facts.session)
        .values(facts=facts.stored(), outcome="free" if made is None else "receipt")
    )
    return made


def sendable_bill(judgement: Judgement, issuer: Issuer | None) -> tuple[Issuer, Bill]:
    """Issuer and bill, if one can be sent at all. Raises Conflict that says why not."""
    for finding in judgement.findings:
        if finding.doubt in IMPOSSIBLE:
            raise Conflict(finding.detail, field=finding.doubt, remedy=finding.suggestion)
    if judgement.bill is None or issuer is None:
        raise Conflict("Nobody has to pay for this session.", field="resolution", remedy="Waive it.")
    return issuer, judgement.bill


def figures_of(facts: Facts) -> dict[str, Any]:
    """What a correction changes, as the audit log and the review item show it."""
    energy = None if facts.energy_wh is None else format(facts.energy_wh, "f")
    return {"energy_wh": energy, "started": facts.started, "ended": facts.ended}


def checked_reason(reason: str) -> str:
    """`reason`, if it says something. Raises InvalidInput."""
    if not reason.strip():
        raise InvalidInput("A correction needs a reason.", field="reason", remedy="Say why, in a few words.")
    return reason.strip()


def who() -> str:
    """Who acts, as kept in the books: kind and id, no name."""
    actor = acting()
    return f"{actor.kind}:{actor.id}"


async def _held_receipt(connection: AsyncConnection, scope: Scope, receipt: str, version: int | None) -> Standing:
    known = await standing_of(connection, scope, receipt, held=True)
    if known.receipt.kind == CREDIT_NOTE:
        raise Conflict("This is a credit note.", field="id", remedy="Name the receipt that it is about.")
    if version is not None and version != known.version:
        raise Changed
    return known
