"""What drivers do: open a case, read it, write in it. With an account or without one, by the letter's link."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.access.scope import EVERYWHERE
from engine.cases import wording
from engine.cases.case import COLUMNS, MESSAGE_COLUMNS, Case, Message, NewCase, check_case
from engine.cases.course import CLOSED, UNCONFIRMED, step
from engine.cases.opening import keep, made_of, no_such_place, place_of
from engine.cases.secret import CaseLinks
from engine.cases.writing import any_state, driver_wrote, one, store, unknown
from engine.clock import SECOND, Clock, SystemClock
from engine.errors import Conflict, NotFound
from engine.outbox.letter import checked_address, put
from engine.stores.drivers.own_sessions import of_driver
from engine.stores.listing import Listing, Wanted
from engine.stores.paging import Page
from engine.stores.sql.engine import Database
from engine.stores.sql.models import sessions
from engine.stores.sql.tables.cases import case_messages, support_cases

MOST_OPEN = 10
CONFIRM_WITHIN = 7 * 86_400 * SECOND
_C, _M = support_cases.c, case_messages.c
_LISTING = Listing({"created": (_C.created, int), "updated": (_C.updated, int)}, _C.id, "-updated")


@dataclass(frozen=True, slots=True)
class Own:
    """A case as its driver sees it: without what is internal."""

    case: Case
    messages: tuple[Message, ...]


class Asking:
    """All methods raise StoreUnavailable while SQL does not answer."""

    def __init__(self, database: Database, links: CaseLinks, clock: Clock | None = None) -> None:
        self._database, self._links, self._clock = database, links, clock or SystemClock()

    # with an account -------------------------------------------------------------------------------------------------

    async def open(self, driver: str, network: str, language: str, new: NewCase) -> Own:
        """Raises InvalidInput, NotFound for what is not the driver's, Conflict where too many are open."""
        check_case(new)
        now = self._clock.now()
        async with self._database.write() as connection:
            mine = select(func.count()).where(_C.driver == driver, _C.state != CLOSED)
            if (await connection.execute(mine)).scalar_one() >= MOST_OPEN:
                raise Conflict(
                    f"You have {MOST_OPEN} open cases.", field="subject", remedy="Write in one that is there."
                )
            new = await _of_session(connection, driver, new) if new.session else new
            new, station, at = await place_of(connection, new)
            if at and at != network and not new.session:
                raise no_such_place()
            case = made_of(new, now, at or network, station, language, driver=driver)
            return Own(case, (await keep(connection, case, new.text, "driver", now),))

    async def page(self, driver: str, wanted: Wanted) -> Page[Case]:
        """The driver's, the one that moved last first."""
        query = select(*COLUMNS).where(_C.driver == driver)
        async with self._database.read() as connection:
            return await _LISTING.page(connection, query, wanted, lambda row: Case(*row))

    async def own(self, driver: str, id: str) -> Own:
        """Raises NotFound, also for another driver's."""
        async with self._database.read() as connection:
            return await _own(connection, await one(connection, id, EVERYWHERE, driver=driver))

    async def write(self, driver: str, id: str, text: str) -> Own:
        """Write in it; closed, it is open again. Raises NotFound, InvalidInput, Conflict."""
        async with self._database.write() as connection:
            case = await one(connection, id, EVERYWHERE, driver=driver, locked=True)
            await driver_wrote(connection, self._clock.now(), case, text)
            return await _own(connection, await one(connection, id, EVERYWHERE, driver=driver))

    # without one -----------------------------------------------------------------------------------------------------

    async def open_openly(self, email: str, network: str, language: str, new: NewCase) -> None:
        """A case that becomes one when its sender confirms the address. Raises InvalidInput."""
        check_case(new)
        address, now = checked_address(email), self._clock.now()
        async with self._database.write() as connection:
            new, station, at = await place_of(connection, new)
            case = replace(made_of(new, now, at or network, station, language, email=address), state=UNCONFIRMED)
            await keep(connection, case, new.text, "driver", now)
            facts = {"number": case.number, "place": new.charge_point, "link": self._links.confirmation(case.id)}
            letter = wording.confirmation(address, case.network, language, facts, now + CONFIRM_WITHIN)
            await put(connection, now, letter)

    async def confirm(self, secret: str) -> Case:
        """The sender has the letter. Again it does nothing. Raises NotFound, also when it is too late."""
        id, now = self._links.case_of(secret), self._clock.now()
        async with self._database.write() as connection:
            case = await any_state(connection, id, locked=True)
            if case.state != UNCONFIRMED:
                return case
            if now > case.created + CONFIRM_WITHIN:
                raise unknown()
            return await store(connection, case, replace(case, state=step(case.state, "confirmed")), now)

    async def openly(self, secret: str) -> Own:
        """The case that the letter's link is of. Raises NotFound."""
        async with self._database.read() as connection:
            return await _own(connection, await one(connection, self._links.case_of(secret), EVERYWHERE))

    async def write_openly(self, secret: str, text: str) -> Own:
        """As `write`."""
        async with self._database.write() as connection:
            case = await one(connection, self._links.case_of(secret), EVERYWHERE, locked=True)
            await driver_wrote(connection, self._clock.now(), case, text)
            return await _own(connection, await one(connection, case.id, EVERYWHERE))

    async def sweep(self) -> int:
        """Delete cases that nobody has confirmed in time. Returns how many."""
        over = self._clock.now() - CONFIRM_WITHIN
        query = select(_C.id).where(_C.state == UNCONFIRMED, _C.created < over).limit(500)
        async with self._database.write() as connection:
            ids = list((await connection.execute(query)).scalars())
            if ids:
                await connection.execute(delete(case_messages).where(_M.case.in_(ids)))
                await connection.execute(delete(support_cases).where(_C.id.in_(ids)))
        return len(ids)


async def _own(connection: AsyncConnection, case: Case) -> Own:
    query = select(*MESSAGE_COLUMNS).where(_M.case == case.id, ~_M.internal, _M.side != "system")
    rows = await connection.execute(query.order_by(_M.at, _M.id))
    return Own(case, tuple(Message(*row) for row in rows))


async def _of_session(connection: AsyncConnection, driver: str, new: NewCase) -> NewCase:
    """The case with the place of its session. Raises NotFound unless the session is the driver's."""
    row = (await connection.execute(of_driver(driver).where(sessions.c.id == new.session))).one_or_none()
    if row is None:
        raise NotFound("There is no such session.", field="session", remedy="See the list of your sessions.")
    return replace(new, charge_point=row.charge_point, evse=row.evse, connector=row.connector)
