"""What finance has to see to: captures that failed finally, amounts that could not be taken, refunds that were refused,
sessions that nobody may be charged for. Each is resolved once, by a person, with a note."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from decimal import Decimal
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.access.acting import acting
from engine.access.scope import Scope
from engine.clock import Clock
from engine.errors import Changed, Conflict, InvalidInput, NotFound
from engine.ids import new_id
from engine.payments.course import after_decision
from engine.stores.audit import note
from engine.stores.listing import Listing, Wanted
from engine.stores.paging import Page
from engine.stores.payments import rows
from engine.stores.sql.dialect import upsert
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.payments import open_items

CAPTURE_FAILED, SHORTFALL, REFUND_FAILED, VOID_FAILED = "capture_failed", "shortfall", "refund_failed", "void_failed"
LATE_SESSION = "late_session"
RETRIED, PAID_OTHERWISE, WRITTEN_OFF = "retried", "paid otherwise", "written off"
RESOLUTIONS: Mapping[str, str] = {"retry": RETRIED, "paid_otherwise": PAID_OTHERWISE, "written_off": WRITTEN_OFF}
"""How a caller says it → the cause in the payment's table."""


@dataclass(frozen=True, slots=True)
class OpenItem:
    """`state`: open or resolved; `resolution` one of `RESOLUTIONS`. `subject` is what it is about, once a kind."""

    id: str
    network: str
    kind: str
    subject: str
    payment: str
    session: str
    receipt: str
    driver: str
    amount: Decimal
    currency: str
    detail: str
    state: str
    resolution: str
    note: str
    resolved_by: str
    version: int
    created: int
    resolved: int | None


_COLUMNS = [open_items.c[field.name] for field in fields(OpenItem)]
_LISTING = Listing(
    {"created": (open_items.c.created, int), "network": (open_items.c.network, str), "kind": (open_items.c.kind, str)},
    open_items.c.id,
    "-created",
)


async def add(connection: AsyncConnection, dialect: str, now: int, kind: str, subject: str, **about: Any) -> None:
    """An open item, unless there was one of this kind about this subject."""
    values = {"id": new_id(), "kind": kind, "subject": subject, "state": "open", "created": now, **about}
    await connection.execute(
        upsert(dialect, open_items).values(**values).on_conflict_do_nothing(index_elements=["kind", "subject"])
    )


class OpenItems:
    """The repository. All methods raise StoreUnavailable while SQL does not answer."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def page(
        self, scope: Scope, wanted: Wanted, *, state: str = "", kind: str = "", payment: str = ""
    ) -> Page[OpenItem]:
        """The newest first, unless `wanted` says otherwise."""
        query = select(*_COLUMNS).where(scope.where(open_items.c.network))
        for column, value in ((open_items.c.state, state), (open_items.c.kind, kind), (open_items.c.payment, payment)):
            if value:
                query = query.where(column == value)
        async with self._database.read() as connection:
            return await _LISTING.page(connection, query, wanted, lambda row: OpenItem(*row))

    async def get(self, item: str, scope: Scope) -> OpenItem:
        """Raises NotFound."""
        async with self._database.read() as connection:
            return await self._one(connection, item, scope)

    async def resolve(
        self, item: str, resolution: str, said: str, scope: Scope, *, version: int | None = None
    ) -> OpenItem:
        """Close it. Raises NotFound, Conflict where it is closed already, Changed, InvalidInput where a retry has no
        sense. A capture that is retried is asked for anew; if it fails again, that is another open item."""
        now = self._clock.now()
        async with self._database.write() as connection:
            before = await self._one(connection, item, scope, lock=True)
            if version is not None and version != before.version:
                raise Changed
            if before.state != "open":
                raise Conflict("This item is resolved already.", field="resolution", remedy="See who resolved it.")
            await self._decide(connection, before, resolution, now)
            values = {
                "state": "resolved",
                "resolution": resolution,
                "note": said,
                "resolved_by": acting().label or acting().id,
                "resolved": now,
                "version": before.version + 1,
            }
            await connection.execute(update(open_items).where(open_items.c.id == item).values(**values))
            after = OpenItem(**(asdict(before) | values))
            network = before.network
            await note(
                connection,
                now,
                "resolved",
                "open_item",
                item,
                network=network,
                before=_seen(before),
                after=_seen(after),
            )
        return after

    async def _decide(self, connection: AsyncConnection, item: OpenItem, resolution: str, now: int) -> None:
        if item.kind != CAPTURE_FAILED:
            if resolution == "retry":
                raise InvalidInput(
                    "There is nothing to be tried again here.",
                    field="resolution",
                    remedy="Use paid_otherwise or written_off.",
                )
            return
        payment = await rows.locked(connection, item.payment)
        account = after_decision(payment.account, RESOLUTIONS[resolution])
        if account is None:
            if resolution == "retry":
                raise InvalidInput(
                    f"The payment is {payment.state}: no money is held that could be taken.",
                    field="resolution",
                    remedy="Use paid_otherwise or written_off.",
                )
            return
        changed = await rows.write_account(connection, payment, account, now)
        await rows.write(connection, changed, now, look_at=now if resolution == "retry" else None)
        await rows.append(connection, payment.id, now, "decided", decision=resolution, by=acting().id)

    async def _one(self, connection: AsyncConnection, item: str, scope: Scope, *, lock: bool = False) -> OpenItem:
        query = select(*_COLUMNS).where(open_items.c.id == item, scope.where(open_items.c.network))
        row = (await connection.execute(query.with_for_update() if lock else query)).one_or_none()
        if row is None:
            raise NotFound("There is no such open item.", field="open_item", remedy="See the list of open items.")
        return OpenItem(*row)


def _seen(item: OpenItem) -> dict[str, Any]:
    return {"state": item.state, "resolution": item.resolution, "note": item.note, "resolved_by": item.resolved_by}
