"""Charge points, stations, sessions, tokens and receipts by their numbers and names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.access.scope import Scope
from engine.stores.drivers.own_sessions import BEGAN
from engine.stores.paging import pattern
from engine.stores.search.found import CHARGE_POINT, RECEIPT, SESSION, STATION, TOKEN, Findings, Found
from engine.stores.search.needle import Needle
from engine.stores.search.text import begins, folded
from engine.stores.sql.models import charge_points, sessions, stations
from engine.stores.sql.tables.billing import receipts
from engine.stores.sql.tables.tokens import tokens
from engine.stores.whereabouts import session_within

SESSIONS_OF_A_TOKEN = 5
_S, _C, _P, _R, _T = sessions.c, charge_points.c, stations.c, receipts.c, tokens.c


async def find_sessions(connection: AsyncConnection, needle: Needle, scope: Scope, limit: int, found: Findings) -> None:
    """By their id, the station's own transaction number, or the token they began with."""
    query = select(sessions, BEGAN).where(session_within(scope)).order_by(BEGAN.desc(), _S.id.desc())
    ways: list[tuple[str, bool, Any, int]] = [
        ("id", True, _S.id == needle.text, 1),
        ("transaction", True, _S.transaction_id == needle.text, limit),
        ("token", True, func.lower(_S.id_token) == folded(connection.dialect.name, needle.text), SESSIONS_OF_A_TOKEN),
    ]
    if len(needle.text) >= 6:
        ways.append(("id", False, begins(connection.dialect.name, _S.id, needle.text), limit))
    for why, exact, condition, most in ways:
        for row in await connection.execute(query.where(condition).limit(most)):
            found.add(_session(row, why, exact))


async def find_receipts(
    connection: AsyncConnection, needle: Needle, scope: Scope, sessions_in: Scope, limit: int, found: Findings
) -> None:
    """By their number, each with the session that it is about."""
    query = select(receipts).where(scope.where(_R.network)).order_by(_R.issued.desc(), _R.id.desc()).limit(limit)
    ways = [(True, _R.number == needle.text)]
    if needle.may_be_beginning:
        ways.append((False, begins(connection.dialect.name, _R.number, needle.text)))
    for exact, condition in ways:
        rows = (await connection.execute(query.where(condition))).all()
        for row in rows:
            found.add(_receipt(row, exact))
        about = select(sessions, BEGAN).where(session_within(sessions_in), _S.id.in_([row.session for row in rows]))
        for row in await connection.execute(about) if rows else ():
            found.add(_session(row, "receipt", exact))


async def find_tokens(connection: AsyncConnection, needle: Needle, scope: Scope, limit: int, found: Findings) -> None:
    """By what stations read, what is printed on the card, or what it is called."""
    dialect, within = connection.dialect.name, _token_within(scope)
    query = select(tokens).where(within).order_by(_T.folded).limit(limit)
    ways = [("token", True, _T.folded == needle.folded), ("card", True, _T.visual_number == needle.text)]
    if needle.may_be_beginning:
        ways.append(("token", False, begins(dialect, _T.folded, needle.folded)))
        ways.append(("name", False, begins(dialect, func.lower(_T.label), folded(dialect, needle.text))))
    for why, exact, condition in ways:
        for row in await connection.execute(query.where(condition)):
            found.add(
                Found(
                    *(TOKEN, row.id_token, row.label or row.id_token, why, exact),
                    detail=row.visual_number or row.kind,
                    network=row.network,
                    driver=row.driver or "",
                    state=row.status,
                )
            )


async def find_places(
    connection: AsyncConnection, needle: Needle, points: Scope, places: Scope, limit: int, found: Findings
) -> None:
    """Charge points by id or name, stations by id or name, and a station's charge points by the station's name."""
    chargers = (
        select(charge_points, _P.name.label("station_name"), _P.network_id)
        .join(stations, _P.id == _C.station_id)
        .where(_C.retired.is_(None), points.where(_P.network_id))
        .order_by(_C.id)
        .limit(limit)
    )
    sites = select(stations).where(_P.retired.is_(None), places.where(_P.network_id)).order_by(_P.name, _P.id)
    for why, exact, charger, site in _ways_to_places(connection.dialect.name, needle):
        if charger is not None:
            await _add(connection, chargers.where(charger), lambda row, w=why, e=exact: _point(row, w, e), found)
        if site is not None:
            await _add(connection, sites.where(site).limit(limit), lambda row, w=why, e=exact: _site(row, w, e), found)


async def _add(connection: AsyncConnection, query: Select[Any], made: Any, found: Findings) -> None:
    for row in await connection.execute(query):
        found.add(made(row))


_Condition = ColumnElement[bool] | None


def _ways_to_places(dialect: str, needle: Needle) -> Iterator[tuple[str, bool, _Condition, _Condition]]:
    """By what, whether that is the whole of it, and the conditions on charge points and on stations."""
    low = folded(dialect, needle.text)
    yield "id", True, _C.folded == needle.folded, _P.id == needle.text
    yield "name", True, func.lower(_C.name) == low, func.lower(_P.name) == low
    if needle.may_be_beginning:
        yield "id", False, begins(dialect, _C.folded, needle.folded), begins(dialect, _P.id, needle.text)
        yield "name", False, begins(dialect, func.lower(_C.name), low), begins(dialect, func.lower(_P.name), low)
        yield "station", False, begins(dialect, func.lower(_P.name), low), None
        # Of places there are thousands, not millions: the middle of a name is looked for in all of them.
        inside = pattern(needle.text)
        named = or_(_C.name.ilike(inside, escape="\\"), _C.id.ilike(inside, escape="\\"))
        yield "name", False, named, _P.name.ilike(inside, escape="\\")


def _token_within(scope: Scope) -> Any:
    """A network's own; those of the installation, too, to everybody who reads tokens anywhere."""
    return scope.where(_T.network) if scope.everywhere else or_(scope.where(_T.network), _T.network == "")


def _session(row: Any, why: str, exact: bool) -> Found:
    return Found(
        *(SESSION, row.id, row.charge_point, why, exact),
        detail=row.transaction_id,
        network=row.network,
        session=row.id,
        charge_point=row.charge_point,
        evse=row.evse,
        connector=row.connector,
        state=row.state,
        at=row.began,
    )


def _receipt(row: Any, exact: bool) -> Found:
    return Found(
        *(RECEIPT, row.id, row.number, "receipt", exact),
        detail=row.day,
        network=row.network,
        driver=row.driver,
        session=row.session,
        charge_point=row.charge_point,
        station=row.station,
        state=row.kind,
        at=row.issued,
    )


def _point(row: Any, why: str, exact: bool) -> Found:
    return Found(
        *(CHARGE_POINT, row.id, row.name or row.id, why, exact),
        detail=row.station_name,
        network=row.network_id,
        charge_point=row.id,
        station=row.station_id,
        state=row.commissioning,
    )


def _site(row: Any, why: str, exact: bool) -> Found:
    return Found(*(STATION, row.id, row.name, why, exact), detail=row.city, network=row.network_id, station=row.id)
