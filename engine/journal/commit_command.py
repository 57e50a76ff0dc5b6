"""Writes one partition's commit in the server's own words (RESP): a single piece of bytes, ready to be sent.

A commit has nine arguments a message and may have thousands in all. Written here they are copied once, in one join;
handed over as a list they would be packed one by one into a buffer that grows, and copied again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from engine.journal.port import Write
from engine.journal.records import VERSION

_KNOWN_HEADS: Final = 4096
_HEADS: Final = [b"\r\n$%d\r\n" % size for size in range(_KNOWN_HEADS)]
"""What stands before an argument of so many bytes: the end of the one before, and the length."""


def packed_commit(sha: str, tag: str, incarnation: str, number: int, writes: Sequence[Write]) -> bytes:
    """The EVALSHA of lua/commit.lua, whose arguments are described there."""
    out: list[bytes] = [b""]
    for fixed in ("EVALSHA", sha, "1", tag, incarnation, str(number), str(VERSION), str(len(writes))):
        _add(out, fixed.encode())
    for write in writes:
        _add(out, write.charge_point.encode())
    for write in writes:
        _add(out, str(write.epoch).encode())
    for write in writes:
        _add_body(out, write)
    out[0] = b"*%d" % (len(out) // 2)
    out.append(b"\r\n")
    return b"".join(out)


def _add(out: list[bytes], argument: bytes) -> None:
    size = len(argument)
    out.append(_HEADS[size] if size < _KNOWN_HEADS else b"\r\n$%d\r\n" % size)
    out.append(argument)


def _add_body(out: list[bytes], write: Write) -> None:
    """One write's operations and their arguments. The operations go first, so their place is kept."""
    ops = ""
    place = len(out)
    out.append(b"")
    out.append(b"")
    for channel, data, stream, digests, checked in write.records:
        if checked:
            ops += "?"
            _add(out, channel.encode())
            _add(out, stream.encode())
            _add(out, digests)
            _add(out, data)
        elif digests:
            ops += channel + "+"
            _add(out, data)
            _add(out, stream.encode())
            _add(out, digests)
        else:
            ops += channel
            _add(out, data)
    for stream in write.forget:
        ops += "~"
        _add(out, stream.encode())
    if write.parts:
        ops += _add_parts(out, write.parts)
    encoded = ops.encode()
    size = len(encoded)
    out[place] = _HEADS[size] if size < _KNOWN_HEADS else b"\r\n$%d\r\n" % size
    out[place + 1] = encoded


def _add_parts(out: list[bytes], parts: dict[str, bytes | None]) -> str:
    """Snapshot parts: those to delete first, for those to set are always the last of a body."""
    deleted = kept = 0
    for name, value in parts.items():
        if value is None:
            deleted += 1
            _add(out, name.encode())
    for name, value in parts.items():
        if value is not None:
            kept += 1
            _add(out, name.encode())
            _add(out, value)
    return "-" * deleted + "=" * kept
