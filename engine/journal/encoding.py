"""Turns what machines say into journal records: the one place where rows get their stored bytes.

Hosts call this once a row; from here on the bytes are handed on as they are (records.py has the shapes).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

import orjson
from xxhash import xxh3_64_digest

from engine.charging.effects import AppendMeters
from engine.charging.events import Event, SessionStopped, StatusChanged
from engine.charging.messages import MeterReading
from engine.journal.port import Record
from engine.journal.records import EVENTS, MESSAGES, METERS, SESSIONS, STATUS

dumps: Final = orjson.dumps
_digest: Final = xxh3_64_digest
_RECORD: Final = Record
_CACHE_LIMIT: Final = 8192
_SHORT: Final = 6
_written: Final[dict[str, tuple[Decimal, str]]] = {}
"""Numbers as text, by what the station said."""

_new_tuple: Final = tuple.__new__
"""Makes a NamedTuple in half the time that calling its class takes."""


def event_records(event: Event) -> list[Record]:
    """The record of an event, and its copy for the analytics' `sessions` where it is a SessionStopped."""
    head = f'{{"kind":"{event.kind}","version":{event.version},'.encode()
    data = head + dumps(event)[1:]
    if isinstance(event, StatusChanged):
        return [Record(STATUS, data)]
    if isinstance(event, SessionStopped):
        return [Record(EVENTS, data), Record(SESSIONS, data)]
    return [Record(EVENTS, data)]


def meter_records(charge_point: str, meters: AppendMeters) -> list[Record]:
    """The records of meter readings.

    Readings that are known to be new make one record each, their digests unchecked. Others make one record a sampled
    value, so that the commit can drop exactly those that it has seen (invariant 2). A value's digest are the 8 bytes of
    its hash.
    """
    records: list[Record] = []
    stream, ordered = meters.stream, meters.ordered
    for reading in meters.readings:
        at = reading.at
        words = at.said or str(at.believed)
        head = f"{charge_point}\x1f{meters.evse}\x1f{meters.connector}\x1f{meters.transaction}\x1f{words}"
        digests: list[bytes] = []
        rows: list[object] = []
        for measurand, phase, location, context, said_format, unit, raw, value, base_unit in reading.samples:
            # All that makes it the same value said again; the station's own words for the time where it gave any, for
            # our belief may change with its clock.
            same = "\x1f".join((head, measurand, phase, location, context, unit, raw))
            digests.append(_digest(same.encode()))
            number = None if value is None else _number(value, raw)
            rows.append((measurand, phase, location, context, said_format, unit, raw, number, base_unit))
        if ordered:
            row = _row(charge_point, meters, reading, rows)
            records.append(_new_tuple(_RECORD, (METERS, row, stream, b"".join(digests), False)))
        else:
            records += [
                Record(METERS, _row(charge_point, meters, reading, [row]), stream, digest, True)
                for row, digest in zip(rows, digests, strict=True)
            ]
    return records


def _row(charge_point: str, meters: AppendMeters, reading: MeterReading, samples: Sequence[object]) -> bytes:
    said, believed, received = reading.at
    _, session, evse, connector, transaction, _, _ = meters
    return dumps((charge_point, evse, connector, session, transaction, said, believed, received, samples))


def _number(value: Decimal, raw: str) -> str:
    """Decimal text without an exponent. `str` is twice as quick as a format and nearly always has none.

    Short numbers come again and again as the very same object (`plain_number` remembers them): their texts are known.
    """
    known = _written.get(raw)
    if known is not None and known[0] is value:
        return known[1]
    text = str(value)
    if "E" in text:
        text = f"{value:f}"
    if len(raw) <= _SHORT:
        if len(_written) >= _CACHE_LIMIT:
            _written.clear()
        _written[raw] = (value, text)
    return text


def message_record(
    charge_point: str,
    connection: int,
    received: int,
    direction: str,
    kind: int,
    action: str,
    message_id: str,
    raw: str,
    answer: str | None,
    deviations: Sequence[str],
    latency: int | None,
) -> Record:
    """The record of a frame and, where it was answered at once, of its answer. Texts are redacted already."""
    row = (charge_point, connection, received, direction, kind, action, message_id, raw, answer, deviations, latency)
    return _new_tuple(_RECORD, (MESSAGES, dumps(row), "", b"", False))
