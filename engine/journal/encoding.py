"""Turns what machines say into journal records: the one place where rows get their stored bytes.

Hosts call this once a row; from here on the bytes are handed on as they are (records.py has the shapes).
"""

from __future__ import annotations

from collections.abc import Sequence

import orjson
from xxhash import xxh3_64_digest, xxh3_64_intdigest

from engine.charging.effects import AppendMeters
from engine.charging.events import Event, SessionStopped, StatusChanged
from engine.charging.messages import MeterReading, Sample
from engine.journal.port import Record
from engine.journal.records import EVENTS, MESSAGES, METERS, SESSIONS, STATUS

dumps = orjson.dumps


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
    value, so that the commit can drop exactly those that it has seen (invariant 2).
    """
    records = []
    stream, ordered = meters.stream, meters.ordered
    for reading in meters.readings:
        head, seed = _reading_head(charge_point, meters, reading)
        texts = [_sample_text(sample) for sample in reading.samples]
        digests = [xxh3_64_digest(text, seed) for text in texts]
        if ordered:
            records.append(Record(METERS, head + b",".join(texts) + b"]]", stream, b"".join(digests)))
        else:
            records += [
                Record(METERS, head + text + b"]]", stream, digest, True)
                for text, digest in zip(texts, digests, strict=True)
            ]
    return records


def _reading_head(charge_point: str, meters: AppendMeters, reading: MeterReading) -> tuple[bytes, int]:
    """The row up to its samples, and the seed of their digests: all but the sample that makes a value the same one.

    The station's own words for the time count where it gave any; our belief may change with its clock.
    """
    said, believed, received = reading.at
    evse, connector, transaction = meters.evse, meters.connector, meters.transaction
    head = dumps((charge_point, evse, connector, meters.session, transaction, said, believed, received))
    key = f"{charge_point}\x1f{evse}\x1f{connector}\x1f{transaction}\x1f{said or believed}"
    return head[:-1] + b",[", xxh3_64_intdigest(key.encode())


def _sample_text(sample: Sample) -> bytes:
    """One sampled value as a JSON array. Stations say the same few measurands over and over: those are remembered."""
    raw, value = sample[6], sample[7]
    what = sample[:6]
    known = _known_samples.get(what)
    if known is None:
        known = _learn_sample(what)
    if value is None:
        return f"{known}{dumps(raw).decode()},null,{dumps(sample[8]).decode()}]".encode()
    if raw.isdecimal() and raw.isascii() and sample[5] == sample[8]:
        return f'{known}"{raw}","{raw}","{sample[8]}"]'.encode()
    return f'{known}{dumps(raw).decode()},"{value:f}",{dumps(sample[8]).decode()}]'.encode()


_known_samples: dict[tuple[object, ...], str] = {}
MOST_KNOWN_SAMPLES = 10_000


def _learn_sample(what: tuple[object, ...]) -> str:
    if len(_known_samples) >= MOST_KNOWN_SAMPLES:
        _known_samples.clear()
    text = _known_samples[what] = dumps(what).decode()[:-1] + ","
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
) -> Record:
    """The record of a frame and, where it was answered at once, of its answer. Texts are redacted already."""
    row = (charge_point, connection, received, direction, kind, action, message_id, raw, answer, deviations)
    return Record(MESSAGES, dumps(row))
