"""Operations become CALLs that each version's own schema accepts, or a refusal that names field and remedy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.charging import operations as ops
from engine.charging.smart.profiles import ChargingProfile, ChargingSchedule, SchedulePeriod
from engine.errors import InvalidInput
from engine.ocpp.schemas import SchemaSet, first_flaw
from engine.ocpp.v2 import operations as v2
from engine.ocpp.v16 import operations as v16

V16, V201, V21 = SchemaSet("v16"), SchemaSet("v201", suffix="Request"), SchemaSet("v21", suffix="Request")
VERSIONS: dict[str, tuple[Callable[[ops.Operation], tuple[str, dict[str, Any]]], SchemaSet]] = {
    "1.6": (v16.compose, V16),
    "2.0.1": (v2.compose, V201),
    "2.1": (v2.compose, V21),
}
AT = 1_767_225_600_000_000
TAG = ops.IdToken("04A2B3C4", "ISO14443")
PROFILE = ChargingProfile(
    7,
    "TxDefaultProfile",
    "Recurring",
    (ChargingSchedule("A", (SchedulePeriod(0, Decimal("16")), SchedulePeriod(3600, Decimal("6.1"), 1)), 86_400, AT),),
    stack_level=2,
    recurrency="Daily",
    valid_from=AT,
)
EVERYWHERE: list[ops.Operation] = [
    ops.StartCharging(5, TAG),
    ops.StartCharging(5, TAG, evse=2, profile=replace(PROFILE, purpose="TxProfile", kind="Relative", recurrency="")),
    ops.StopCharging("17"),
    ops.Reset(),
    ops.Reset(immediate=True),
    ops.Unlock(1),
    ops.ChangeAvailability(False),
    ops.ChangeAvailability(True, 1),
    ops.ChangeAvailability(True, 1, 1),
    ops.SetConfiguration(ops.SettingName(key="HeartbeatInterval"), "60"),
    ops.SetConfiguration(ops.SettingName(component="OCPPCommCtrlr", variable="HeartbeatInterval"), "60"),
    ops.SetPassword(bytes(range(20))),
    ops.SetPassword(b"0123456789abcdef", "0123456789abcdef"),
    ops.SendCertificate("-----BEGIN…"),
    ops.SendCertificate("-----BEGIN…", "V2GCertificate"),
    ops.GetConfiguration(5),
    ops.GetConfiguration(5, (ops.SettingName(key="TransactionMessageAttempts"),)),
    *(ops.Trigger(message) for message in ("boot", "heartbeat", "status", "meter_values", "firmware_status")),
    *(ops.Trigger(message) for message in ("log_status", "diagnostics_status", "sign_certificate")),
    ops.Trigger("status", 1),
    ops.Reserve(9, TAG, AT, 1, ops.IdToken("GROUP")),
    ops.CancelReservation(9),
    ops.SetChargingProfile(PROFILE, 1),
    ops.ClearChargingProfile(7),
    ops.ClearChargingProfile(evse=1, purpose="TxProfile", stack_level=0),
    ops.ClearChargingProfile(purpose="ChargingStationMaxProfile"),
    ops.GetCompositeSchedule(600, 1, "W"),
    ops.GetCompositeSchedule(600),
    ops.UpdateFirmware(5, "https://files.example/image", AT),
    ops.UpdateFirmware(5, "https://files.example/image", AT, AT, "-----BEGIN…", "c2ln", 3, 60),
    ops.GetLog(5, "https://files.example/up", oldest=AT, latest=AT),
    ops.GetLog(5, "https://files.example/up", "security", retries=1, retry_interval_s=5),
    ops.SendLocalList(3, (ops.ListedToken(TAG, "Accepted", AT, ops.IdToken("GROUP")), ops.ListedToken(TAG, None))),
    ops.SendLocalList(3, (), full=True),
    ops.GetLocalListVersion(),
    ops.RawCall("ClearCache", {}),
    ops.ClearCache(),
    ops.TransferData("Vendor", "m", "text"),
    ops.TransferData("Vendor", data={"snake_case": [1]}),
]
ONLY_2X: list[ops.Operation] = [
    ops.StartCharging(5, TAG, group=ops.IdToken("GROUP")),
    ops.ShowCost("T-1", Decimal("3.85")),
    ops.Reset(evse=1),
    ops.Unlock(1, 2),
    ops.SetConfiguration(ops.SettingName(component="Vendor", variable="X", evse=1, connector=2), "1", "Target"),
    ops.SetPassword(b"x" * 40, "x" * 40),
    ops.Trigger("transaction", 1),
    ops.Reserve(9, TAG, AT, connector_type="cCCS2"),
    ops.SetChargingProfile(replace(PROFILE, schedules=PROFILE.schedules * 2)),
    ops.SetChargingProfile(replace(PROFILE, purpose="ChargingStationExternalConstraints")),
    ops.RequestCustomerInformation(5, True, False, TAG),
    ops.RequestCustomerInformation(5, False, True, customer="4711"),
    ops.ClearMonitors((1, 2)),
    ops.SetDisplayMessage(5, "Out of order", "AlwaysFront", language="en", start=AT, state="Idle"),
    ops.ClearDisplayMessage(5),
    ops.GetDisplayMessages(5, (1, 2)),
    ops.GetDisplayMessages(5),
]


def assert_valid(version: str, operation: ops.Operation) -> tuple[str, dict[str, Any]]:
    compose, schemas = VERSIONS[version]
    action, payload = compose(operation)
    assert first_flaw(schemas.request(action).checked, payload) is None, (action, payload)
    return action, payload


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("operation", EVERYWHERE, ids=repr)
def test_every_version_has_a_valid_call_for_it(version: str, operation: ops.Operation) -> None:
    assert_valid(version, operation)


@pytest.mark.parametrize("operation", ONLY_2X, ids=repr)
def test_what_only_2x_can_is_refused_for_1_6_with_field_or_remedy(operation: ops.Operation) -> None:
    assert_valid("2.0.1", operation)
    assert_valid("2.1", operation)
    with pytest.raises(InvalidInput) as refused:
        v16.compose(operation)
    assert "1.6" in refused.value.message
    assert refused.value.remedy


def test_no_operation_is_left_out() -> None:
    tried = {type(operation) for operation in EVERYWHERE + ONLY_2X}
    assert tried == set(get_args(ops.Operation))
    assert len({each.kind for each in get_args(ops.Operation)}) == len(tried)


def test_the_same_wish_is_said_in_each_versions_words() -> None:
    wish = ops.StartCharging(5, TAG, 2)
    assert v16.compose(wish) == ("RemoteStartTransaction", {"connectorId": 2, "idTag": "04A2B3C4"})
    token = {"idToken": "04A2B3C4", "type": "ISO14443"}
    assert v2.compose(wish) == ("RequestStartTransaction", {"remoteStartId": 5, "idToken": token, "evseId": 2})


def test_a_password_is_bytes_to_1_6_and_text_to_2x_and_never_shows() -> None:
    given = ops.SetPassword(b"0123456789abcdef", "0123456789abcdef")
    made = ops.SetPassword(b"\xff" * 20)
    assert v16.compose(given)[1] == {"key": "AuthorizationKey", "value": b"0123456789abcdef".hex()}
    assert v16.compose(made)[1]["value"] == v2.compose(made)[1]["setVariableData"][0]["attributeValue"] == "ff" * 20
    (data,) = v2.compose(given)[1]["setVariableData"]
    assert (data["component"]["name"], data["variable"]["name"]) == ("SecurityCtrlr", "BasicAuthPassword")
    assert data["attributeValue"] == "0123456789abcdef"
    assert "0123456789" not in repr(given)
    assert "xff" not in repr(made)


def test_all_profiles_at_once_are_cleared_in_1_6_only() -> None:
    assert assert_valid("1.6", ops.ClearChargingProfile()) == ("ClearChargingProfile", {})
    with pytest.raises(InvalidInput) as refused:
        v2.compose(ops.ClearChargingProfile())
    assert refused.value.field == "purpose"


@pytest.mark.parametrize("name", [ops.SettingName("MeterValueSampleInterval"), ops.SettingName("SampledDataCtrlr.X")])
def test_a_standard_setting_goes_by_either_name(name: ops.SettingName) -> None:
    _, payload = v2.compose(ops.SetConfiguration(name, "60"))
    (data,) = payload["setVariableData"]
    assert data["component"] == {"name": "SampledDataCtrlr"}
    assert data["variable"]["name"] in ("TxUpdatedInterval", "X")


def test_a_setting_of_neither_kind_is_refused_by_its_field() -> None:
    with pytest.raises(InvalidInput) as refused:
        v2.compose(ops.SetConfiguration(ops.SettingName(key="VendorKey"), "1"))
    assert refused.value.field == "key"
    with pytest.raises(InvalidInput) as refused:
        v16.compose(ops.SetConfiguration(ops.SettingName(component="VendorCtrlr", variable="X"), "1"))
    assert refused.value.field == "key"


@pytest.mark.parametrize(
    ("operation", "field"),
    [
        (ops.StopCharging("b7f3"), "transaction"),
        (ops.StartCharging(5, ops.IdToken("x" * 21)), "id_token"),
        (ops.Reset(evse=1), "evse"),
        (ops.UpdateFirmware(5, "https://x", AT, AT), "install_at"),
    ],
)
def test_what_1_6_cannot_say_names_the_field(operation: ops.Operation, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        v16.compose(operation)
    assert refused.value.field == field


@given(
    limits=st.lists(st.decimals(0, 500, places=1), min_size=1, max_size=20),
    unit=st.sampled_from(["A", "W"]),
    level=st.integers(0, 20),
    phases=st.sampled_from([None, 1, 3]),
)
def test_any_schedule_of_tenths_is_valid_everywhere(
    limits: list[Decimal], unit: str, level: int, phases: int | None
) -> None:
    periods = tuple(SchedulePeriod(60 * n, limit, phases) for n, limit in enumerate(limits))
    profile = replace(PROFILE, schedules=(ChargingSchedule(unit, periods),), stack_level=level)
    for version in VERSIONS:
        assert_valid(version, ops.SetChargingProfile(profile))
