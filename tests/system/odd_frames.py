"""Frames that no station should send, each with the answer that it must get."""

from __future__ import annotations

from typing import NamedTuple

from tests.system.raw_station import RawStation


class Odd(NamedTuple):
    """A frame and what it must be answered with: a code in a CALLERROR, "" for a CALLRESULT, None for nothing."""

    name: str
    frame: str | bytes
    answer: str | None


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
