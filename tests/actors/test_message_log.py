"""The message log is whole: every frame both ways, with its answer, its latency and what was odd about it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from actors.runtime import Runtime
from engine.clock import SECOND, ManualClock
from engine.errors import StoreUnavailable
from tests.actors.world import BOOT, Place, StationIn, until

FIELDS = (
    "charge_point",
    "connection",
    "received",
    "direction",
    "type",
    "action",
    "message_id",
    "raw",
    "answer",
    "deviations",
    "latency",
)


async def logged(place: Place, runtime: Runtime) -> list[dict[str, Any]]:
    """All rows of the message log, in order."""
    await runtime.committer.flush()
    found = []
    for partition, head in (await place.journal.heads()).items():
        for entry in await place.journal.read(partition, 0, count=head):
            found += [dict(zip(FIELDS, row, strict=True)) for row in json.loads(entry.channels.get("o", b"[]"))]
    return found


async def test_a_stations_call_is_one_row_with_our_answer(place: Place) -> None:
    clock = ManualClock()
    runtime = await place.runtime(clock=clock)
    station = StationIn(runtime)
    runtime.committer.metrics.last_seconds = 0.004
    await station.call("BootNotification", BOOT)
    await station.call("Heartbeat", {})
    await station.call("Nonsense", {})
    boot, beat, refused = await logged(place, runtime)
    assert (boot["direction"], boot["type"], boot["action"], boot["message_id"]) == (
        "in",
        2,
        "BootNotification",
        "BootNotification-1",
    )
    assert json.loads(boot["raw"])[3] == BOOT
    assert json.loads(boot["answer"]) == station.answer_to("BootNotification-1")
    assert boot["latency"] == 4000, "the wait for the commit, taken from the last one"
    assert beat["latency"] == 0, "a Heartbeat's answer waits for no commit"
    assert json.loads(refused["answer"]) == station.answer_to("Nonsense-3")
    assert json.loads(refused["answer"])[:3] == [4, "Nonsense-3", "NotImplemented"]


async def test_our_call_and_the_stations_answer_have_one_id_and_the_stations_time(place: Place) -> None:
    clock = ManualClock()
    runtime = await place.runtime(clock=clock)
    station = StationIn(runtime)
    await station.call("BootNotification", BOOT)
    asking = asyncio.ensure_future(runtime.command("CP-1", "c", "ClearCache", {}, 30, False, "me"))
    call = await station.next_call()
    clock.advance(3)
    station.reply(call[1], {"status": "Accepted"})
    await asking
    station.actor.frame_received(station.link, json.dumps([4, call[1], "InternalError", "", {}]).encode())
    _, out, answer, second = await logged(place, runtime)
    assert (out["direction"], out["type"], out["action"], out["message_id"]) == ("out", 2, "ClearCache", call[1])
    assert (out["answer"], out["latency"]) == (None, None)
    assert (answer["direction"], answer["type"], answer["action"]) == ("in", 3, "ClearCache")
    assert (answer["message_id"], answer["latency"]) == (call[1], 3 * SECOND)
    assert (second["type"], second["message_id"], second["deviations"]) == (4, call[1], ["duplicate_answer"])
    assert second["latency"] is None


async def test_what_cannot_be_read_and_what_is_not_answered_is_logged_too(place: Place) -> None:
    runtime = await place.runtime()
    station = StationIn(runtime)
    await station.call("BootNotification", BOOT)
    station.actor.frame_received(station.link, b'[2,"id-1",7,{}]')
    await until(lambda: station.answer_to("id-1"), "refused")

    def away(*_: object) -> int:
        raise StoreUnavailable("no numbers")

    runtime.circumstances.fresh_transaction = away
    start = {"connectorId": 1, "idTag": "TAG", "meterStart": 100, "timestamp": "2026-01-01T00:00:00Z"}
    station.say("StartTransaction", start, "start-1")
    _, unreadable, unanswered = await logged(place, runtime)
    assert (unreadable["type"], unreadable["message_id"], unreadable["raw"]) == (0, "id-1", '[2,"id-1",7,{}]')
    assert json.loads(unreadable["answer"]) == station.answer_to("id-1")
    assert (unanswered["action"], unanswered["message_id"]) == ("StartTransaction", "start-1")
    assert (unanswered["answer"], unanswered["latency"]) == (None, None)


async def test_free_fields_of_2_x_have_no_secrets_in_the_log(place: Place) -> None:
    runtime = await place.runtime()
    station = StationIn(runtime, subprotocol="ocpp2.0.1")
    await station.call("BootNotification", {"reason": "PowerUp", "chargingStation": {"vendorName": "V", "model": "M"}})
    reading = {"timestamp": "2026-11-26T09:00:00Z", "sampledValue": [{"value": 1}]}
    custom = {"vendorId": "V", "wifiPassword": "a-very-secret-key"}
    await station.call("MeterValues", {"evseId": 1, "meterValue": [reading], "customData": custom})
    plain = {"evseId": 1, "meterValue": [reading]}
    await station.call("MeterValues", plain)
    _, secret, open_one = await logged(place, runtime)
    assert secret["action"] == "MeterValues"
    assert "a-very-secret-key" not in secret["raw"]
    assert json.loads(open_one["raw"])[3] == plain


async def test_an_event_that_is_known_by_heart_hides_no_secret_in_a_field_of_its_own(place: Place) -> None:
    runtime = await place.runtime()
    station = StationIn(runtime, subprotocol="ocpp2.0.1")
    await station.call("BootNotification", {"reason": "PowerUp", "chargingStation": {"vendorName": "V", "model": "M"}})
    event = {
        "eventType": "Updated", "timestamp": "2026-11-26T09:00:00Z", "triggerReason": "MeterValuePeriodic", "seqNo": 1,
        "transactionInfo": {"transactionId": "T", "chargingState": "Charging"},
        "meterValue": [{"timestamp": "2026-11-26T09:00:00Z", "sampledValue": [{"value": 1}]}],
    }  # fmt: skip
    custom = {"vendorId": "V", "wifiPassword": "a-very-secret-key"}
    for number in range(3):
        await station.call("TransactionEvent", event | {"seqNo": number})
    await station.call("TransactionEvent", event | {"seqNo": 3, "customData": custom})
    inner = {**event["transactionInfo"], "customData": custom}  # type: ignore[dict-item]
    await station.call("TransactionEvent", event | {"seqNo": 4, "transactionInfo": inner})
    rows = await logged(place, runtime)
    assert [json.loads(row["raw"])[3]["seqNo"] for row in rows[1:]] == [0, 1, 2, 3, 4]
    assert "a-very-secret-key" not in json.dumps(rows)


async def test_an_answer_is_logged_as_json_whatever_the_message_s_id(place: Place) -> None:
    runtime = await place.runtime()
    station = StationIn(runtime)
    await station.call("BootNotification", BOOT)
    message_id = station.say("Heartbeat", {}, message_id='a"b\\c')
    await until(lambda: station.answer_to(message_id), "answered")
    row = (await logged(place, runtime))[-1]
    assert json.loads(row["answer"]) == station.answer_to(message_id)


async def test_secrets_do_not_reach_the_log(place: Place) -> None:
    runtime = await place.runtime()
    station = StationIn(runtime)
    await station.call("BootNotification", BOOT)
    change = {"key": "AuthorizationKey", "value": "a-very-secret-key"}
    asking = asyncio.ensure_future(runtime.command("CP-1", "c", "ChangeConfiguration", change, 30, False, "me"))
    call = await station.next_call()
    assert call[3] == change
    station.reply(call[1], {"status": "Accepted"})
    await asking
    rows = await logged(place, runtime)
    assert [row["action"] for row in rows] == ["BootNotification", "ChangeConfiguration", "ChangeConfiguration"]
    assert "a-very-secret-key" not in json.dumps(rows)
