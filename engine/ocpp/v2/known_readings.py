"""TransactionEvents that bring readings and no other news: nearly all that a 2.x station says while it charges.

As 1.6's MeterValues (`v16/meter_values.at_once`) they are understood without their schema, once their texts have passed
it: it asks nothing of them but which fields there are, of which type, and their enumerations. Written out flat like
that one. Each version remembers for itself, since what one lets pass the other need not.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Final, NamedTuple

from engine.charging.messages import Instant, Json, MeterReading, Sample, TransactionReported
from engine.ocpp.keys import (
    CHARGING_STATE,
    CONTEXT,
    EVENT_TYPE,
    LOCATION,
    MEASURAND,
    METER_VALUE,
    MULTIPLIER,
    PHASE,
    SAMPLED_VALUE,
    SEQ_NO,
    TIMESTAMP,
    TRANSACTION_ID,
    TRANSACTION_INFO,
    TRIGGER_REASON,
    UNIT,
    UNIT_OF_MEASURE,
    VALUE,
)
from engine.ocpp.port import Circumstances
from engine.ocpp.schemas import MAX_INTEGER
from engine.ocpp.times import read_time
from engine.ocpp.units import multiply
from engine.ocpp.v2.meter_values import Key, meaning_of, number_of

UPDATED: Final = "Updated"
MAX_TRANSACTION_ID: Final = 36
_CACHE_LIMIT: Final = 8192
_FIELDS: Final = 6
_FIELDS_OF_INFO: Final = 2


class Proven(NamedTuple):
    """A sample's meaning, and how many fields it and its unit of measure have."""

    measurand: str
    phase: str
    location: str
    context: str
    format: str
    unit: str
    factor: Decimal | None
    base_unit: str
    fields: int
    fields_of_unit: int


_floats: Final[dict[float, tuple[str, Decimal]]] = {}
"""Fractions as text and exact number. Voltages and currents come again and again, and to write a float takes long."""

_spelled: Final[dict[str, tuple[str, Decimal]]] = {}
"""The same by their spelling in JSON."""

_SHORT: Final = 6
is_spelling: Final = re.compile(r"(?!-0(?![.]))-?(?:0|[1-9][0-9]{0,14})(?:[.][0-9]{1,15})?", re.ASCII).fullmatch
_NO_UNIT: Final[dict[str, Any]] = {}
_new_tuple: Final = tuple.__new__

_SAMPLE: Final = Sample
_INSTANT: Final = Instant
_READING: Final = MeterReading
_REPORTED: Final = TransactionReported


