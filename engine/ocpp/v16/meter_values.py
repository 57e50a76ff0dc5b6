"""MeterValues and the readings in StopTransaction (OCPP 1.6, sections 4.7 and 7.33): the hot path.

What six texts of a sampled value (measurand, phase, location, context, format, unit) mean is worked out once and
remembered, and so are short numbers: a sample costs two lookups. Written out flat on purpose: a call a field would
double it. A schema asks nothing of a sampled value but its fields and their enumerations, so the six texts of one that
has passed need not pass again: a payload made of such samples only is understood without its schema (`at_once`).
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final, NamedTuple

from engine.charging.messages import Instant, Json, MeterReading, MetersReported, Sample
from engine.ocpp.deviations import Deviation, note
from engine.ocpp.fields import MAX_CONNECTOR, checked_connector, instant
from engine.ocpp.keys import (
    CONNECTOR_ID,
    CONTEXT,
    FORMAT,
    LOCATION,
    MEASURAND,
    METER_VALUE,
    PHASE,
    SAMPLED_VALUE,
    TIMESTAMP,
    TRANSACTION_ID,
    UNIT,
    VALUE,
)
from engine.ocpp.port import Circumstances
from engine.ocpp.schemas import MAX_INTEGER
from engine.ocpp.times import read_time
from engine.ocpp.units import is_plain, multiply, read_value, unit_of

_CACHE_LIMIT: Final = 8192
_SHORT: Final = 6
"""Numbers of up to so many characters (voltages, currents, percentages) come again and again and are remembered."""

_Key = tuple[str | None, str | None, str | None, str | None, str | None, str | None]


_Texts = tuple[str, str, str, str, str, str]
_Meaning = tuple[_Texts, Decimal | None, str, bool]
"""A sample without its value: the six texts with their defaults, factor, base unit, and whether it is odd.

