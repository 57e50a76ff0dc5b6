"""Cases in the caller's transaction: opened by whoever asks, and by support in the name of somebody who has called."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.access.acting import acting
from engine.access.scope import Scope
from engine.cases.case import COLUMNS, SUPPORT, Case, Message, NewCase, audited, fresh_number
from engine.cases.course import NEW, step
from engine.cases.writing import say
from engine.errors import InvalidInput, NotFound
from engine.ids import new_id
from engine.stores.audit import note
from engine.stores.drivers.holders import holder_of
from engine.stores.sql.models import sessions
from engine.stores.sql.tables.cases import support_cases
from engine.stores.sql.tables.places import charge_points, stations
from engine.stores.sql.tables.tokens import drivers
from engine.stores.whereabouts import session_within


async def place_of(connection: AsyncConnection, new: NewCase) -> tuple[NewCase, str, str]:
    """The case with its charge point's id as registered, station and network; "" without one. Raises NotFound."""
    if not new.charge_point:
        return new, "", ""
    query = select(charge_points.c.id, stations.c.id.label("station"), stations.c.network_id)
    query = query.join(stations, charge_points.c.station_id == stations.c.id)
    found = (await connection.execute(query.where(charge_points.c.folded == new.charge_point.lower()))).one_or_none()
    if found is None:
        raise no_such_place()
    return replace(new, charge_point=found.id), found.station, found.network_id


def no_such_place() -> NotFound:
    """The one error for a charge point that is not there or not to be seen."""
    return NotFound("There is no such charge point.", field="charge_point", remedy="Read the code on it again.")


def made_of(
    new: NewCase, now: int, network: str, station: str, language: str, *, driver: str = "", email: str = ""
) -> Case:
    """The case that `new` becomes."""
    return Case(
        id=new_id(),
        number=fresh_number(),
        network=network,
        station=station,
        charge_point=new.charge_point,
        evse=new.evse,
        connector=new.connector,
        session=new.session,
        driver=driver,
        email=email,
        language=language,
        category=new.category,
        subject=" ".join(new.subject.split()),
        state=NEW,
        assignee="",
        resolution="",
        waiting_since=now,
        first_answer=None,
        closed=None,
        version=1,
        created=now,
        updated=now,
    )


async def keep(
    connection: AsyncConnection, case: Case, text: str, side: str, now: int, *, internal: bool = False
) -> Message:
    """Write down a new case with its first message. Raises InvalidInput."""
    row = {column.name: getattr(case, column.name) for column in COLUMNS}
    await connection.execute(insert(support_cases), row)
    said = await say(connection, now, case.id, side, text, internal=internal)
    await note(connection, now, "created", "case", case.id, network=case.network, after=audited(case))
    return said


async def by_support(
    connection: AsyncConnection, new: NewCase, driver: str, scope: Scope, now: int, *, internal: bool
) -> tuple[Case, Message]:
    """A case that whoever acts opens and sees to, with their words as its first message.

    A session says where it was and whose. Raises InvalidInput, NotFound for a session, charge point or driver that is
    not there or outside of `scope`.
    """
    if not (new.session or new.charge_point or driver):
        raise InvalidInput("It is about nothing.", field="session", remedy="Give session, charge_point or driver.")
    holder = network = ""
    if new.session:
        new, network, holder = await _of_session(connection, new, scope)
    elif new.charge_point:
        new, _, network = await place_of(connection, new)
        if not scope.covers(network):
            raise no_such_place()
    home, language = await _driver(connection, driver or holder, scope)
    if driver and not home:
        raise NotFound("There is no such driver.", field="driver", remedy="See the list of drivers.")
    if driver and (driver != holder if new.session else network and network != home):
        raise InvalidInput("It is not this driver's.", field="driver", remedy="Leave the driver out.")
    if not internal and not home:
        raise InvalidInput("Nobody is there to be told.", field="internal", remedy="Name a driver, or note it only.")
    station, at = await _still_there(connection, new)
    told = (driver or holder) if home else ""
    case = made_of(new, now, network or home, station if at == network else "", language, driver=told)
    case = replace(case, assignee=acting().id)
    if not internal:
        case = replace(case, state=step(NEW, "answered"), first_answer=now)
    return case, await keep(connection, case, new.text, SUPPORT, now, internal=internal)


async def _of_session(connection: AsyncConnection, new: NewCase, scope: Scope) -> tuple[NewCase, str, str]:
    """The case with the place of its session, the session's network, and whose it was ("" where nobody knows)."""
    of = sessions.c
    query = select(of.charge_point, of.evse, of.connector, of.network, of.id_token, of.started)
    row = (await connection.execute(query.where(of.id == new.session, session_within(scope)))).one_or_none()
    if row is None:
        raise NotFound("There is no such session.", field="session", remedy="See the list of sessions.")
    placed = replace(new, charge_point=row.charge_point, evse=row.evse, connector=row.connector)
    network = row.network or (await _still_there(connection, placed))[1]
    if not network:
        raise InvalidInput("Its charge point is registered nowhere.", field="session", remedy="Register it first.")
    holder = await holder_of(connection, network, row.id_token, row.started) if row.id_token else None
    return placed, network, holder or ""


async def _still_there(connection: AsyncConnection, new: NewCase) -> tuple[str, str]:
    """Station and network, "" and "" for a charge point that is not registered (any more)."""
    try:
        _, station, network = await place_of(connection, new)
    except NotFound:
        return "", ""
    return station, network


async def _driver(connection: AsyncConnection, driver: str, scope: Scope) -> tuple[str, str]:
    """Network and language of a driver within `scope`, "" and "" where there is none, or who is forgotten."""
    of = drivers.c
    query = select(of.network, of.language).where(of.id == driver, of.erased.is_(None), scope.where(of.network))
    row = (await connection.execute(query)).one_or_none()
    return ("", "") if row is None else (row.network, row.language)
