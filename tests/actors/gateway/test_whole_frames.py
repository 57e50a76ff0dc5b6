"""The short way in and websockets' own parser must never disagree, however a stream is cut into pieces."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.protocol import OPEN, SERVER, Protocol

from actors.gateway.whole_frames import UNKNOWN, beyond, whole_text

LARGEST = 4_000
texts = st.one_of(st.binary(max_size=20), st.binary(min_size=120, max_size=130), st.binary(min_size=300, max_size=400))
kinds = st.sampled_from([Opcode.TEXT, Opcode.TEXT, Opcode.TEXT, Opcode.PING, Opcode.BINARY])


def on_the_wire(kind: Opcode, data: bytes) -> bytes:
    return Frame(kind, data if kind is not Opcode.PING else data[:100]).serialize(mask=True)


@given(texts)
def test_a_whole_text_frame_is_read_as_websockets_reads_it(text: bytes) -> None:
    assert whole_text(on_the_wire(Opcode.TEXT, text), LARGEST) == text


@given(texts, st.integers(1, 200))
def test_a_torn_frame_or_one_with_more_behind_it_is_not_whole(text: bytes, cut: int) -> None:
    wire = on_the_wire(Opcode.TEXT, text)
    assert whole_text(wire[: max(0, len(wire) - cut)], LARGEST) is None
    assert whole_text(wire + b"\x81", LARGEST) is None


@given(texts)
def test_no_other_frame_is_taken_for_a_text(text: bytes) -> None:
    for kind in (Opcode.PING, Opcode.BINARY, Opcode.CLOSE, Opcode.CONT):
        assert whole_text(bytes([0x80 | kind]) + on_the_wire(Opcode.TEXT, text)[1:], LARGEST) is None
    assert whole_text(Frame(Opcode.TEXT, text).serialize(mask=False), LARGEST) is None
    assert whole_text(on_the_wire(Opcode.TEXT, b"x" * (LARGEST + 1)), LARGEST) is None


@given(st.lists(st.tuples(kinds, texts), min_size=1, max_size=8), st.data())
def test_any_cutting_of_a_stream_yields_the_same_texts(frames: list[tuple[Opcode, bytes]], data: Any) -> None:
    stream = b"".join(on_the_wire(kind, text) for kind, text in frames)
    websocket = Protocol(SERVER, state=OPEN, max_size=LARGEST)
    position, at = 0, 0
    heard: list[bytes] = []
    while at < len(stream):
        piece = stream[at : at + data.draw(st.integers(1, 500))]
        # Stations send frame by frame: now and then a piece ends where a frame ends.
        if data.draw(st.booleans()):
            piece = stream[at : _end_of_frame(stream, at, position)]
        at += len(piece)
        text = whole_text(piece, LARGEST) if position == 0 else None
        if text is not None:
            heard.append(text)
            continue
        position = beyond(piece, position)
        websocket.receive_data(piece)
        heard += [bytes(event.data) for event in websocket.events_received() if event.opcode is not Opcode.PING]
    assert heard == [text for kind, text in frames if kind is not Opcode.PING]


def _end_of_frame(stream: bytes, at: int, position: int) -> int:
    """Where the frame that begins (or goes on) at `at` ends, as far as that is known."""
    if position < 0:
        return at + 7
    if position:
        return at + position
    for end in range(at + 2, len(stream) + 1):
        if beyond(stream[at:end], 0) == 0:
            return end
    return len(stream)


def test_a_torn_header_hands_the_rest_to_websockets() -> None:
    assert beyond(b"\x81", 0) == UNKNOWN
    assert beyond(b"\x81\xfe\x01", 0) == UNKNOWN
    assert beyond(b"anything", UNKNOWN) == UNKNOWN