Odd are signed data and units that deviate: their values need a second look. No NamedTuple: plain tuples unpack faster.
"""


class Proven(NamedTuple):
    """The meaning of a sample that is not odd and whose texts have passed the schema, and how many fields it has."""

    measurand: str
    phase: str
    location: str
    context: str
    format: str
    unit: str
    factor: Decimal | None
    base_unit: str
    fields: int


_meanings: Final[dict[_Key, _Meaning]] = {}
_proven: Final[dict[_Key, Proven]] = {}
_numbers: Final[dict[str, Decimal]] = {}
_new_tuple: Final = tuple.__new__

_SAMPLE: Final = Sample
_INSTANT: Final = Instant
_READING: Final = MeterReading
_REPORTED: Final = MetersReported


def understand(payload: dict[str, Any], circumstances: Circumstances) -> MetersReported:
    evse: int = payload["connectorId"]
    if not 0 <= evse <= MAX_CONNECTOR:
        checked_connector(evse)
    transaction = payload.get(TRANSACTION_ID)
    told = "" if transaction is None else str(transaction)
    found = readings(payload["meterValue"], circumstances)
    return _new_tuple(_REPORTED, (evse, 1 if evse else 0, told, found))


def at_once(payload: Json, circumstances: Circumstances) -> MetersReported | None:
    """The message of a payload that is sure to pass the schema and has nothing odd in it; None for any other."""
    if type(payload) is not dict:
        return None
    evse, transaction, meter_values = (
        payload.get(CONNECTOR_ID),
        payload.get(TRANSACTION_ID),
        payload.get(METER_VALUE),
    )
    if type(evse) is not int or not 0 <= evse <= MAX_CONNECTOR or type(meter_values) is not list or not meter_values:
        return None
    if type(transaction) is int and -MAX_INTEGER <= transaction <= MAX_INTEGER:
        told, fields = str(transaction), 3
    else:
        told, fields = "", 2
    if len(payload) != fields:
        return None
    received = circumstances.received
    found = []
    for meter_value in meter_values:
        if type(meter_value) is not dict or len(meter_value) != 2:
            return None
        said, sampled_values = meter_value.get(TIMESTAMP), meter_value.get(SAMPLED_VALUE)
        if type(said) is not str or type(sampled_values) is not list or not sampled_values:
            return None
        samples = _samples_at_once(sampled_values)
        if samples is None:
            return None
        believed, deviation = read_time(said, received)
        if deviation is not None:
            return None
        found.append(_new_tuple(_READING, (_new_tuple(_INSTANT, (said, believed, received)), samples)))
    return _new_tuple(_REPORTED, (evse, 1 if evse else 0, told, tuple(found)))


def _samples_at_once(sampled_values: list[Any]) -> tuple[Sample, ...] | None:
    """The samples, if each is proven and its value a plain number."""
    samples: list[Sample] = []
    for sampled in sampled_values:
        if type(sampled) is not dict:
            return None
        key = (
            sampled.get(MEASURAND),
            sampled.get(PHASE),
            sampled.get(LOCATION),
            sampled.get(CONTEXT),
            sampled.get(FORMAT),
            sampled.get(UNIT),
        )
        try:
            proof = _proven.get(key)
        except TypeError:  # a list or an object where a text belongs
            return None
        raw = sampled.get(VALUE)
        if proof is None or type(raw) is not str:
            return None
        measurand, phase, location, context, said_format, unit, factor, base_unit, fields = proof
        if len(sampled) != fields:
            return None
        value = plain_number(raw)
        if value is None:
            return None
        if factor is not None:
            value = multiply(value, factor)
        sample = (measurand, phase, location, context, said_format, unit, raw, value, base_unit)
        samples.append(_new_tuple(_SAMPLE, sample))
    return tuple(samples)


def proven_samples(sampled_values: list[Any]) -> list[Proven]:
    """What the samples of a reading mean that `at_once` has understood, without their values."""
    return [_proven[_key_of(sampled)] for sampled in sampled_values]


def _key_of(sampled: dict[str, Any]) -> _Key:
    """The six texts of a sample. The hot path has this written out."""
    return (
        sampled.get(MEASURAND),
        sampled.get(PHASE),
        sampled.get(LOCATION),
        sampled.get(CONTEXT),
        sampled.get(FORMAT),
        sampled.get(UNIT),
    )


def prove(payload: dict[str, Any]) -> None:
    """Remember the samples of a payload that has passed the schema, for `at_once`."""
    for meter_value in payload["meterValue"]:
        for sampled in meter_value["sampledValue"]:
            key = _key_of(sampled)
            texts, factor, base_unit, odd = _meanings.get(key) or _learn(key)
            if len(_proven) >= _CACHE_LIMIT:
                _proven.clear()
            if not odd:
                _proven[key] = Proven(*texts, factor, base_unit, len(sampled))


def readings(meter_values: Iterable[dict[str, Any]], circumstances: Circumstances) -> tuple[MeterReading, ...]:
    """MeterValue elements as readings. Elements without any sampled value are left out: they say nothing."""
    received = circumstances.received
    found = []
    for meter_value in meter_values:
        samples: list[Sample] = []
        sampled: dict[str, Any]
        for sampled in meter_value.get("sampledValue", ()):
            key = (
                sampled.get(MEASURAND),
                sampled.get(PHASE),
                sampled.get(LOCATION),
                sampled.get(CONTEXT),
                sampled.get(FORMAT),
                sampled.get(UNIT),
            )
            meaning = _meanings.get(key)
            if meaning is None:
                meaning = _learn(key)
            texts, factor, base_unit, odd = meaning
            raw = sampled.get(VALUE, "")
            value = _numbers.get(raw)
            if value is None or odd:
                value = _read_value(raw, texts, factor, circumstances, odd=odd)
            elif factor is not None:
                value = multiply(value, factor)
            measurand, phase, location, context, said_format, unit = texts
            sample = (measurand, phase, location, context, said_format, unit, raw, value, base_unit)
            samples.append(_new_tuple(_SAMPLE, sample))
        if not samples:
            continue
        said = meter_value.get(TIMESTAMP)
        believed, deviation = read_time(said, received) if said else (received, Deviation.MISSING_TIME)
        if deviation is None:
            at = _new_tuple(_INSTANT, (said, believed, received))
        else:
            at = instant(meter_value, circumstances)
        found.append(_new_tuple(_READING, (at, tuple(samples))))
    return tuple(found)


def _read_value(
    raw: str, texts: _Texts, factor: Decimal | None, circumstances: Circumstances, *, odd: bool
) -> Decimal | None:
    """The value of a sample whose text is not remembered as a number, or whose meaning is odd."""
    if not odd and is_plain(raw) is not None:
        number = _remembered_number(raw)
        return number if factor is None else multiply(number, factor)
    measurand, said_format, unit = texts[0], texts[4], texts[5]
    deviation = unit_of(measurand, unit).deviation
    if deviation is not None:
        note(circumstances.notes, deviation, f"{measurand} in {unit}")
    if said_format == "SignedData":
        return None
    value, deviation = read_value(raw, factor)
    if deviation is not None:
        note(circumstances.notes, deviation, f"{measurand}: {raw[:40]}")
    return value


def plain_number(raw: str) -> Decimal | None:
    """The number that a plain text is; None for any other text."""
    value = _numbers.get(raw)
    if value is None and is_plain(raw) is not None:
        value = _remembered_number(raw)
    return value


def _remembered_number(raw: str) -> Decimal:
    """A plain number, remembered if it is short."""
    number = Decimal(raw)
    if len(raw) <= _SHORT:
        if len(_numbers) >= _CACHE_LIMIT:
            _numbers.clear()
        _numbers[raw] = number
    return number


def _learn(key: _Key) -> _Meaning:
    """Work out what a sample with these six texts means, and remember it."""
    measurand, phase, location, context, said_format, said_unit = key
    name = measurand or "Energy.Active.Import.Register"
    unit = unit_of(name, said_unit)
    said_format = said_format or "Raw"
    meaning = (
        (name, phase or "", location or "Outlet", context or "Sample.Periodic", said_format, unit.said),
        unit.factor,
        unit.base,
        said_format == "SignedData" or unit.deviation is not None,
    )
    if len(_meanings) >= _CACHE_LIMIT:
        _meanings.clear()
    _meanings[key] = meaning
    return meaning
