"""Which version's words a station speaks, and that what one version names the others know."""

from __future__ import annotations

from typing import Any

import pytest

from engine.ocpp.deviations import MAX_DETAIL, Deviation, note
from engine.ocpp.errors import V2_SPELLING, V16_SPELLING, ErrorCode, neutral_code
from engine.ocpp.schemas import SchemaSet, first_flaw
from engine.ocpp.tolerant import repaired
from engine.ocpp.version import VERSIONS, other_version, speaks


@pytest.mark.parametrize(
    ("action", "payload", "subprotocol"),
    [
        ("BootNotification", {"chargePointVendor": "v", "chargePointModel": "m"}, "ocpp1.6"),
        ("BootNotification", {"reason": "PowerUp", "chargingStation": {}}, "ocpp2.0.1"),
        ("StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Available"}, "ocpp1.6"),
        ("StatusNotification", {"connectorId": 1, "evseId": 1, "connectorStatus": "Available"}, "ocpp2.0.1"),
        ("StartTransaction", {}, "ocpp1.6"),
        ("TransactionEvent", None, "ocpp2.0.1"),
        ("ReportChargingProfiles", {}, "ocpp2.0.1"),
        ("SignedFirmwareStatusNotification", {}, "ocpp1.6"),
        ("NotifySettlement", {}, "ocpp2.1"),
        ("SecurityEventNotification", {}, None),
        ("Heartbeat", {}, None),
        ("BootNotification", None, None),
    ],
)
def test_words_tell_the_version(action: str, payload: Any, subprotocol: str | None) -> None:
    assert speaks(action, payload) == subprotocol


def test_only_another_version_than_the_negotiated_one_is_another() -> None:
    def other(action: str, negotiated: str) -> str | None:
        found = other_version(action, {}, negotiated)
        return None if found is None else found.subprotocol

    assert [other("TransactionEvent", name) for name in VERSIONS] == ["ocpp2.0.1", None, None]
    assert [other("StartTransaction", name) for name in VERSIONS] == [None, "ocpp1.6", "ocpp1.6"]
    assert [other("NotifySettlement", name) for name in VERSIONS] == ["ocpp2.1", "ocpp2.1", None]
    assert [other("Heartbeat", name) for name in VERSIONS] == [None, None, None]


def test_versions_are_keyed_by_their_subprotocol() -> None:
    assert all(version.subprotocol == name for name, version in VERSIONS.items())


def test_every_code_has_a_spelling_and_a_way_back() -> None:
    for code in ErrorCode:
        assert neutral_code(V2_SPELLING[code.value]) == code
        if V16_SPELLING[code.value] != "GenericError":
            assert neutral_code(V16_SPELLING[code.value]) == code
    assert neutral_code("VendorTrouble") == "VendorTrouble"
    assert VERSIONS["ocpp1.6"].error_code("VendorTrouble") == "GenericError"


def test_every_deviation_has_a_meaning() -> None:
    assert all(deviation.meaning for deviation in Deviation)


def test_a_deviation_is_noted_once_a_frame_and_never_at_length() -> None:
    notes: list[Any] = []
    note(notes, Deviation.LONG_TEXT, "x" * 500)
    note(notes, Deviation.LONG_TEXT, "y")
    assert [(d.name, len(d.detail)) for d in notes] == [("long_text", MAX_DETAIL)]


@pytest.mark.parametrize("folder", ["v201", "v21"])
def test_2_x_payloads_are_validated_and_repaired_by_the_same_means(folder: str) -> None:
    schema = SchemaSet(folder, suffix="Request").request("NotifyReport")
    valid = {"requestId": 1, "generatedAt": "2026-11-22T09:47:55.211Z", "seqNo": 0}
    assert first_flaw(schema.strict, valid) is None
    notes: list[Any] = []
    assert repaired("NotifyReport", valid | {"reportData": [], "seqNo": "0"}, schema, notes, {})["seqNo"] == 0
    assert [d.name for d in notes] == ["text_for_number", "empty_list"]
