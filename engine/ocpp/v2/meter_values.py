"""MeterValues of 2.x and the readings in a TransactionEvent (2.0.1 block J): the hot path of 2.x.

As in 1.6's module, what a sample's texts mean is worked out once and remembered. Values are JSON numbers here, with a
power of ten beside them (`multiplier`); a signed value becomes a sample of its own whose text is the signed data's
JSON, each field byte for byte as it was said.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final

import orjson

from engine.charging.messages import Instant, MeterReading, MetersReported, Sample
from engine.ocpp.deviations import Deviation, note
from engine.ocpp.fields import MAX_CONNECTOR, checked_connector, instant
from engine.ocpp.keys import (
    CONTEXT,
    LOCATION,
    MEASURAND,
    MULTIPLIER,
    PHASE,
    SAMPLED_VALUE,
    SIGNED_METER_VALUE,
    TIMESTAMP,
    UNIT,
    UNIT_OF_MEASURE,
    VALUE,
)
from engine.ocpp.port import Circumstances
from engine.ocpp.times import read_time
from engine.ocpp.units import is_plain, multiply, read_value, unit_of

_CACHE_LIMIT: Final = 8192
_SHORT: Final = 6
_MAX_MULTIPLIER = 30

_Texts = tuple[str, str, str, str, str, str]
Key = tuple[str | None, str | None, str | None, str | None, str | None, int | None]
_Meaning = tuple[_Texts, Decimal | None, str, bool]
"""The six texts with their defaults, factor, base unit, and whether the unit deviates."""

_meanings: Final[dict[Key, _Meaning]] = {}
_numbers: Final[dict[str, Decimal]] = {}
_new_tuple: Final = tuple.__new__
_NO_UNIT: Final[dict[str, Any]] = {}

_SAMPLE: Final = Sample
_INSTANT: Final = Instant
_READING: Final = MeterReading


def understand(payload: dict[str, Any], circumstances: Circumstances) -> MetersReported:
    """MeterValues outside of transactions (J01): those of a transaction come by TransactionEvent."""
    evse: int = payload["evseId"]
    if not 0 <= evse <= MAX_CONNECTOR:
        checked_connector(evse, "evseId")
    return MetersReported(evse, 1 if evse else 0, "", readings(payload["meterValue"], circumstances))


def readings(meter_values: Iterable[dict[str, Any]], circumstances: Circumstances) -> tuple[MeterReading, ...]:
    """MeterValueType elements as readings. Elements without any sampled value are left out: they say nothing."""
    received = circumstances.received
    found = []
    for meter_value in meter_values:
        samples: list[Sample] = []
        sampled: dict[str, Any]
        for sampled in meter_value.get(SAMPLED_VALUE, ()):
            of_unit: dict[str, Any] = sampled.get(UNIT_OF_MEASURE) or _NO_UNIT
            key = (
                sampled.get(MEASURAND),
                sampled.get(PHASE),
                sampled.get(LOCATION),
                sampled.get(CONTEXT),
                of_unit.get(UNIT),
                of_unit.get(MULTIPLIER),
            )
            texts, factor, base_unit, odd = meaning_of(key)
            said = sampled.get(VALUE)
            raw = said if type(said) is str else repr(said)
            value = _numbers.get(raw)
            if value is None or odd:
                value = _read_value(raw, texts, factor, circumstances, odd=odd)
            elif factor is not None:
                value = multiply(value, factor)
            measurand, phase, location, context, said_format, unit = texts
            sample = (measurand, phase, location, context, said_format, unit, raw, value, base_unit)
            samples.append(_new_tuple(_SAMPLE, sample))
            if SIGNED_METER_VALUE in sampled:
                samples.append(_signed(texts, sampled[SIGNED_METER_VALUE]))
        if not samples:
            continue
        text = meter_value.get(TIMESTAMP)
        believed, deviation = read_time(text, received) if text else (received, Deviation.MISSING_TIME)
        if deviation is None:
            at = _new_tuple(_INSTANT, (text, believed, received))
        else:
            at = instant(meter_value, circumstances)
        found.append(_new_tuple(_READING, (at, tuple(samples))))
    return tuple(found)


def _signed(texts: _Texts, said: Any) -> Sample:
    """The signed data beside a value, for whoever checks the signature: never decoded, never re-encoded."""
    measurand, phase, location, context, _, _ = texts
    raw = orjson.dumps(said).decode()
    return Sample(measurand, phase, location, context, "SignedData", "", raw, None, "")


def _read_value(
    raw: str, texts: _Texts, factor: Decimal | None, circumstances: Circumstances, *, odd: bool
) -> Decimal | None:
    number = None if odd else number_of(raw)
    if number is not None:
        return number if factor is None else multiply(number, factor)
    measurand, unit = texts[0], texts[5]
    deviation = unit_of(measurand, unit).deviation
    if deviation is not None:
        note(circumstances.notes, deviation, f"{measurand} in {unit}")
    value, deviation = read_value(raw, factor)
    if deviation is not None:
        note(circumstances.notes, deviation, f"{measurand}: {raw[:40]}")
    return value


def number_of(raw: str) -> Decimal | None:
    """The number that a plain text is, remembered if it is short; None for any other text."""
    number = _numbers.get(raw)
    if number is None and is_plain(raw) is not None:
        number = Decimal(raw)
        if len(raw) <= _SHORT:
            if len(_numbers) >= _CACHE_LIMIT:
                _numbers.clear()
            _numbers[raw] = number
    return number


def meaning_of(key: Key) -> _Meaning:
    """What a sample with these texts means, without its value."""
    return _meanings.get(key) or _learn(key)


def _learn(key: Key) -> _Meaning:
    """Work out what a sample with these texts means, and remember it.

    Without a unit, 2.x's default Wh belongs to energies only; other measurands are in their own SI unit.
    """
    measurand, phase, location, context, said_unit, multiplier = key
    name = measurand or "Energy.Active.Import.Register"
    unit = unit_of(name, said_unit)
    factor = unit.factor
    if multiplier and abs(multiplier) <= _MAX_MULTIPLIER:
        factor = Decimal(1).scaleb(multiplier) if factor is None else multiply(factor, Decimal(1).scaleb(multiplier))
    meaning = (
        (name, phase or "", location or "Outlet", context or "Sample.Periodic", "Raw", unit.said),
        factor,
        unit.base,
        unit.deviation is not None,
    )
    if len(_meanings) >= _CACHE_LIMIT:
        _meanings.clear()
    _meanings[key] = meaning
    return meaning
