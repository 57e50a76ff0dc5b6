"""MeterValues of one reading, taken apart by their form (`engine/ocpp/forms.py`): nearly all of what 1.6 says."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from engine.charging.messages import Instant, Json, MeterReading, MetersReported, Sample, StationMessage
from engine.ocpp.fields import MAX_CONNECTOR
from engine.ocpp.forms import (
    MESSAGE_ID,
    Form,
    KnownForms,
    KnownSamples,
    Seen,
    constants_of,
    is_natural,
    is_safe,
    marked,
    marks_of,
    plain_time,
)
from engine.ocpp.frames import MAX_MESSAGE_ID
from engine.ocpp.keys import CONNECTOR_ID, METER_VALUE, SAMPLED_VALUE, TIMESTAMP, TRANSACTION_ID, VALUE
from engine.ocpp.units import multiply
from engine.ocpp.v16.meter_values import Proven, plain_number, proven_samples

ACTION: Final = "MeterValues"
_MARKS = marks_of(CONNECTOR_ID, TRANSACTION_ID, TIMESTAMP, VALUE)
_ABSENT: Final = -1
_samples: Final = KnownSamples()
_CONNECTORS: Final = {str(number): number for number in range(MAX_CONNECTOR + 1)}
_new_tuple: Final = tuple.__new__

_SAMPLE: Final = Sample
_INSTANT: Final = Instant
_READING: Final = MeterReading
_REPORTED: Final = MetersReported
_SEEN: Final = Seen


class MeterValuesForm(Form):
    """`meanings` are those of the samples in their order; the others tell which part is what."""

    __slots__ = ("connector", "identity", "meanings", "numbers", "time", "transaction", "values")

    def __init__(self, constants: tuple[str, ...], names: list[str], meanings: list[Proven]) -> None:
        super().__init__(constants)
        self.identity = names.index(MESSAGE_ID)
        self.connector = names.index(CONNECTOR_ID)
        self.transaction = names.index(TRANSACTION_ID) if TRANSACTION_ID in names else _ABSENT
        self.time = names.index(TIMESTAMP)
        self.values = [at for at, name in enumerate(names) if name == VALUE]
        self.meanings = meanings
        self.numbers = [_samples.number_of(meaning) for meaning in meanings]

    def read(self, text: str, received: int) -> Seen | None:
        parts = self.parts(text)
        if parts is None:
            return None
        message_id, said = parts[self.identity], parts[self.time]
        if not is_safe(message_id, MAX_MESSAGE_ID):
            return None
        evse = _CONNECTORS.get(parts[self.connector])
        if evse is None:
            return None
        told = ""
        if self.transaction != _ABSENT:
            told = parts[self.transaction]
            if not is_natural(told):
                return None
        believed = plain_time(said, received)
        if believed is None:
            return None
        samples = self._samples(parts)
        if samples is None:
            return None
        reading = _new_tuple(_READING, (_new_tuple(_INSTANT, (said, believed, received)), samples))
        message = _new_tuple(_REPORTED, (evse, 1 if evse else 0, told, (reading,)))
        return _new_tuple(_SEEN, (message_id, ACTION, message))

    def _samples(self, parts: list[str]) -> tuple[Sample, ...] | None:
        samples: list[Sample] = []
        values, meanings, numbers = self.values, self.meanings, self.numbers
        for index in range(len(meanings)):
            raw = parts[values[index]]
            known = _samples.get(numbers[index], raw)
            if known is not None:
                samples.append(known)
                continue
            value: Decimal | None = plain_number(raw)
            if value is None:
                return None
            measurand, phase, location, context, said_format, unit, factor, base_unit, _ = meanings[index]
            if factor is not None:
                value = multiply(value, factor)
            parted = (measurand, phase, location, context, said_format, unit, raw, value, base_unit)
            sample = _new_tuple(_SAMPLE, parted)
            _samples.keep(numbers[index], raw, sample)
            samples.append(sample)
        return tuple(samples)


_forms: Final[KnownForms[MeterValuesForm]] = KnownForms()


def form_of(text: str, payload: Json, message: StationMessage) -> MeterValuesForm | None:
    """The form of a CALL that `at_once` has understood as `message`; None if it has none that could be kept.

    Each name is there as often as the payload has it, so no name stands twice in an object, where the last would count.
    """
    if type(payload) is not dict or type(message) is not MetersReported or len(message.readings) != 1:
        return None
    parts = marked(text, _MARKS)
    if parts is None:
        return None
    reading: dict[str, Any] = payload[METER_VALUE][0]
    meanings = proven_samples(reading[SAMPLED_VALUE])
    names = [part.name for part in parts]
    expected = [MESSAGE_ID, CONNECTOR_ID, TIMESTAMP, *[VALUE] * len(meanings)]
    if TRANSACTION_ID in payload:
        expected.append(TRANSACTION_ID)
    if sorted(names) != sorted(expected):
        return None
    form = MeterValuesForm(constants_of(text, parts), names, meanings)
    seen = form.read(text, message.readings[0].at.received)
    return _forms.shared(form) if seen is not None and seen.message == message else None
