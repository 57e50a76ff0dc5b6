"""A 2.x station at a priced host is shown what its driver pays; one whose version has no words for it is left alone."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from engine.charging.effects import Operate
from engine.charging.operations import ShowCost
from engine.settings import Settings
from tests.actors.world import BOOT, Place, StationIn

BOOT2 = {"reason": "PowerUp", "chargingStation": {"vendorName": "V", "model": "M"}}


def event(kind: str, seq: int, wh: int, **more: Any) -> dict[str, Any]:
    context = {"Started": "Transaction.Begin", "Ended": "Transaction.End"}.get(kind, "Sample.Periodic")
    at = f"2026-01-01T00:0{seq}:00Z"
    return {
        "eventType": kind,
        "timestamp": at,
        "triggerReason": "MeterValuePeriodic",
        "seqNo": seq,
        "transactionInfo": {"transactionId": "T-1"},
        "meterValue": [{"timestamp": at, "sampledValue": [{"value": wh, "context": context}]}],
        **more,
    }


async def test_a_station_is_shown_the_running_cost_and_answered_with_the_total(place: Place) -> None:
    runtime = await place.runtime(price_per_kwh="0.385")
    station = StationIn(runtime, subprotocol="ocpp2.0.1")
    await station.call("BootNotification", BOOT2)
    await station.call("TransactionEvent", event("Started", 0, 1000, evse={"id": 1, "connectorId": 1}))
    assert (await station.call("TransactionEvent", event("Updated", 1, 3000)))[2] == {}
    shown = await station.next_call()
    assert shown[2:] == ["CostUpdated", {"totalCost": 0.77, "transactionId": "T-1"}]
    station.reply(shown[1], {})
    token = {"idToken": "TAG", "type": "ISO14443"}
    answer = await station.call("TransactionEvent", event("Ended", 2, 11_000, idToken=token))
    assert answer[2] == {"totalCost": 3.85, "idTokenInfo": {"status": "Accepted"}}
    commands = await place.events("command")
    assert [(e["state"], e["outcome"], e["requested_by"]) for e in commands] == [
        ("requested", "", "raycharge"),
        ("sent", "", "raycharge"),
        ("ended", "Accepted", "raycharge"),
    ]


async def test_what_a_version_has_no_words_for_is_left_out(place: Place) -> None:
    runtime = await place.runtime(price_per_kwh="0.385")
    station = StationIn(runtime)
    await station.call("BootNotification", BOOT)
    wish = Operate("a" * 32, ShowCost("1", Decimal("3.85")), 2**60)
    assert runtime.own_command(station.actor, wish) is None


def test_no_price_is_none_and_an_empty_one_too() -> None:
    assert Settings().price_per_kwh is None
    assert Settings(price_per_kwh="").price_per_kwh is None
    assert str(Settings(price_per_kwh="0.385").price_per_kwh) == "0.385"
