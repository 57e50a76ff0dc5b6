"""MeterValues that are understood without their schema: only such as pass it, and as the long way understands them."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.ocpp.v16 import meter_values
from engine.ocpp.v16.registry import SCHEMAS, understand
from tests.engine.ocpp.payloads import payloads
from tests.engine.ocpp.stations import circumstances
from tests.engine.ocpp.test_learned_from_anything import JUNK, spoiled

SCHEMA = SCHEMAS.request("MeterValues")
USUAL: dict[str, Any] = {
    "connectorId": 1,
    "transactionId": 7,
    "meterValue": [
        {
            "timestamp": "2026-01-01T00:00:00.000Z",
            "sampledValue": [
                {"value": "1000033", "context": "Sample.Periodic", "unit": "Wh"},
                {"value": "11.5", "measurand": "Power.Active.Import", "unit": "kW"},
            ],
        }
    ],
}


@pytest.fixture(autouse=True)
def proven() -> None:
    meter_values._proven.clear()
    meter_values.prove(USUAL)


def test_the_usual_payload_needs_no_schema() -> None:
    meter_values._proven.clear()
    assert meter_values.at_once(USUAL, circumstances()) is None
    understood = understand("MeterValues", USUAL, circumstances())
    assert meter_values.at_once(USUAL, circumstances()) == understood


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("value", "11,5"),  # odd: it is noted, which is for the long way to do
        ("value", 11.5),
        ("unit", "Celcius"),
        ("unit", None),
        ("unit", ["kW"]),
        ("phase", "L9"),
        ("colour", "red"),
    ],
)
def test_a_sample_that_is_not_proven_takes_the_long_way(field: str, value: Any) -> None:
    payload = deepcopy(USUAL)
    payload["meterValue"][0]["sampledValue"][1][field] = value
    assert meter_values.at_once(payload, circumstances()) is None


@pytest.mark.parametrize("transaction", [2**63, -(2**63), True, 7.0, "7", None])
def test_a_transaction_that_no_store_holds_takes_the_long_way(transaction: Any) -> None:
    assert meter_values.at_once(USUAL | {"transactionId": transaction}, circumstances()) is None


def _holds(payload: Any) -> bool:
    """Whether `payload` is understood at once; then the schema and the long way agree."""
    first = circumstances()
    message = meter_values.at_once(payload, first)
    assert not first.notes
    if message is None:
        return False
    assert SCHEMA.strict.is_valid(payload)
    second = circumstances()
    assert meter_values.understand(payload, second) == message
    assert not second.notes
    return True


@given(path=st.lists(st.integers(0, 20), min_size=1, max_size=6), junk=st.sampled_from(JUNK))
@settings(max_examples=300, deadline=None)
def test_spoiled_payloads_never_pass_the_schema_by(path: list[int], junk: Any) -> None:
    _holds(spoiled(USUAL, path, junk))


@given(payload=payloads(SCHEMA.schema), value=st.sampled_from(["230.1", "7", "", "1e3", "-0.5"]))
@settings(max_examples=200, deadline=None)
def test_whatever_the_schema_allows_is_understood_the_same_both_ways(payload: Any, value: str) -> None:
    for meter_value in payload["meterValue"]:
        for sampled in meter_value["sampledValue"]:
            sampled["value"] = value
    assert SCHEMA.strict.is_valid(payload)
    meter_values.prove(payload)
    _holds(payload)
