"""A driver's sessions: those that began while the driver held the token, whoever holds it now."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select

from engine.errors import NotFound
from engine.stores.listing import Listing, Wanted
from engine.stores.paging import Page
from engine.stores.sql.engine import Database
from engine.stores.sql.models import sessions
from engine.stores.sql.tables.places import charge_points, networks, stations
from engine.stores.sql.tables.tokens import token_holders, tokens

_S, _H = sessions.c, token_holders.c
BEGAN = func.coalesce(_S.started, _S.stopped, _S.updated).label("began")
"""When a session began, microseconds, or the first that is known of it."""


@dataclass(frozen=True, slots=True)
class OwnSession:
    """As the ledger has it, with the station that it was at. Times in microseconds, `energy_wh` in Wh.

    `cost` is with taxes in `currency`, so far or settled; None where it has no price, or its data are doubtful. `zone`
    is the station's IANA time zone.
    """

    id: str
    charge_point: str
    station: str
    station_name: str
    network: str
    evse: int
    connector: int
    id_token: str
    state: str
    began: int
    started: int | None
    stopped: int | None
    energy_wh: Decimal | None
    duration_s: int | None
    reason: str
    cost: Decimal | None
    currency: str
    zone: str


_COLUMNS = (
    *(_S.id, _S.charge_point, stations.c.id.label("station"), stations.c.name, stations.c.network_id),
    *(_S.evse, _S.connector, _S.id_token, _S.state, BEGAN),
    *(_S.started, _S.stopped, _S.energy_wh, _S.duration_s, _S.reason, _S.cost, _S.currency),
    func.coalesce(func.nullif(stations.c.time_zone, ""), networks.c.time_zone).label("zone"),
)
_LISTING = Listing({"began": (BEGAN, int)}, _S.id, "-began")


@dataclass(frozen=True, slots=True)
class SessionsWanted:
    """`since` ≤ beginning < `until`, microseconds; `running` True only those, False only those that are over."""

    since: int | None = None
    until: int | None = None
    running: bool | None = None


class OwnSessions:
    """Reads only. All methods raise StoreUnavailable while SQL does not answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self, driver: str, which: SessionsWanted | None = None, wanted: Wanted | None = None
    ) -> Page[OwnSession]:
        """The newest first, unless sorted by `began`."""
        which = which or SessionsWanted()
        query = of_driver(driver)
        if which.since is not None:
            query = query.where(BEGAN.element >= which.since)
        if which.until is not None:
            query = query.where(BEGAN.element < which.until)
        if which.running is not None:
            query = query.where(_S.stopped.is_(None) if which.running else _S.stopped.is_not(None))
        async with self._database.read() as connection:
            return await _LISTING.page(connection, query, wanted or Wanted(), _of_row)

    async def get(self, driver: str, id: str) -> OwnSession:
        """Raises NotFound, alike for a session that is somebody else's."""
        async with self._database.read() as connection:
            row = (await connection.execute(of_driver(driver).where(_S.id == id))).one_or_none()
        if row is None:
            raise NotFound("There is no such session.", field="id", remedy="See the list of your sessions.")
        return _of_row(row)


def of_driver(driver: str) -> Select[Any]:
    """The sessions of a driver as a SELECT."""
    joined = (
        sessions.join(token_holders, and_(func.lower(_S.id_token) == _H.folded, held_then()))
        .join(charge_points, charge_points.c.id == _S.charge_point)
        .join(stations, stations.c.id == charge_points.c.station_id)
        .join(networks, networks.c.id == stations.c.network_id)
    )
    return select(*_COLUMNS).select_from(joined).where(_H.driver == driver, good_in(stations.c.network_id))


def held_then() -> ColumnElement[bool]:
    """That the holding covers the session's beginning."""
    return and_(_H.since <= BEGAN.element, or_(_H.until.is_(None), _H.until > BEGAN.element))


def good_in(network: ColumnElement[str]) -> ColumnElement[bool]:
    """That this very token was shown there: a network's own comes before the installation's of the same text."""
    own = exists().where(tokens.c.network == network, tokens.c.folded == _H.folded)
    return or_(_H.network == network, and_(_H.network == "", ~own))


def _of_row(row: Any) -> OwnSession:
    return OwnSession(*row)
