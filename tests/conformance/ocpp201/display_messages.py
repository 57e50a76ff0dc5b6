"""Block O: messages on a station's display: shown, replaced, listed and taken away, by priority, state and time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.conformance.bench import Bench, Commanded
from tests.conformance.registry import case
from tests.conformance.station201 import Station201
from tests.conformance.verdict import ABSENT, ANY, holds, same

TEXT = "Back in ten minutes"


async def _booted(bench: Bench) -> Station201:
    station = await bench.station201()
    await station.boot()
    return station


async def _show(
    bench: Bench,
    station: Station201,
    *,
    status: str = "Accepted",
    outcome: str = "Accepted",
    wanted: dict[str, Any] | None = None,
    **body: Any,
) -> Commanded:
    """The operator has a message shown; the station is asked for it under the number that the operator is told."""
    body = {"content": TEXT, "priority": "InFront", "format": "UTF8", **body}
    told = await bench.operated(
        station,
        "/display-messages",
        body,
        action="SetDisplayMessage",
        answer={"status": status},
        outcome=outcome,
        wanted={
            "message.priority": body["priority"],
            "message.message.format": body["format"],
            "message.message.content": body["content"],
            "message.state": body.get("state", ABSENT),
            **(wanted or {}),
        },
    )
    same(told.request["message"]["id"], told.ended["number"], "the message's number")
    holds(told.ended, {"payload.status": status}, "what the operator is told")
    return told


async def _kept(bench: Bench) -> list[int]:
    return sorted(message["id"] for message in (await bench.kept("display-messages"))["messages"])


async def _shown(bench: Bench, station: Station201, **body: Any) -> int:
    """A message that is on the display; its number."""
    told = await _show(bench, station, **body)
    number: int = told.ended["number"]
    same(number in await _kept(bench), True, "that the message is kept")
    return number


async def _not_shown(bench: Bench, status: str, **body: Any) -> None:
    station = await _booted(bench)
    await _show(bench, station, status=status, outcome="Rejected", **body)
    same(await _kept(bench), [], "the messages that are kept")


async def _asked(bench: Bench, station: Station201, status: str = "Accepted", **filters: Any) -> int:
    """The operator asks what is shown, through the raw endpoint where there are filters; the request's number."""
    others = {name: ABSENT for name in ("id", "priority", "state") if name not in filters}
    outcome = "Accepted" if status == "Accepted" else "Rejected"
    answer = {"status": status}
    if filters:
        payload = {"requestId": 4711, **filters}
        await bench.commanded(station, "GetDisplayMessages", payload, answer=answer, outcome=outcome, wanted=others)
        return 4711
    told = await bench.operated(
        station,
        "/display-messages/refresh",
        {},
        action="GetDisplayMessages",
        answer=answer,
        outcome=outcome,
        wanted={"requestId": ANY, **others},
    )
    same(told.request["requestId"], told.ended["number"], "the request's number")
    return int(told.ended["number"])


async def _notified(bench: Bench, station: Station201, request: int, **message: Any) -> None:
    """The station lists one message in answer to the request; it is acknowledged, and kept."""
    info = {"priority": "InFront", "message": {"format": "UTF8", "content": TEXT}, **message}
    payload = {"requestId": request, "messageInfo": [info], "tbc": False}
    same(await station.call("NotifyDisplayMessages", payload), {}, "the answer to NotifyDisplayMessages")
    same(await _kept(bench), [info["id"]], "the messages that are kept")


@case("TC_O_01_CSMS", sample=True)
async def a_message_is_shown(bench: Bench) -> None:
    """A message with a number made here and the priority, format and state that the operator gave; then it is kept."""
    await _shown(bench, await _booted(bench), state="Idle")


@case("TC_O_02_CSMS")
async def all_messages_are_listed(bench: Bench) -> None:
    """All messages are asked for, without any filter, and what the station lists is acknowledged and kept."""
    station = await _booted(bench)
    number = await _shown(bench, station)
    await _notified(bench, station, await _asked(bench, station), id=number)


