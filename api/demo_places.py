"""Where the demonstration's chargers stand: three stations of the default network, described as an operator would.

What an operator has changed stays: only what is not there is made, and only chargers that nobody has moved are moved.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.access.scope import EVERYWHERE
from engine.errors import NotFound
from engine.stores.places.connectors import Connectors
from engine.stores.places.stations import Station, Stations
from engine.stores.registry import Registry
from engine.stores.sql.tables.places import DEFAULT_NETWORK, DEFAULT_STATION

_DAYS = range(1, 8)
STATIONS: Sequence[Station] = (
    Station(
        "demo-city-mall",
        DEFAULT_NETWORK,
        "City Mall Station",
        street="100 Feet Road 12",
        postal_code="560038",
        city="Bengaluru",
        region="KA",
        country="IN",
        latitude=12.97194,
        longitude=77.64115,
        time_zone="Asia/Kolkata",
        hours={
            "twentyfourseven": False,
            "regular_hours": [{"weekday": day, "period_begin": "07:00", "period_end": "23:00"} for day in _DAYS],
        },
        parking="Level 1, behind the ramp. Two hours at most while the shops are open.",
        access="The gate opens by itself.",
        tags=["demo", "mall"],
    ),
    Station(
        "demo-motorway",
        DEFAULT_NETWORK,
        "Airport Road Services",
        street="Ballari Road 77",
        postal_code="562157",
        city="Bengaluru",
        region="KA",
        country="IN",
        latitude=13.17822,
        longitude=77.63454,
        time_zone="Asia/Kolkata",
        hours={"twentyfourseven": True},
        parking="Under the roof, left of the restaurant. Trailers may stay on.",
        tags=["demo", "fast"],
    ),
    Station(
        "demo-old-town",
        DEFAULT_NETWORK,
        "Old Town Garage",
        street="Avenue Road 3",
        postal_code="560002",
        city="Bengaluru",
        region="KA",
        country="IN",
        latitude=12.96611,
        longitude=77.57489,
        time_zone="Asia/Kolkata",
        hours={"twentyfourseven": True},
        parking="Bays 12 to 20.",
        access="Take a ticket; charging does not include parking.",
        tags=["demo"],
    ),
)
_TYPE_2 = {"type": "IEC_62196_T2", "power_type": "AC_3_PHASE", "max_voltage_v": 230, "max_amperage_a": 32}
_CONNECTORS: Sequence[dict[str, Any]] = (
    _TYPE_2 | {"format": "SOCKET"},
    {"type": "IEC_62196_T2_COMBO", "format": "CABLE", "power_type": "DC"}
    | {"max_voltage_v": 920, "max_amperage_a": 250, "max_power_w": 150_000},
    _TYPE_2 | {"format": "CABLE"},
)
"""What the chargers of each station have."""


async def describe(stations: Stations, registry: Registry, connectors: Connectors, names: Sequence[str]) -> None:
    """Give these chargers, which are registered, their places and connectors, in turn."""
    for station in STATIONS:
        try:
            await stations.get(station.id)
        except NotFound:
            await stations.create(station, scope=EVERYWHERE)
    known = await connectors.of(names)
    for number, name in enumerate(names):
        place = number % len(STATIONS)
        row = await registry.get(name)
        if row.retired is not None:
            continue
        if row.station_id == DEFAULT_STATION:
            await registry.change(name, {"station_id": STATIONS[place].id, "tags": ["demo"]})
        if name not in known:
            await connectors.put(name, 1, 1, _CONNECTORS[place])
