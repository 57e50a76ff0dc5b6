"""Turns what machines say into journal records: the one place where rows get their stored bytes.

Hosts call this once a row; from here on the bytes are handed on as they are (records.py has the shapes).
"""

from __future__ import annotations

from collections.abc import Sequence

import orjson
from xxhash import xxh3_64_digest, xxh3_64_intdigest

from engine.charging.effects import AppendMeters
from engine.charging.events import Event, SessionStopped, StatusChanged
from engine.charging.messages import MeterReading
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
        texts = []
        digests = []
        for sample in reading.samples:
            raw, value = sample[6], sample[7]
            known = _known_samples.get(sample[:6])
            start, what = known if known is not None else _learn_sample(sample[:6])
            digests.append(xxh3_64_digest(raw.encode("utf-8", "surrogatepass"), seed ^ what))
            if value is not None and raw.isdecimal() and raw.isascii() and sample[5] == sample[8]:
                texts.append(f'{start}"{raw}","{raw}","{sample[8]}"]')
            else:
                number = "null" if value is None else f'"{value:f}"'
                texts.append(f"{start}{dumps(raw).decode()},{number},{dumps(sample[8]).decode()}]")
        if ordered:
            records.append(Record(METERS, f"{head}{','.join(texts)}]]".encode(), stream, b"".join(digests)))
        else:
            records += [
                Record(METERS, f"{head}{text}]]".encode(), stream, digest, True)
                for text, digest in zip(texts, digests, strict=True)
            ]
    return records


def _reading_head(charge_point: str, meters: AppendMeters, reading: MeterReading) -> tuple[str, int]:
    """The row up to its samples, and the seed of their digests: station, connector, transaction and time.

    The station's own words for the time count where it gave any; our belief may change with its clock.
    """
    said, believed, received = reading.at
    evse, connector, transaction = meters.evse, meters.connector, meters.transaction
    head = dumps((charge_point, evse, connector, meters.session, transaction, said, believed, received))
    key = f"{charge_point}\x1f{evse}\x1f{connector}\x1f{transaction}\x1f{said or believed}"
    return f"{head[:-1].decode()},[", xxh3_64_intdigest(key.encode())


_known_samples: dict[tuple[object, ...], tuple[str, int]] = {}
MOST_KNOWN_SAMPLES = 10_000


def _learn_sample(what: tuple[object, ...]) -> tuple[str, int]:
    """The beginning of a sample's text, and its share of the digest's seed: stations say the same few over and over."""
    if len(_known_samples) >= MOST_KNOWN_SAMPLES:
        _known_samples.clear()
    text = dumps(what)
    known = _known_samples[what] = (text.decode()[:-1] + ",", xxh3_64_intdigest(text))
    return known


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
