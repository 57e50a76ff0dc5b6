"""Import and export: what goes out comes in as the same, faults are named by line, and nothing is done by halves."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from engine.access.scope import EVERYWHERE, Scope
from engine.clock import ManualClock
from engine.errors import InvalidInput
from engine.places.bulk import plan_of
from engine.places.columns import COLUMNS
from engine.places.connectors import FORMATS, POWER_TYPES, TYPES
from engine.places.tables import csv_lines, json_line, read_csv, read_json
from engine.stores.places.bulk import Bulk
from engine.stores.places.comparison import Counts, Outcome
from engine.stores.places.networks import Network, Networks
from engine.stores.places.stations import WhichStations
from engine.stores.sql.engine import Database, connect
from engine.stores.sql.tables.audit import audit_log
from engine.stores.sql.tables.places import charge_points, connector_descriptions, stations
from tests.books import fresh_books, url_of
from tests.engine.stores.doors import Noted

Rows = Sequence[Mapping[str, Any]]


def bulk_of(database: Database) -> Bulk:
    return Bulk(database, Noted(), ManualClock())


async def put(bulk: Bulk, rows: Rows, scope: Scope = EVERYWHERE) -> Outcome:
    return await bulk.write(plan_of(enumerate(rows, 1)), scope=scope)


async def exported(bulk: Bulk, scope: Scope = EVERYWHERE) -> list[dict[str, Any]]:
    return [row async for row in bulk.rows(WhichStations(), scope=scope)]


# What spreadsheets, CSV and JSON stumble over is among it, quotes, line ends and formulas first of all.
words = st.text(st.one_of(st.sampled_from("=+-@'\",;"), st.characters(exclude_categories=["C", "Z"])), max_size=8)
notes = st.text(st.one_of(st.sampled_from("=+-@'\",;\t\r\n "), st.characters(exclude_categories=["C"])), max_size=12)
tags = st.lists(st.text("abc-_.1", min_size=1, max_size=5).filter(lambda t: t[0] in "abc1"), max_size=3)
hours = st.sampled_from(
    [
        None,
        {"twentyfourseven": True},
        {
            "twentyfourseven": False,
            "regular_hours": [{"weekday": 7, "period_begin": "22:00", "period_end": "06:00"}],
            "exceptional_closings": [
                {"period_begin": "2026-12-24T09:00:00+05:30", "period_end": "2026-12-26T00:00:00Z"}
            ],
        },
    ]
)
where = st.one_of(
    st.just((None, None)), st.tuples(st.floats(-90, 90, allow_nan=False), st.floats(-180, 180, allow_nan=False))
)
connectors = st.fixed_dictionaries(
    {
        "connector_type": st.sampled_from(sorted(TYPES)),
        "connector_format": st.sampled_from(sorted(FORMATS)),
        "power_type": st.sampled_from(sorted(POWER_TYPES)),
        "max_voltage_v": st.none() | st.integers(1, 2000),
        "max_amperage_a": st.none() | st.integers(1, 5000),
        "max_power_w": st.none() | st.integers(1, 10_000_000),
        "label": words,
    }
)


@st.composite
def files(draw: st.DrawFn) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for number in range(draw(st.integers(1, 3))):
        latitude, longitude = draw(where)
        station: dict[str, Any] = {
            "station": f"s{number}",
            "network": "default",
            "station_name": draw(words.filter(lambda text: bool(text.strip()))),
            "latitude": latitude,
            "longitude": longitude,
            "opening_hours": draw(hours),
            "country": draw(st.sampled_from(["", "IN", "DE"])),
            "time_zone": draw(st.sampled_from(["", "Asia/Kolkata"])),
            "photos": draw(st.sampled_from([[], ["https://example.org/a.jpg?x=1,2", "http://example.org/b"]])),
            "public": draw(st.booleans()),
            "station_tags": draw(tags),
        }
        station |= {name: draw(notes) for name in ("parking", "access", "station_notes")}
        station |= {name: draw(words) for name in ("street", "postal_code", "city", "region")}
        there = draw(st.integers(0, 2))
        if not there:
            rows.append(station)
        for of in range(there):
            charge_point = station | {
                "charge_point": f"CP-{number}-{of}",
                "charge_point_name": draw(words),
                "charge_point_tags": draw(tags),
                "charge_point_notes": draw(notes),
                "commissioning": draw(st.sampled_from(["planned", "commissioning", "live"])),
                "isolation": draw(st.sampled_from(["shared", "dedicated"])),
                "security_profile": draw(st.integers(0, 3)),
            }
            told = draw(st.lists(connectors, max_size=2))
            rows += [charge_point | each | {"evse": n, "connector": 1} for n, each in enumerate(told, 1)] or [
                charge_point
            ]
    return rows


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(files())
async def test_what_is_exported_is_imported_as_the_same_and_elsewhere_too(rows: list[dict[str, Any]]) -> None:
    here, elsewhere = connect(url_of(fresh_books())), connect(url_of(fresh_books()))
    try:
        bulk, other = bulk_of(here), bulk_of(elsewhere)
        made = await put(bulk, rows)
        assert made.faults == []
        out = await exported(bulk)
        as_csv = csv_lines(out, header=True).encode()
        as_json = b"[" + b",".join(json_line(row) for row in out) + b"]"
        again = Counts(0, 0, len({row["station"] for row in out}))
        for read, data in ((read_csv, as_csv), (read_json, as_json)):
            told = await bulk.write(plan_of(read(data)), scope=EVERYWHERE)
            assert told.faults == []
            assert told.stations == again
            assert (told.charge_points.created, told.charge_points.changed) == (0, 0)
            assert (told.connectors.created, told.connectors.changed) == (0, 0)
            assert (await other.write(plan_of(read(data)), scope=EVERYWHERE)).faults == []
            assert await exported(other) == out, "codes included: what was printed stays right"
    finally:
        await here.aclose()
        await elsewhere.aclose()


MALL = {"station": "mall", "station_name": "City Mall", "country": "IN"}
CCS = {"connector_type": "IEC_62196_T2_COMBO", "connector_format": "CABLE", "power_type": "DC"}


async def test_a_column_that_is_left_out_leaves_things_as_they_are(database: Database) -> None:
    bulk = bulk_of(database)
    first = await put(bulk, [MALL | {"city": "Bengaluru", "charge_point": "CP-1", "evse": 1, **CCS}])
    assert (first.stations, first.charge_points, first.connectors) == (Counts(1), Counts(1), Counts(1))
    code = [row["code"] for row in await exported(bulk) if row["station"] == "mall"]
    second = await put(bulk, [{"station": "mall", "charge_point": "cp-1", "evse": 1, "max_power_w": "60000"}])
    assert (second.stations, second.charge_points) == (Counts(unchanged=1), Counts(unchanged=1))
    assert second.connectors == Counts(changed=1)
    third = await put(bulk, [{"station": "mall", "city": "", "charge_point": "CP-1", "charge_point_tags": "dc fast"}])
    assert (third.stations, third.charge_points) == (Counts(changed=1), Counts(changed=1))
    (row,) = [row for row in await exported(bulk) if row["station"] == "mall"]
    assert (row["city"], row["country"], row["charge_point_tags"], row["max_power_w"]) == (
        "",
        "IN",
        ["dc", "fast"],
        60_000,
    )
    assert [row["code"]] == code
    assert row["security_profile"] == 1, "nobody gets in as it before it has a password"


async def test_every_bad_line_is_named_and_nothing_is_done(database: Database) -> None:
    bulk = bulk_of(database)
    await put(bulk, [{"station": "mall", "station_name": "Mall", "charge_point": "CP-1", "evse": 1, **CCS}])
    (known,) = [row for row in await exported(bulk) if row["station"] == "mall"]
    lines = [
        "station;station_name;country;time_zone;latitude;longitude;charge_point;commissioning;evse;connector_type;code",
        "new;New;IN;Asia/Kolkata;12,9;77;CP-2;live;;;",
        'new;"Other;name";XX;Asia/Bangalore;;;CP-3;retired;;;',
        "mall;;;;;;CP-1;planned;2;IEC;",
        "nameless;;;;;;;;;;",
        f"mall;;;;1;;CP-1;;3;CHADEMO;{known['code']}",
        ";;;;;;CP-4;;;;",
        "mall;;;;;;;;1;CHADEMO;",
        "",
        "mall;;;;;;CP-5;;999;CHADEMO;bad",
    ]
    plan = plan_of(read_csv("\r\n".join(lines).encode()))
    told = await bulk.write(plan, scope=EVERYWHERE)
    assert {(fault.line, fault.field) for fault in told.faults} == {
        (2, "latitude"),
        (3, "station_name"),
        (3, "longitude"),
        (3, "country"),
        (3, "time_zone"),
        (3, "commissioning"),
        (4, "connector_type"),
        (4, "commissioning"),
        (5, "station_name"),
        (6, "code"),
        (6, "latitude"),
        (7, "station"),
        (8, "charge_point"),
        (10, "evse"),
        (10, "code"),
    }
    assert all(fault.remedy for fault in told.faults)
    assert [fault.line for fault in told.faults] == sorted(fault.line for fault in told.faults)
    assert [row for row in await exported(bulk) if row["station"] == "mall"] == [known]


async def test_other_networks_are_out_of_reach(database: Database) -> None:
    bulk, networks = bulk_of(database), Networks(database, Noted(), ManualClock())
    await networks.create(Network("acme", "Acme"), scope=EVERYWHERE)
    await put(bulk, [{"station": "ours", "station_name": "Ours", "charge_point": "CP-1"}])
    acme = Scope(frozenset({"acme"}))
    for rows, field in (
        ([{"station": "new", "station_name": "New"}], "network"),
        ([{"station": "ours", "city": "Kiel"}], "station"),
        ([{"station": "a", "station_name": "A", "network": "acme", "charge_point": "cp-1"}], "charge_point"),
        ([{"station": "a", "station_name": "A", "network": "nobody"}], "network"),
    ):
        told = await put(bulk, rows, acme)
        assert [fault.field for fault in told.faults] == [field], told
    assert await exported(bulk, acme) == []
    made = await put(bulk, [{"station": "a", "station_name": "A", "network": "acme", "charge_point": "CP-2"}], acme)
    assert made.faults == []
    assert [row["charge_point"] for row in await exported(bulk, acme)] == ["CP-2"]


@pytest.mark.long
async def test_twenty_thousand_rows_are_imported_in_one_go(database: Database) -> None:
    def rows() -> Iterator[dict[str, Any]]:
        for number in range(20_000):
            at = {"station": f"s{number // 40}", "station_name": f"Station {number // 40}", "station_tags": ["bulk"]}
            yield {**at, "charge_point": f"CP-{number // 2:05d}", "evse": number % 2 + 1, **CCS}

    data = orjson.dumps(list(rows()))
    bulk = bulk_of(database)
    begin = time.perf_counter()
    told = await bulk.write(plan_of(read_json(data)), scope=EVERYWHERE)
    took = time.perf_counter() - begin
    assert told.faults == []
    assert (told.stations.created, told.charge_points.created, told.connectors.created) == (500, 10_000, 20_000)
    async with database.read() as connection:
        for table, count in ((stations, 501), (charge_points, 10_000), (connector_descriptions, 20_000)):
            assert (await connection.execute(select(func.count()).select_from(table))).scalar_one() == count
        assert (await connection.execute(select(func.count()).select_from(audit_log))).scalar_one() == 30_500
    assert took < 60, took
    assert len(await exported(bulk)) == 20_001
    again = await bulk.write(plan_of(read_json(data)), scope=EVERYWHERE)
    assert (again.stations.unchanged, again.charge_points.unchanged, again.connectors.unchanged) == (
        500,
        10_000,
        20_000,
    )


def test_a_spreadsheet_sees_no_formula() -> None:
    row = {"station": "s", "station_name": '=HYPERLINK("http://evil")', "parking": "+1", "access": "'=x", "city": "\tx"}
    text = csv_lines([row | {"latitude": -33.8}], header=True)
    cells = text.splitlines()[1]
    assert "\"'=HYPERLINK" in cells
    assert ",-33.8," in cells
    ((_, read),) = read_csv(text.encode())
    assert {name: read[name] for name in row} == row


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"name\r\nx",
        b"station,station\r\n",
        b"station,nonsense\r\n",
        b"station\r\na,b",
        b"station\r\n\xff",
        b'station\r\n"a',
    ],
)
def test_what_is_no_table_is_refused_as_a_whole(data: bytes) -> None:
    with pytest.raises(InvalidInput):
        list(read_csv(data))


def test_every_column_is_explained_where_its_name_does_not() -> None:
    plain = {"street", "postal_code", "city", "charge_point_name"}
    assert {column.name for column in COLUMNS if not column.about} == plain
