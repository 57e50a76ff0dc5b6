"""Rows get their stored bytes once: as records.py says, with digests of what makes a value the same one."""

from __future__ import annotations

from decimal import Decimal

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.charging.effects import AppendMeters
from engine.charging.events import SessionStopped, StatusChanged
from engine.charging.messages import Instant, MeterReading, Sample
from engine.journal.encoding import event_records, message_record, meter_records
from engine.journal.records import EVENTS, MESSAGES, METERS, SESSIONS, STATUS

AT = Instant("2026-11-22T20:00:00.000Z", 1_795_384_800_000_000, 1_795_384_801_000_000)
ENERGY = Sample(
    "Energy.Active.Import.Register", "", "Outlet", "Sample.Periodic", "Raw", "kWh", "1.25", Decimal("1250.00"), "Wh"
)
VOLTAGE = Sample("Voltage", "L1-N", "Outlet", "Sample.Periodic", "Raw", "V", "230", Decimal("230"), "V")


def meters(*samples: Sample, ordered: bool = True, at: Instant = AT, transaction: str = "7") -> AppendMeters:
    return AppendMeters("stream", "session", 1, 1, transaction, (MeterReading(at, samples),), ordered)


def test_a_reading_is_one_row_with_all_its_samples() -> None:
    (record,) = meter_records("CP-1", meters(ENERGY, VOLTAGE))
    assert (record.channel, record.stream, record.checked, len(record.digests)) == (METERS, "stream", False, 16)
    assert orjson.loads(record.data) == [
        "CP-1",
        1,
        1,
        "session",
        "7",
        AT.said,
        AT.believed,
        AT.received,
        [[*ENERGY[:7], "1250.00", "Wh"], [*VOLTAGE[:7], "230", "V"]],
    ]


def test_what_may_be_a_repeat_is_checked_value_by_value_against_the_same_digests() -> None:
    (whole,) = meter_records("CP-1", meters(ENERGY, VOLTAGE))
    parts = meter_records("CP-1", meters(ENERGY, VOLTAGE, ordered=False))
    assert [part.checked for part in parts] == [True, True]
    assert b"".join(part.digests for part in parts) == whole.digests
    assert [orjson.loads(part.data)[8] for part in parts] == [[row] for row in orjson.loads(whole.data)[8]]


@pytest.mark.parametrize(
    ("charge_point", "other"),
    [
        ("CP-2", meters(ENERGY)),
        ("CP-1", meters(ENERGY, transaction="8")),
        ("CP-1", meters(ENERGY, at=AT._replace(said="2026-11-22T20:00:00.001Z"))),
        ("CP-1", meters(ENERGY._replace(raw="1.26"))),
        ("CP-1", meters(ENERGY._replace(phase="L1"))),
        ("CP-1", meters(ENERGY._replace(context="Transaction.End"))),
        ("CP-1", meters(ENERGY._replace(unit="Wh"))),
    ],
)
def test_anything_else_that_was_said_is_another_value(charge_point: str, other: AppendMeters) -> None:
    assert meter_records(charge_point, other)[0].digests != meter_records("CP-1", meters(ENERGY))[0].digests


def test_a_changed_belief_about_the_clock_makes_no_new_value() -> None:
    again = meters(ENERGY, at=AT._replace(believed=AT.believed + 5, received=AT.received + 9))
    assert meter_records("CP-1", again)[0].digests == meter_records("CP-1", meters(ENERGY))[0].digests


@given(st.text(), st.none() | st.decimals(allow_nan=False, allow_infinity=False))
def test_whatever_a_station_says_is_stored_as_it_said_it(raw: str, value: Decimal | None) -> None:
    sample = VOLTAGE._replace(raw=raw, value=value)
    row = orjson.loads(meter_records("CP-1", meters(sample))[0].data)[8][0]
    assert row[6] == raw
    assert (None if row[7] is None else Decimal(row[7])) == sample.value
    assert row[7] is None or "E" not in row[7]


def test_events_go_to_the_channels_of_those_who_read_them() -> None:
    status = StatusChanged("CP-1", 1, 1, "Faulted", "Charging", "GroundFailure", "", "", "", None, 1, 2)
    (record,) = event_records(status)
    assert record.channel == STATUS
    assert orjson.loads(record.data)["kind"] == "status"
    stopped = SessionStopped(
        "CP-1", "s", 1, 1, "7", "tag", "", "0", "10", "10", 1, None, 2, 3, 0, "Local", ("meter_backwards",)
    )
    first, second = event_records(stopped)
    assert (first.channel, second.channel) == (EVENTS, SESSIONS)
    assert first.data == second.data
    assert orjson.loads(first.data) | {"version": 1} == orjson.loads(first.data)


def test_a_frame_and_its_answer_are_one_row() -> None:
    record = message_record("CP-1", 3, 5, "in", 2, "Heartbeat", "id", '[2,"id","Heartbeat",{}]', "[3]", ["odd"], 42)
    assert record.channel == MESSAGES
    assert orjson.loads(record.data) == [
        "CP-1",
        3,
        5,
        "in",
        2,
        "Heartbeat",
        "id",
        '[2,"id","Heartbeat",{}]',
        "[3]",
        ["odd"],
        42,
    ]
