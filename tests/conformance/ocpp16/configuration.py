"""Core profile: reading and changing configuration keys."""

from __future__ import annotations

from tests.conformance.bench import Bench
from tests.conformance.registry import case
from tests.conformance.verdict import ABSENT, holds, same

READ_ONLY = {
    "GetConfigurationMaxKeys": "50",
    "NumberOfConnectors": "1",
    "SupportedFeatureProfiles": "Core,LocalAuthListManagement,SmartCharging,Reservation,RemoteTrigger",
    "LocalAuthListMaxLength": "100",
    "SendLocalListMaxLength": "20",
    "ChargeProfileMaxStackLevel": "10",
    "ChargingScheduleAllowedChargingRateUnit": "Current,Power",
    "ChargingScheduleMaxPeriods": "24",
    "MaxChargingProfilesInstalled": "10",
}
WRITABLE = {
    "AuthorizeRemoteTxRequests": "true",
    "ClockAlignedDataInterval": "900",
    "ConnectionTimeOut": "60",
    "ConnectorPhaseRotation": "0.RST,1.RST",
    "HeartbeatInterval": "300",
    "LocalAuthorizeOffline": "true",
    "LocalPreAuthorize": "false",
    "MeterValuesAlignedData": "Energy.Active.Import.Register",
    "MeterValuesSampledData": "Energy.Active.Import.Register",
    "MeterValueSampleInterval": "60",
    "ResetRetries": "1",
    "StopTransactionOnEVSideDisconnect": "true",
    "StopTransactionOnInvalidId": "true",
    "StopTxnAlignedData": "",
    "StopTxnSampledData": "",
    "TransactionMessageAttempts": "3",
    "TransactionMessageRetryInterval": "60",
    "UnlockConnectorOnEVSideDisconnect": "true",
    "LocalAuthListEnabled": "true",
}
KEYS = [{"key": key, "readonly": True, "value": value} for key, value in READ_ONLY.items()] + [
    {"key": key, "readonly": False, "value": value} for key, value in WRITABLE.items()
]


async def _kept(bench: Bench) -> list[tuple[str, str | None, bool]]:
    settings = (await bench.kept("configuration"))["settings"]
    return [(setting["key"], setting["value"], setting["readonly"]) for setting in settings]


@case("TC_019_1_CSMS", sample=True)
async def every_key(bench: Bench) -> None:
    """Asking without keys means all of them; each value and its accessibility reach the operator."""
    station = await bench.station16()
    await station.boot()
    answer = {"configurationKey": KEYS}
    told = await bench.operated(station, "/configuration/refresh", {}, action="GetConfiguration", answer=answer)
    holds(told.request, {"key": ABSENT}, "GetConfiguration")
    same(told.ended["payload"]["configurationKey"], KEYS, "the keys that the operator gets")
    kept = {key: (value, readonly) for key, value, readonly in await _kept(bench)}
    same(kept, {each["key"]: (each["value"], each["readonly"]) for each in KEYS}, "the settings that are kept")


@case("TC_019_2_CSMS")
async def one_key(bench: Bench) -> None:
    """Asking for SupportedFeatureProfiles asks for that alone, and its value reaches the operator."""
    station = await bench.station16()
    await station.boot()
    found = {"configurationKey": [key for key in KEYS if key["key"] == "SupportedFeatureProfiles"]}
    body = {"names": [{"key": "SupportedFeatureProfiles"}]}
    told = await bench.operated(station, "/configuration/refresh", body, action="GetConfiguration", answer=found)
    holds(told.request, {"key": ["SupportedFeatureProfiles"]}, "GetConfiguration")
    same(told.ended["payload"], found, "what the operator gets")
    same([key for key, *_ in await _kept(bench)], ["SupportedFeatureProfiles"], "the settings that are kept")


async def _change(bench: Bench, key: str, value: str, status: str, outcome: str) -> None:
    station = await bench.station16()
    await station.boot()
    told = await bench.operated(
        station,
        "/configuration",
        {"name": {"key": key}, "value": value},
        action="ChangeConfiguration",
        answer={"status": status},
        outcome=outcome,
        wanted={"key": key, "value": value},
    )
    holds(told.ended, {"payload.status": status}, "what the operator is told")
    kept = [(key, value) for key, value, _ in await _kept(bench)]
    same(kept, [(key, value)] if outcome == "Accepted" else [], "the settings that are kept")


@case("TC_021_CSMS")
async def change(bench: Bench) -> None:
    """MeterValueSampleInterval is set to 60, and accepted."""
    await _change(bench, "MeterValueSampleInterval", "60", "Accepted", "Accepted")


@case("TC_040_1_CSMS")
async def unknown_key(bench: Bench) -> None:
    """A key that the station does not know: NotSupported is told to the operator."""
    await _change(bench, "NoSuchKey", "1", "NotSupported", "Rejected")


@case("TC_040_2_CSMS")
async def wrong_value(bench: Bench) -> None:
    """MeterValueSampleInterval -1 goes out as given, and the station's refusal comes back."""
    await _change(bench, "MeterValueSampleInterval", "-1", "Rejected", "Rejected")
