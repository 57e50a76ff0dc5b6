"""Starts in SQL. A row is changed by whoever read its latest version, so that two who look at one start do no harm; the
connector is held by a unique column, so that of two who want it exactly one has it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError

from engine.access.scope import EVERYWHERE, Scope
from engine.clock import SECOND, Clock
from engine.errors import NotFound
from engine.faults import reach
from engine.ids import new_id
from engine.notices.occasions import start_failed
from engine.starts.course import COMPLETED, ENDED, REQUESTED, START, Start
from engine.stores.audit import note
from engine.stores.listing import Listing, Wanted
from engine.stores.paging import Page
from engine.stores.payments import open_items
from engine.stores.payments.policies import Policy
from engine.stores.payments.wishes import Payments
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.starts import starts

LATE_FOR = 3600 * SECOND
"""How long after its end a start's command is looked after: transactions that begin until then are stopped."""


@dataclass(frozen=True, slots=True)
class StartRow:
    """A start. Times in microseconds. `holds` is the connector's name while this start has it."""

    id: str
    network: str
    kind: str
    driver: str
    id_token: str
    token_kind: str
    charge_point: str
    evse: int
    connector: int
    payment: str
    state: str
    ended_as: str
    detail: str
    command: str
    number: int
    outcome: str
    session: str
    late_session: str
    late_settled: bool
    cancelled: bool
    stop_because: str
    stop_command: str
    stop_not_before: int
    pay_by: int | None
    plug_in_by: int | None
    plug_in_within_s: int
    look_at: int | None
    version: int
    created: int
    ended: int | None
    updated: int

    @property
    def place(self) -> str:
        """The connector's name."""
        return f"{self.charge_point.lower()}/{self.evse}/{self.connector}"

    @property
    def course(self) -> Start:
        """What the course looks at."""
        return Start(
            self.state,
            bool(self.payment),
            self.ended_as,
            self.cancelled,
            self.pay_by,
            self.plug_in_by,
            self.stop_because,
        )


@dataclass(frozen=True, slots=True)
class NewStart:
    """`kind`: app or ad_hoc. `key` names the request (None: none): the same one again is the same start."""

    network: str
    kind: str
    charge_point: str
    evse: int
    connector: int
    id_token: str
    token_kind: str
    driver: str = ""
    key: str | None = None
    secret_hash: str | None = None
    description: str = ""
    return_url: str = ""


_COLUMNS = [starts.c[field.name] for field in fields(StartRow)]
_LISTING = Listing(
    {"created": (starts.c.created, int), "updated": (starts.c.updated, int), "state": (starts.c.state, str)},
    starts.c.id,
    "-created",
)


