"""The frame that nearly all are: one whole, masked, final text frame in one piece of data (RFC 6455, section 5.2).

Stations send one CALL and wait for its answer, so a piece of data is a whole frame almost always. Reading those few
bytes here takes a third of what websockets' parser takes for them. Everything else is websockets' business, and it must
never see half a stream: `beyond` keeps count of where frames begin, and in doubt all goes to websockets.
"""

from __future__ import annotations

from websockets.speedups import apply_mask

UNKNOWN = -1
"""Where the next frame begins cannot be told any more: a header was torn. Everything goes to websockets from now on."""

_FINAL_TEXT = 0x81
_MASKED = 0x80


def whole_text(data: bytes, largest: int) -> bytes | None:
    """The text of `data`, if it is exactly one whole text frame of a client of at most `largest` bytes; else None."""
    size = len(data)
    if size < 6 or data[0] != _FINAL_TEXT:
        return None
    length = data[1] - _MASKED
    if 0 <= length < 126:
        start = 6
    elif length == 126 and size >= 8:
        length, start = data[2] << 8 | data[3], 8
    else:
        return None
    if size != start + length or length > largest:
        return None
    return apply_mask(data[start:], data[start - 4 : start])


def beyond(data: bytes, before: int) -> int:
    """How many bytes after `data` still belong to a frame that has begun (0: the next byte begins a frame).

    `before` is what this function told of the data before. UNKNOWN once a header is torn in two.
    """
    if before < 0:
        return UNKNOWN
    size, at = len(data), before
    while at < size:
        if size - at < 2:
            return UNKNOWN
        length, header = data[at + 1] & 0x7F, 2
        if length == 126:
            length, header = int.from_bytes(data[at + 2 : at + 4], "big"), 4
        elif length == 127:
            length, header = int.from_bytes(data[at + 2 : at + 10], "big"), 10
        if at + header > size:
            return UNKNOWN
        at += header + length + (4 if data[at + 1] & _MASKED else 0)
    return at - size