@case("TC_O_03_CSMS")
async def there_are_no_messages(bench: Bench) -> None:
    """The operator is told that the station has none."""
    await _asked(bench, await _booted(bench), "Unknown")


async def _cleared(bench: Bench, station: Station201, number: int, status: str, outcome: str) -> None:
    told = await bench.operated(
        station,
        f"/display-messages/{number}",
        action="ClearDisplayMessage",
        answer={"status": status},
        outcome=outcome,
        method="DELETE",
    )
    same(told.request, {"id": number}, "the ClearDisplayMessage")


@case("TC_O_04_CSMS")
async def a_message_is_taken_away(bench: Bench) -> None:
    """The very message that was shown is taken away, and no longer kept."""
    station = await _booted(bench)
    number = await _shown(bench, station)
    await _cleared(bench, station, number, "Accepted", "Accepted")
    same(await _kept(bench), [], "the messages that are kept")


@case("TC_O_05_CSMS")
async def an_unknown_message_is_taken_away(bench: Bench) -> None:
    """A number that the station does not have is asked for all the same; the operator is told that it is unknown."""
    await _cleared(bench, await _booted(bench), 424242, "Unknown", "Rejected")


async def _charging(bench: Bench) -> tuple[Station201, str]:
    station = await _booted(bench)
    transaction = await station.energy_transfer_started()
    return station, transaction.id


@case("TC_O_06_CSMS")
async def a_message_for_a_transaction(bench: Bench) -> None:
    """The message names the transaction that the station told of."""
    station, transaction = await _charging(bench)
    await _shown(bench, station, transaction=transaction, wanted={"message.transactionId": transaction})
    await station.ev_disconnected()


@case("TC_O_07_CSMS")
async def one_message_is_listed(bench: Bench) -> None:
    """One message is asked for by its number alone."""
    station = await _booted(bench)
    number = await _shown(bench, station)
    told = await bench.operated(
        station,
        "/display-messages/refresh",
        {"messages": [number]},
        action="GetDisplayMessages",
        answer={"status": "Accepted"},
        wanted={"id": [number], "priority": ABSENT, "state": ABSENT, "requestId": ANY},
    )
    await _notified(bench, station, told.ended["number"], id=number)


@case("TC_O_08_CSMS")
async def messages_of_a_priority_are_listed(bench: Bench) -> None:
    """Messages are asked for by their priority alone."""
    station = await _booted(bench)
    number = await _shown(bench, station, priority="AlwaysFront")
    request = await _asked(bench, station, priority="AlwaysFront")
    await _notified(bench, station, request, id=number, priority="AlwaysFront")


@case("TC_O_09_CSMS")
async def messages_of_a_state_are_listed(bench: Bench) -> None:
    """Messages are asked for by the state of the station in which they are shown."""
    station = await _booted(bench)
    number = await _shown(bench, station, state="Faulted")
    request = await _asked(bench, station, state="Faulted")
    await _notified(bench, station, request, id=number, state="Faulted")


@case("TC_O_10_CSMS")
async def a_message_for_an_unknown_transaction(bench: Bench) -> None:
    """A transaction that the station does not know: the operator is told so, and nothing is kept."""
    station, _ = await _charging(bench)
    wanted = {"message.transactionId": "no-such-transaction"}
    status = "UnknownTransaction"
    await _show(bench, station, status=status, outcome="Rejected", transaction="no-such-transaction", wanted=wanted)
    same(await _kept(bench), [], "the messages that are kept")


@case("TC_O_11_CSMS")
async def an_unknown_message_is_listed(bench: Bench) -> None:
    """A number that the station does not have is asked for; the operator is told that it is unknown."""
    station = await _booted(bench)
    number = await _shown(bench, station)
    await _asked(bench, station, "Unknown", id=[number + 1])


