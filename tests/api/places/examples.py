"""Places for the tests that call every operation, and what is sent there."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert

from engine.access.scope import EVERYWHERE
from engine.stores.places.networks import Network
from engine.stores.places.stations import Station
from engine.stores.sql.tables.places import inbox
from tests.api.conftest import Facade

CCS = {
    "type": "IEC_62196_T2_COMBO",
    "format": "CABLE",
    "power_type": "DC",
    "max_voltage_v": 920,
    "max_amperage_a": 200,
    "max_power_w": 60_000,
}
TYPE_2 = {
    "type": "IEC_62196_T2",
    "format": "SOCKET",
    "power_type": "AC_3_PHASE",
    "max_voltage_v": 230,
    "max_amperage_a": 32,
}
PLACE_BODIES: dict[str, Any] = {
    "addNetwork": {"id": "north", "name": "North"},
    "changeNetwork": {"name": "Spare"},
    "addStation": {"id": "harbour", "name": "Harbour"},
    "changeStation": {"city": "Kiel"},
    "putConnector": CCS,
    "importPlaces": [{"station": "yard"}],
    "adoptCharger": {"security_profile": 0},
}
PLACE_EXAMPLES = {"/networks/": "spare", "/stations/": "yard", "/inbox/": "a0001"}


async def with_places(facade: Facade) -> None:
    """A network without stations, a station without charge points, a connector of CP-1 and an arrival."""
    business, now = facade.ports.business, facade.clock.now()
    await business.networks.create(Network("spare", "Spare"), scope=EVERYWHERE)
    await business.stations.create(Station("yard", "default", "Yard"), scope=EVERYWHERE)
    await business.connectors.put("CP-1", 1, 1, CCS)
    await knock(facade, "CP-NEW", arrival="a0001", at=now)


async def knock(facade: Facade, charge_point: str, *, arrival: str, at: int) -> None:
    """Put a charger into the inbox."""
    row = {"id": arrival, "charge_point": charge_point, "folded": charge_point.lower(), "address": "203.0.113.9"}
    async with facade.ports.business.database.write() as connection:
        await connection.execute(insert(inbox), row | {"subprotocols": "ocpp1.6", "first_seen": at, "last_seen": at})