class Starts:
    """The repository. All methods raise StoreUnavailable while SQL does not answer."""

    def __init__(self, database: Database, payments: Payments, clock: Clock) -> None:
        self._database, self._payments, self._clock = database, payments, clock

    async def create(self, new: NewStart, policy: Policy) -> StartRow:
        """The start, with its payment where the network's policy asks for one; the one that is there already where the
        same request made one before."""
        now, start = self._clock.now(), new_id()
        try:
            async with self._database.write() as connection:
                payment = ""
                if policy.needs_payment(new.kind):
                    payment = await self._payments.open(
                        connection,
                        network=new.network,
                        start=start,
                        driver=new.driver,
                        currency=policy.currency,
                        hold=policy.hold,
                        description=new.description,
                        return_url=new.return_url,
                    )
                names = ("network", "kind", "charge_point", "evse", "connector", "id_token", "token_kind", "driver")
                values = {name: getattr(new, name) for name in names} | {
                    "id": start,
                    "secret_hash": new.secret_hash,
                    "request_key": new.key,
                    "payment": payment,
                    "state": REQUESTED,
                    "pay_by": now + policy.pay_within_s * SECOND if payment else None,
                    "plug_in_within_s": policy.plug_in_within_s,
                    "look_at": now,
                    "created": now,
                    "updated": now,
                }
                await connection.execute(insert(starts), values)
                seen = {name: values[name] for name in ("kind", "charge_point", "evse", "connector", "payment")}
                await note(connection, now, "created", "start", start, network=new.network, after=seen)
        except IntegrityError:
            known = await self._of_key(new.key)
            if known is None:
                raise
            return known
        return await self.get(start)

    async def _of_key(self, key: str | None) -> StartRow | None:
        return None if key is None else await self._one(starts.c.request_key == key)

    # reading ---------------------------------------------------------------------------------------------------------

    async def get(self, start: str, scope: Scope = EVERYWHERE, *, driver: str | None = None) -> StartRow:
        """Raises NotFound, also where it is another driver's."""
        found = await self._one(starts.c.id == start, scope.where(starts.c.network))
        if found is None or driver not in (None, found.driver):
            raise _unknown()
        return found

    async def of_secret(self, secret_hash: str) -> StartRow:
        """Raises NotFound."""
        found = await self._one(starts.c.secret_hash == secret_hash)
        if found is None:
            raise _unknown()
        return found

    async def of_session(self, session: str) -> StartRow | None:
        """The start that led to this session, None where it began otherwise."""
        return await self._one(starts.c.session == session)

    async def current(self, driver: str) -> list[StartRow]:
        """A driver's starts that have not ended, the newest first."""
        query = select(*_COLUMNS).where(starts.c.driver == driver, starts.c.state != ENDED)
        async with self._database.read() as connection:
            rows = await connection.execute(query.order_by(starts.c.created.desc(), starts.c.id).limit(50))
            return [StartRow(*row) for row in rows]

    async def page(
        self,
        scope: Scope,
        wanted: Wanted,
        *,
        state: str = "",
        ended_as: str = "",
        charge_point: str = "",
        driver: str = "",
        kind: str = "",
        since: int | None = None,
        until: int | None = None,
    ) -> Page[StartRow]:
        """The newest first, unless `wanted` says otherwise."""
        query = select(*_COLUMNS).where(scope.where(starts.c.network))
        named = ((starts.c.state, state), (starts.c.ended_as, ended_as), (starts.c.kind, kind))
        for column, value in (*named, (starts.c.driver, driver)):
            if value:
                query = query.where(column == value)
        if charge_point:
            query = query.where(func.lower(starts.c.charge_point) == charge_point.lower())
        if since is not None:
            query = query.where(starts.c.created >= since)
        if until is not None:
            query = query.where(starts.c.created < until)
        async with self._database.read() as connection:
            return await _LISTING.page(connection, query, wanted, lambda row: StartRow(*row))

    async def due(self, limit: int = 100) -> list[str]:
        """The starts that are to be looked at now."""
        query = select(starts.c.id).where(starts.c.look_at <= self._clock.now())
        async with self._database.read() as connection:
            return list((await connection.execute(query.order_by(starts.c.look_at).limit(limit))).scalars())

    async def held(self, charge_point: str, evse: int, connector: int) -> str:
        """The start that has this connector, "" if none has."""
        place = f"{charge_point.lower()}/{evse}/{connector}"
        async with self._database.read() as connection:
            query = select(starts.c.id).where(starts.c.holds == place)
            return (await connection.execute(query)).scalar_one_or_none() or ""

    # what the runner writes ------------------------------------------------------------------------------------------

    async def change(self, row: StartRow, **changes: Any) -> StartRow | None:
        """The row with `changes`; None if somebody else has changed it since it was read."""
        async with self._database.write() as connection:
            return await self._changed(connection, row, changes)

    async def _changed(self, connection: Any, row: StartRow, changes: dict[str, Any]) -> StartRow | None:
        values = changes | {"version": row.version + 1, "updated": self._clock.now()}
        ours = update(starts).where(starts.c.id == row.id, starts.c.version == row.version)
        if (await connection.execute(ours.values(**values))).rowcount == 0:
            return None
        return StartRow(**{field.name: values.get(field.name, getattr(row, field.name)) for field in fields(row)})

    async def look_later(self, row: StartRow, at: int | None) -> None:
        """Look at it again at `at`, unless somebody has changed it meanwhile."""
        async with self._database.write() as connection:
            ours = update(starts).where(starts.c.id == row.id, starts.c.version == row.version)
            await connection.execute(ours.values(look_at=at))

    async def ask_payment(self, row: StartRow) -> StartRow | None:
        """Have the payment authorised, and wait for it."""
        async with self._database.write() as connection:
            changed = await self._changed(connection, row, {"state": START.arrows[row.state]["payment needed"]})
            if changed is not None:
                await self._payments.ask(connection, row.payment)
        return changed

    async def take_connector(self, row: StartRow, number: int) -> StartRow | None:
        """Have the connector, and the command's id and number. None if another start has it, or has changed this."""
        state = START.arrows[row.state]["connector held"]
        values = {"state": state, "holds": row.place, "command": new_id(), "number": number}
        try:
            async with self._database.write() as connection:
                return await self._changed(connection, row, values)
        except IntegrityError:
            return None

    async def charge(self, row: StartRow, session: str) -> StartRow | None:
        """Its session has begun."""
        state = START.arrows[row.state]["transaction"]
        async with self._database.write() as connection:
            changed = await self._changed(connection, row, {"state": state, "session": session})
            if changed is not None and row.payment:
                await self._payments.belongs_to(connection, row.payment, session)
        return changed

    async def end(self, row: StartRow, how: str, detail: str) -> StartRow | None:
        """Its one end. Unless it is `completed`, what was held for it goes back, in the same transaction."""
        now = self._clock.now()
        values = {
            "state": START.arrows[row.state][how],
            "ended_as": how,
            "detail": detail[:200],
            "ended": now,
            "holds": None,
            "look_at": now + SECOND if row.command and how != COMPLETED else None,
        }
        async with self._database.write() as connection:
            changed = await self._changed(connection, row, values)
            if changed is not None and row.payment and how != COMPLETED:
                await self._payments.release(connection, row.payment, how)
            # Whoever has only just asked sees the answer.
            if changed is not None and row.state != REQUESTED and how not in (COMPLETED, "cancelled"):
                await start_failed(connection, now, row, how, detail)
            reach("starts:ended-before-commit")
        return changed

    async def unpaid(self, row: StartRow, session: str, receipt: str, owed: Any, currency: str) -> None:
        """What a session has cost that nobody was promised to pay for: finance's to see to, once."""
        now = self._clock.now()
        async with self._database.write() as connection:
            if await self._changed(connection, row, {"late_settled": True, "look_at": None}) is None or not owed:
                return
            await open_items.add(
                connection,
                self._database.dialect,
                now,
                open_items.LATE_SESSION,
                session,
                network=row.network,
                payment=row.payment,
                session=session,
                receipt=receipt,
                driver=row.driver,
                amount=owed,
                currency=currency,
                detail=row.ended_as,
            )

    # what people wish ------------------------------------------------------------------------------------------------

    async def stop(self, start: str, because: str, *, driver: str | None = None, by_person: bool = True) -> StartRow:
        """Have it end: before the transaction it is cancelled, afterwards the session is stopped. Raises NotFound.

        Again, and after its end, is nothing more.
        """
        now = self._clock.now()
        async with self._database.write() as connection:
            query = select(*_COLUMNS).where(starts.c.id == start).with_for_update()
            found = (await connection.execute(query)).one_or_none()
            if found is None or driver not in (None, StartRow(*found).driver):
                raise _unknown()
            row = StartRow(*found)
            if row.state == ENDED or row.stop_because:
                return row
            changes = {"cancelled": not row.session, "stop_because": because, "look_at": now}
            changed = await self._changed(connection, row, changes)
            assert changed is not None
            if by_person:
                await note(connection, now, "stopped", "start", start, network=row.network, after={"why": because})
        return changed

    async def _one(self, *conditions: Any) -> StartRow | None:
        async with self._database.read() as connection:
            row = (await connection.execute(select(*_COLUMNS).where(*conditions))).one_or_none()
        return None if row is None else StartRow(*row)

    async def with_late_session(self, row: StartRow, session: str) -> StartRow | None:
        """A session that its command led to after its end."""
        return await self.change(row, late_session=session)

    async def charging(self) -> list[StartRow]:
        """All that charge and have a payment."""
        query = select(*_COLUMNS).where(starts.c.state == "charging", starts.c.payment != "")
        async with self._database.read() as connection:
            return [StartRow(*row) for row in await connection.execute(query)]


def _unknown() -> NotFound:
    return NotFound("There is no such start.", field="start", remedy="See the list of starts.")