@case("TC_O_12_CSMS")
async def a_message_is_replaced(bench: Bench) -> None:
    """Another message under the number of the one that is shown takes its place."""
    station = await _booted(bench)
    number = await _shown(bench, station)
    message = {
        "id": number,
        "priority": "AlwaysFront",
        "message": {"format": "ASCII", "content": "Something else"},
    }
    await bench.commanded(station, "SetDisplayMessage", {"message": message}, answer={"status": "Accepted"})
    (kept,) = (await bench.kept("display-messages"))["messages"]
    holds(kept, {"id": number, "priority": "AlwaysFront"}, "the message that is kept")


def _in(minutes: int) -> tuple[str, Any]:
    """A moment as the operator gives it, and a check that the station is told the same moment."""
    moment = (datetime.now(UTC) + timedelta(minutes=minutes)).replace(microsecond=0)

    def that_moment(said: str) -> bool:
        return datetime.fromisoformat(said.replace("Z", "+00:00")) == moment

    return moment.isoformat(), that_moment


@case("TC_O_13_CSMS")
async def a_message_from_a_time_on(bench: Bench) -> None:
    """The message has the moment from which on it is shown."""
    start, that_moment = _in(5)
    await _shown(bench, await _booted(bench), start=start, wanted={"message.startDateTime": that_moment})


@case("TC_O_14_CSMS")
async def a_message_until_a_time(bench: Bench) -> None:
    """The message has the moment until which it is shown."""
    end, that_moment = _in(5)
    await _shown(bench, await _booted(bench), end=end, wanted={"message.endDateTime": that_moment})


@case("TC_O_17_CSMS")
async def a_priority_that_is_not_supported(bench: Bench) -> None:
    """The operator is told that the station has no such priority, and nothing is kept."""
    await _not_shown(bench, "NotSupportedPriority", priority="AlwaysFront")


@case("TC_O_18_CSMS")
async def a_state_that_is_not_supported(bench: Bench) -> None:
    """The operator is told that the station has no such state, and nothing is kept."""
    await _not_shown(bench, "NotSupportedState", state="Unavailable")


@case("TC_O_19_CSMS")
async def a_format_that_is_not_supported(bench: Bench) -> None:
    """The operator is told that the station has no such format, and nothing is kept."""
    await _not_shown(bench, "NotSupportedMessageFormat", format="HTML")


@case("TC_O_25_CSMS")
async def a_message_in_a_state(bench: Bench) -> None:
    """The message has the state of the station in which it is shown."""
    for state in ("Charging", "Faulted", "Idle", "Unavailable"):
        station = bench.stations[0] if bench.stations else await _booted(bench)
        assert isinstance(station, Station201)
        await _shown(bench, station, state=state)


@case("TC_O_26_CSMS")
async def a_message_is_rejected(bench: Bench) -> None:
    """The operator is told that the station rejected the message, and nothing is kept."""
    await _not_shown(bench, "Rejected", priority="NormalCycle")


@case("TC_O_27_CSMS")
async def a_message_for_a_transaction_from_a_time_on(bench: Bench) -> None:
    """The message has the transaction and the moment from which on it is shown."""
    station, transaction = await _charging(bench)
    start, that_moment = _in(5)
    wanted = {"message.startDateTime": that_moment, "message.transactionId": transaction}
    await _shown(bench, station, start=start, transaction=transaction, wanted=wanted)


@case("TC_O_28_CSMS")
async def a_message_for_a_transaction_until_a_time(bench: Bench) -> None:
    """The message has the transaction, the moment until which it is shown, and the state."""
    station, transaction = await _charging(bench)
    end, that_moment = _in(5)
    wanted = {"message.endDateTime": that_moment, "message.transactionId": transaction}
    await _shown(bench, station, end=end, transaction=transaction, state="Charging", wanted=wanted)
