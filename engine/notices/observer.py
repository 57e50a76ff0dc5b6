"""The observer `notices`: what a driver is told of events of their session, each once.

The car has stopped taking energy, or the session has ended: charging is complete, and where the frozen tariff has an
idle fee the driver is told of it before it begins, unless the car charges again or is gone by then. A session that
ended while its connector is faulted, or for a reason that is one, was stopped by a fault.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.charging.events import SessionChanged, SessionSettled, SessionStopped, StatusChanged
from engine.clock import SECOND
from engine.notices import wording
from engine.notices.kinds import CHARGING_COMPLETE, FAULT, IDLE_FEE
from engine.notices.pending import drop, put_off, waiting
from engine.notices.telling import Notice, language_of_driver, once, tell
from engine.stores.drivers.holders import holder_of
from engine.stores.sql.models import sessions
from engine.stores.sql.tables.notices import told_of
from engine.stores.sql.tables.places import charge_points, networks, stations
from engine.stores.sql.tables.tariffs import tariff_versions
from engine.tariffs.model import IdleFee
from engine.tariffs.money import shown
from engine.tariffs.stored import tariff_of

Event = Mapping[str, Any]
FAULTS = frozenset({"EmergencyStop", "GroundFault", "OvercurrentFault", "PowerLoss", "PowerQuality"})
"""Reasons of a Stop that are the station's trouble (1.6 and 2.x)."""
LEFT = frozenset({"EVDisconnected"})
"""Reasons after which no car blocks the connector."""

LEAD_US = 600 * SECOND
"""How long before an idle fee begins its driver is told, where the grace is longer."""
SETTLE_US = 60 * SECOND
"""How long a car has to take no more before anybody is told of a fee: stations pause now and then."""

_REMEMBERED = 20_000


@dataclass(frozen=True, slots=True)
class _Session:
    """A session in the ledger, and where it is. `started` in microseconds."""

    id: str
    driver: str
    network: str
    place: str
    zone: str
    tariff: str
    version: int
    started: int | None
    energy_wh: Decimal


