"""The messages of the three versions: all there, each with its direction, and mended where the package is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ocpp
import pytest

from engine.ocpp.directions import DIRECTIONS
from engine.ocpp.schemas import SchemaSet

SUFFIX = {"v16": "", "v201": "Request", "v21": "Request"}
COUNTS = {"v16": (39, 14, 26), "v201": (64, 25, 40), "v21": (91, 37, 55)}
SETS = {folder: SchemaSet(folder, suffix=suffix) for folder, suffix in SUFFIX.items()}


@pytest.mark.parametrize("folder", SETS)
def test_every_message_is_there_and_has_a_direction(folder: str) -> None:
    schemas = SETS[folder]
    directions = schemas.directions
    counts = len(schemas.actions), len(directions.from_station), len(directions.to_station)
    assert counts == COUNTS[folder]
    assert directions.both == {"DataTransfer"}
    for action in schemas.actions:
        assert schemas.request(action).schema["type"] == "object"
        if action in directions.unconfirmed:
            with pytest.raises(KeyError):
                schemas.response(action)
        else:
            assert schemas.response(action).schema["type"] == "object"


@pytest.mark.parametrize("folder", SETS)
def test_the_table_has_what_the_package_has(folder: str) -> None:
    files = {path.stem for path in (Path(ocpp.__file__).parent / folder / "schemas").glob("*.json")}
    ours = SETS[folder]
    answered = ours.actions - ours.directions.unconfirmed
    assert files == (
        {action + SUFFIX[folder] for action in answered}
        | {f"{action}Response" for action in answered}
        | ours.directions.unconfirmed
    )


def test_2_1_has_all_of_2_0_1() -> None:
    older, newer = DIRECTIONS["v201"], DIRECTIONS["v21"]
    assert older.from_station < newer.from_station
    assert older.to_station < newer.to_station


@pytest.mark.parametrize("action", ["Reboot", "MeterValue", ""])
def test_an_unknown_action_has_no_schema(action: str) -> None:
    with pytest.raises(KeyError):
        SETS["v21"].request(action)


def stop_transaction(unit: str) -> dict[str, Any]:
    sample = {"value": "50.01", "measurand": "Frequency", "unit": unit}
    data = {"timestamp": "2026-11-30T00:53:20Z", "sampledValue": [sample]}
    return {"transactionId": 1, "meterStop": 1, "timestamp": "2026-11-30T00:53:20Z", "transactionData": [data]}


def test_hertz_may_be_said_at_a_stop_too() -> None:
    strict = SETS["v16"].request("StopTransaction").strict
    assert strict.is_valid(stop_transaction("Hertz"))
    assert not strict.is_valid(stop_transaction("Hz"))


@pytest.mark.parametrize("spelling", ["IdleTIme", "IdleTime"])
def test_both_spellings_of_idle_time_are_known(spelling: str) -> None:
    period = {"startPeriod": "2026-11-30T00:53:20Z", "dimensions": [{"type": spelling, "volume": 5}]}
    cost = {"currency": "EUR", "typeOfCost": "NormalCost", "total": {"exclTax": 1.0}}
    payload = {
        "eventType": "Updated", "timestamp": "2026-11-30T00:53:20Z", "triggerReason": "RunningCost", "seqNo": 1,
        "transactionInfo": {"transactionId": "tx"},
        "costDetails": {
            "chargingPeriods": [period], "totalCost": cost,
            "totalUsage": {"energy": 1, "chargingTime": 1, "idleTime": 5},
        },
    }  # fmt: skip
    errors = [str(error) for error in SETS["v21"].request("TransactionEvent").strict.iter_errors(payload)]
    assert not errors


def test_a_stream_may_give_offsets_or_whole_times() -> None:
    checked = SETS["v21"].request("NotifyPeriodicEventStream").checked
    stream: dict[str, Any] = {"id": 123, "pending": 0}
    whole = [{"t": "2024-08-27T12:30:40Z", "v": "230.4"}, {"t": "2024-08-27T12:30:45Z", "v": "230.2"}]
    assert checked.is_valid(stream | {"data": whole})
    assert checked.is_valid(stream | {"basetime": "2024-08-27T12:30:40Z", "data": [{"t": 0.5, "v": "230.4"}]})
    assert not checked.is_valid(stream | {"data": [{"t": "soon", "v": "230.4"}]})
