"""Frames that no station should send, each with the answer that it must get."""

from __future__ import annotations

import json
from typing import NamedTuple

from tests.system.raw_station import RawStation, status


class Odd(NamedTuple):
    """A frame and what it must be answered with: a code in a CALLERROR, "" for a CALLRESULT, None for nothing."""

    name: str
    frame: str | bytes
    answer: str | None


DEEP = "[" * 100_000
NINES = "9" * 5_000


def call(action: str, payload: str) -> str:
    return f'[2,"odd","{action}",{payload}]'


def told(member: str) -> str:
    return call("StatusNotification", '{"errorCode":"NoError","status":"Available",' + member + "}")


ODD = [
    Odd("no JSON", '{"a":', None),
    Odd("no JSON after its id", '[2,"odd","Heartbeat",{"x":', "FormationViolation"),
    Odd("empty", "", None),
    Odd("no list", '"Heartbeat"', None),
    Odd("a null", "null", None),
    Odd("nested brackets", DEEP, None),
    Odd("nested and closed brackets", DEEP + "]" * 100_000, None),
    Odd("nested payload", f'[2,"odd","Heartbeat",{DEEP}{"]" * 100_000}]', "FormationViolation"),
    Odd("nested objects", call("DataTransfer", '{"a":' * 20_000 + "1" + "}" * 20_000), "FormationViolation"),
    Odd("a huge integer", told(f'"connectorId":{NINES}'), "TypeConstraintViolation"),
    Odd("a text for a number", told('"connectorId":"one"'), "TypeConstraintViolation"),
    Odd("an object for a number", told('"connectorId":{}'), "TypeConstraintViolation"),
    Odd("a member missing", call("StatusNotification", '{"connectorId":1}'), "OccurenceConstraintViolation"),
    Odd("an unknown status", call("StatusNotification", json.dumps(status("Happy"))), "PropertyConstraintViolation"),
    Odd(
        "NaN", call("StopTransaction", '{"transactionId":NaN,"meterStop":1,"timestamp":""}'), "TypeConstraintViolation"
    ),
    Odd("an unknown action", call("MakeCoffee", "{}"), "NotImplemented"),
    Odd("an action of ours", call("Reset", '{"type":"Soft"}'), "NotSupported"),
    Odd("an unsolicited CALLRESULT", '[3,"nobody-asked",{"status":"Accepted"}]', None),
    Odd("an unsolicited CALLERROR", '[4,"nobody-asked","GenericError","",{}]', None),
    Odd("an unknown message type", '[7,"odd",{}]', None),
    Odd("a binary frame", call("Heartbeat", "{}").encode(), ""),
    Odd("a NUL inside", told('"connectorId":1,"info":"a\\u0000b","vendorId":"\\u0000"'), ""),
    Odd("a NUL behind", call("Heartbeat", "{}") + "\0", ""),
    Odd("half a surrogate pair", told('"connectorId":1,"info":"\\ud800"'), ""),
    Odd("the year 9999", told('"connectorId":1,"timestamp":"9999-12-31T23:59:59Z"'), ""),
    Odd("no date", told('"connectorId":1,"timestamp":"0000-99-99"'), ""),
]


async def is_answered(station: RawStation, odd: Odd) -> None:
    """Send it and, behind it, what is answered in its turn: what comes before that answer is its own."""
    await station.send(odd.frame)
    answers = []
    while not answers or answers[-1][1] != "behind":
        if not answers:
            await station.send('[2,"behind","DataTransfer",{"vendorId":"behind"}]')
        frame = await station.receive()
        # A CALL of ours may come in between.
        (station.calls if frame[0] == 2 else answers).append(frame)
    own = answers[:-1]
    if odd.answer is None:
        assert own == [], (odd.name, own)
    elif odd.answer:
        assert [frame[:3] for frame in own] == [[4, "odd", odd.answer]], (odd.name, own)
        assert isinstance(own[0][3], str)
        assert own[0][4] == {}
    else:
        assert [frame[:2] for frame in own] == [[3, "odd"]], (odd.name, own)