class Notices:
    """An `Observer` of engine/projections/watch.py. `facade_url` is where links in letters lead."""

    name = "notices"
    kinds = frozenset({SessionChanged.kind, SessionStopped.kind, SessionSettled.kind, StatusChanged.kind})

    def __init__(self, facade_url: str = "") -> None:
        self._facade_url = facade_url
        self._paused: dict[str, None] = {}
        self._waiting: set[str] | None = None

    def forget(self) -> None:
        self._paused, self._waiting = {}, None

    async def observe(self, connection: AsyncConnection, at: int, event: Event, place: str) -> None:
        kind = event["kind"]
        if kind == StatusChanged.kind:
            await self._status(connection, at, event)
        elif kind == SessionChanged.kind:
            await self._changed(connection, at, event)
        elif kind == SessionStopped.kind:
            await self._stopped(connection, at, event)
        else:
            await self._drop(connection, event["session"])

    async def _status(self, connection: AsyncConnection, at: int, event: Event) -> None:
        """Remember which connectors are faulted: a Stop says less than the status around it."""
        if "Faulted" not in (event["status"], event["previous"]):
            return
        key = _spot(event["charge_point"], event["evse"], event["connector"])
        if event["status"] == "Faulted":
            await once(connection, at, key, str(event["vendor_error"] or event["error"])[:100])
        else:
            await connection.execute(delete(told_of).where(told_of.c.key == key))

    async def _changed(self, connection: AsyncConnection, at: int, event: Event) -> None:
        session = str(event["session"])
        if event["state"] != "suspended_ev":
            self._paused.pop(session, None)
            if event["state"] == "metered":
                await self._drop(connection, session)
            return
        if session in self._paused or Decimal(event["energy_wh"]) <= 0:
            return
        known = await _session(connection, session)
        if known is None:
            # The ledger has not come so far: it is said again within a minute.
            return
        self._remember(session)
        await self._complete(connection, at, known, Decimal(event["energy_wh"]), over=False)
        await self._idle(connection, at, known, event["believed"])

    async def _stopped(self, connection: AsyncConnection, at: int, event: Event) -> None:
        known = await _session(connection, event["session"], event["id_token"])
        if known is None:
            return
        energy = Decimal(event["energy_wh"] or 0)
        fault = await _fault(connection, event)
        if fault:
            self._paused.pop(known.id, None)
            await self._drop(connection, known.id)
            facts = {"place": known.place, "error": fault, "energy": _kwh(energy)}
            await self._tell(connection, at, known, FAULT, facts)
            return
        if energy > 0:
            await self._complete(connection, at, known, energy, over=True)
        if event["reason"] in LEFT or energy <= 0:
            await self._drop(connection, known.id)
        else:
            await self._idle(connection, at, known, event["believed"])

    async def _complete(
        self, connection: AsyncConnection, at: int, session: _Session, energy: Decimal, *, over: bool
    ) -> None:
        language = await language_of_driver(connection, session.driver)
        since = "" if session.started is None else wording.clock_time(session.started, session.zone)
        more = wording.has_ended(language) if over else ""
        facts = {"place": session.place, "energy": _kwh(energy), "since": since, "more": more}
        await self._tell(connection, at, session, CHARGING_COMPLETE, facts)

    async def _idle(self, connection: AsyncConnection, at: int, session: _Session, since: int) -> None:
        """Have the driver told of the fee that begins if the car stays: it takes no more `since` then, microseconds."""
        found = await _fee(connection, session)
        if found is None or not session.driver:
            return
        fee, currency = found
        grace = fee.grace_s * SECOND
        begins = since + grace
        language = await language_of_driver(connection, session.driver)
        most = "" if fee.cap is None else wording.at_most(shown(fee.cap, currency), language)
        price, begin = shown(fee.per_minute, currency), wording.clock_time(begins, session.zone)
        facts = {"place": session.place, "from": begin, "price": price, "cap": most}
        notice = Notice(session.driver, session.network, IDLE_FEE, session.id, facts, f"/drive/sessions/{session.id}")
        due = max(at + min(SETTLE_US, grace // 2), begins - LEAD_US)
        await put_off(connection, session.id, notice, due)
        if self._waiting is not None:
            self._waiting.add(session.id)

    async def _tell(
        self, connection: AsyncConnection, at: int, session: _Session, kind: str, facts: Mapping[str, str]
    ) -> None:
        if session.driver:
            path = f"/drive/sessions/{session.id}"
            notice = Notice(session.driver, session.network, kind, session.id, facts, path)
            await tell(connection, at, notice, self._facade_url)

    async def _drop(self, connection: AsyncConnection, session: str) -> None:
        if self._waiting is None:
            self._waiting = await waiting(connection)
        if session in self._waiting:
            await drop(connection, session)
            self._waiting.discard(session)

    def _remember(self, session: str) -> None:
        self._paused[session] = None
        while len(self._paused) > _REMEMBERED:
            del self._paused[next(iter(self._paused))]


def _spot(charge_point: str, evse: int, connector: int) -> str:
    return f"faulted:{charge_point.lower()}/{evse}/{connector}"


def _kwh(energy_wh: Decimal) -> str:
    return f"{energy_wh / 1000:.2f}"


async def _fault(connection: AsyncConnection, event: Event) -> str:
    """The fault that stopped a session, "" if none did."""
    at = event["charge_point"], event["evse"], event["connector"]
    spots = [_spot(*at), _spot(at[0], at[1], 0), _spot(at[0], 0, 0)]
    query = select(told_of.c.detail).where(told_of.c.key.in_(spots)).order_by(told_of.c.key.desc()).limit(1)
    detail = (await connection.execute(query)).scalar_one_or_none()
    if detail is not None:
        return str(detail) or "Faulted"
    return str(event["reason"]) if event["reason"] in FAULTS else ""


async def _session(connection: AsyncConnection, session: str, id_token: str = "") -> _Session | None:
    """None while the ledger does not know it, or where nobody's card began it."""
    of = sessions.c
    zone = func.coalesce(func.nullif(stations.c.time_zone, ""), networks.c.time_zone)
    query = (
        select(of.id, of.id_token, of.network, of.tariff, of.tariff_version, of.started, of.energy_wh, of.updated)
        .add_columns(stations.c.name, zone.label("zone"), of.charge_point, stations.c.network_id)
        .outerjoin(charge_points, charge_points.c.id == of.charge_point)
        .outerjoin(stations, stations.c.id == charge_points.c.station_id)
        .outerjoin(networks, networks.c.id == stations.c.network_id)
    )
    row = (await connection.execute(query.where(of.id == session))).one_or_none()
    if row is None:
        return None
    network = row.network or row.network_id or ""
    token = row.id_token or id_token
    driver = await holder_of(connection, network, token, row.started) if token else None
    place = row.name or row.charge_point
    return _Session(
        *(row.id, driver or "", network, place, row.zone or "UTC", row.tariff, row.tariff_version, row.started),
        row.energy_wh or Decimal(0),
    )


async def _fee(connection: AsyncConnection, session: _Session) -> tuple[IdleFee, str] | None:
    """The frozen tariff's idle fee and its currency; None where it has none."""
    if not session.tariff:
        return None
    of = tariff_versions.c
    query = select(of.content).where(of.tariff == session.tariff, of.number == session.version)
    content = (await connection.execute(query)).scalar_one_or_none()
    if content is None:
        return None
    tariff = tariff_of(content)
    return None if tariff.idle is None else (tariff.idle, tariff.currency)
