"""Where a session took place, as the registry describes it at the moment."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.stores.sql.tables.places import charge_points, connector_descriptions, networks, stations


@dataclass(frozen=True, slots=True)
class Premises:
    """`network` is None for a charge point that nobody has registered. `max_power_w` is the connector's."""

    network: str | None
    station: str = ""
    station_name: str = ""
    address: tuple[str, ...] = ()
    country: str = ""
    region: str = ""
    charge_point_name: str = ""
    connector_label: str = ""
    max_power_w: int | None = None


async def premises_of(connection: AsyncConnection, charge_point: str, evse: int, connector: int) -> Premises:
    """Read them within the caller's transaction. What a station does not say is its network's."""
    country = func.coalesce(func.nullif(stations.c.country, ""), networks.c.country)
    at = connector_descriptions.c
    described = and_(at.charge_point == charge_points.c.id, at.evse == evse, at.connector == func.nullif(connector, 0))
    query = (
        select(
            networks.c.id.label("network"),
            stations.c.id.label("station"),
            stations.c.name.label("station_name"),
            *(stations.c.street, stations.c.postal_code, stations.c.city, stations.c.region),
            country.label("country"),
            networks.c.country.label("network_country"),
            networks.c.region.label("network_region"),
            charge_points.c.name.label("charge_point_name"),
            *(at.label, at.max_power_w),
        )
        .join(stations, stations.c.id == charge_points.c.station_id)
        .join(networks, networks.c.id == stations.c.network_id)
        .outerjoin(connector_descriptions, described)
        .where(charge_points.c.folded == charge_point.lower())
    )
    row = (await connection.execute(query)).first()
    if row is None:
        return Premises(None)
    # A region only means something within its country.
    region = row.region or (row.network_region if row.country == row.network_country else "")
    lines = (row.street, " ".join(filter(None, (row.postal_code, row.city))), region, row.country)
    return Premises(
        *(row.network, row.station, row.station_name, tuple(filter(None, lines)), row.country, region),
        row.charge_point_name,
        row.label or "",
        row.max_power_w,
    )