class KnownReadings:
    """What one version's schema has let pass: pairs of trigger and charging state, and samples without their values."""

    __slots__ = ("_heads", "_samples")

    def __init__(self) -> None:
        self._heads: set[tuple[str, str]] = set()
        self._samples: dict[Key, Proven] = {}

    def at_once(self, payload: Json, circumstances: Circumstances) -> TransactionReported | None:
        """The message of a payload that is sure to pass the schema and has nothing odd in it; None for any other."""
        if type(payload) is not dict or len(payload) != _FIELDS or payload.get(EVENT_TYPE) != UPDATED:
            return None
        info, values, number = payload.get(TRANSACTION_INFO), payload.get(METER_VALUE), payload.get(SEQ_NO)
        if type(info) is not dict or len(info) != _FIELDS_OF_INFO or type(values) is not list or not values:
            return None
        transaction, said = info.get(TRANSACTION_ID), payload.get(TIMESTAMP)
        if type(transaction) is not str or len(transaction) > MAX_TRANSACTION_ID or type(said) is not str:
            return None
        if type(number) is not int or not -MAX_INTEGER <= number <= MAX_INTEGER:
            return None
        trigger, state = payload.get(TRIGGER_REASON), info.get(CHARGING_STATE)
        if type(trigger) is not str or type(state) is not str or (trigger, state) not in self._heads:
            return None
        received = circumstances.received
        believed, deviation = read_time(said, received)
        if deviation is not None:
            return None
        readings = self._readings(values, received)
        if readings is None:
            return None
        at = _new_tuple(_INSTANT, (said, believed, received))
        # In the order of its fields: event, transaction, seq, at, trigger, offline, charging_state, reason, evse, …
        parts = (UPDATED, transaction, number, at, trigger, False, state, "", 0, 0, None, None, readings, None, None)
        return _new_tuple(_REPORTED, parts)

    def _readings(self, values: list[Any], received: int) -> tuple[MeterReading, ...] | None:
        found: list[MeterReading] = []
        for value in values:
            if type(value) is not dict or len(value) != 2:
                return None
            said, sampled_values = value.get(TIMESTAMP), value.get(SAMPLED_VALUE)
            if type(said) is not str or type(sampled_values) is not list or not sampled_values:
                return None
            believed, deviation = read_time(said, received)
            if deviation is not None:
                return None
            samples = self._sampled(sampled_values)
            if samples is None:
                return None
            found.append(_new_tuple(_READING, (_new_tuple(_INSTANT, (said, believed, received)), samples)))
        return tuple(found)

    def _sampled(self, sampled_values: list[Any]) -> tuple[Sample, ...] | None:
        """The samples, if each is proven and its value a plain number."""
        samples: list[Sample] = []
        for sampled in sampled_values:
            if type(sampled) is not dict:
                return None
            of_unit = sampled.get(UNIT_OF_MEASURE)
            if of_unit is None:
                of_unit = _NO_UNIT
            elif type(of_unit) is not dict:
                return None
            multiplier = of_unit.get(MULTIPLIER)
            if multiplier is not None and type(multiplier) is not int:  # true is 1 and 1.0 is 1 as a key
                return None
            key = (
                sampled.get(MEASURAND),
                sampled.get(PHASE),
                sampled.get(LOCATION),
                sampled.get(CONTEXT),
                of_unit.get(UNIT),
                multiplier,
            )
            try:
                proof = self._samples.get(key)
            except TypeError:  # a list or an object where a text belongs
                return None
            if proof is None:
                return None
            measurand, phase, location, context, said_format, unit, factor, base_unit, fields, fields_of_unit = proof
            if len(sampled) != fields or len(of_unit) != fields_of_unit:
                return None
            exact = _exact(sampled.get(VALUE))
            if exact is None:
                return None
            raw, value = exact
            if factor is not None:
                value = multiply(value, factor)
            sample = (measurand, phase, location, context, said_format, unit, raw, value, base_unit)
            samples.append(_new_tuple(_SAMPLE, sample))
        return tuple(samples)

    def proven_samples(self, sampled_values: list[Any]) -> list[Proven]:
        """What the samples of a reading mean that `at_once` has understood, without their values."""
        found = []
        for sampled in sampled_values:
            of_unit = sampled.get(UNIT_OF_MEASURE, _NO_UNIT)
            texts = (sampled.get(MEASURAND), sampled.get(PHASE), sampled.get(LOCATION), sampled.get(CONTEXT))
            found.append(self._samples[(*texts, of_unit.get(UNIT), of_unit.get(MULTIPLIER))])
        return found

    def prove(self, payload: dict[str, Any]) -> None:
        """Remember the texts of a payload that has passed the schema, for `at_once`."""
        info: dict[str, Any] = payload[TRANSACTION_INFO]
        values: list[Any] = payload.get(METER_VALUE, [])
        if payload[EVENT_TYPE] == UPDATED and CHARGING_STATE in info:
            self._heads.add((payload[TRIGGER_REASON], info[CHARGING_STATE]))
        for value in values:
            for sampled in value[SAMPLED_VALUE]:
                self._prove_sample(sampled)

    def _prove_sample(self, sampled: dict[str, Any]) -> None:
        """One with fields that its meaning does not depend on (signed data, a vendor's own) is never proven."""
        of_unit: dict[str, Any] = sampled.get(UNIT_OF_MEASURE, _NO_UNIT)
        texts = [sampled.get(name) for name in (MEASURAND, PHASE, LOCATION, CONTEXT)]
        unit, multiplier = of_unit.get(UNIT), of_unit.get(MULTIPLIER)
        fields = 1 + sum(text is not None for text in texts) + (UNIT_OF_MEASURE in sampled)
        fields_of_unit = (unit is not None) + (multiplier is not None)
        if len(sampled) != fields or len(of_unit) != fields_of_unit or type(multiplier) not in (int, type(None)):
            return
        measurand, phase, location, context = texts
        key = (measurand, phase, location, context, unit, multiplier)
        meant, factor, base_unit, odd = meaning_of(key)
        if len(self._samples) >= _CACHE_LIMIT:
            self._samples.clear()
        if not odd:
            self._samples[key] = Proven(*meant, factor, base_unit, fields, fields_of_unit)


def exact_text(said: str) -> tuple[str, Decimal] | None:
    """A JSON number's spelling as the text and the exact number that the parser's number gives; None if it is odd."""
    known = _spelled.get(said)
    if known is None and is_spelling(said) is not None:
        known = _exact(float(said) if "." in said else int(said))
        if known is not None and len(said) <= _SHORT:
            if len(_spelled) >= _CACHE_LIMIT:
                _spelled.clear()
            _spelled[said] = known
    return known


def _exact(said: object) -> tuple[str, Decimal] | None:
    """A JSON number as text and exact number, if it is a plain one."""
    if type(said) is float:
        known = _floats.get(said)
        if known is not None:
            return known
        raw = repr(said)
        number = number_of(raw)
        if number is None:
            return None
        if said:  # 0.0 and -0.0 are one key
            if len(_floats) >= _CACHE_LIMIT:
                _floats.clear()
            _floats[said] = (raw, number)
        return raw, number
    if type(said) is not int:
        return None
    raw = str(said)
    number = number_of(raw)
    return None if number is None else (raw, number)
