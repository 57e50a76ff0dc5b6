"""TransactionEvents of one reading and no other news, taken apart by their form (`engine/ocpp/forms.py`)."""

from __future__ import annotations

from typing import Any, Final

from engine.charging.messages import Instant, Json, MeterReading, Sample, StationMessage, TransactionReported
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
from engine.ocpp.keys import METER_VALUE, SAMPLED_VALUE, SEQ_NO, TIMESTAMP, TRANSACTION_ID, VALUE
from engine.ocpp.units import multiply
from engine.ocpp.v2.known_readings import MAX_TRANSACTION_ID, UPDATED, KnownReadings, Proven, exact_text

ACTION: Final = "TransactionEvent"
_MARKS = marks_of(TIMESTAMP, SEQ_NO, TRANSACTION_ID, VALUE)
_samples: Final = KnownSamples()
_new_tuple: Final = tuple.__new__

_SAMPLE: Final = Sample
_INSTANT: Final = Instant
_READING: Final = MeterReading
_REPORTED: Final = TransactionReported
_SEEN: Final = Seen


class ReadingsForm(Form):
    """`meanings` are those of the samples in their order; the others tell which part is what."""

    __slots__ = (
        "identity",
        "meanings",
        "number",
        "numbers",
        "state",
        "time",
        "time_of_reading",
        "transaction",
        "trigger",
        "values",
    )

    def __init__(
        self,
        constants: tuple[str, ...],
        names: list[str],
        meanings: list[Proven],
        trigger: str,
        state: str,
        *,
        reading_first: bool,
    ) -> None:
        super().__init__(constants)
        self.identity = names.index(MESSAGE_ID)
        self.number = names.index(SEQ_NO)
        self.transaction = names.index(TRANSACTION_ID)
        times = [at for at, name in enumerate(names) if name == TIMESTAMP]
        self.time_of_reading, self.time = times if reading_first else (times[1], times[0])
        self.values = [at for at, name in enumerate(names) if name == VALUE]
        self.meanings = meanings
        self.numbers = [_samples.number_of(meaning) for meaning in meanings]
        self.trigger, self.state = trigger, state

    def read(self, text: str, received: int) -> Seen | None:
        parts = self.parts(text)
        if parts is None or not self._spelled_plainly(parts):
            return None
        said, said_of_reading = parts[self.time], parts[self.time_of_reading]
        believed, believed_of_reading = plain_time(said, received), plain_time(said_of_reading, received)
        if believed is None or believed_of_reading is None:
            return None
        samples = self._samples(parts)
        if samples is None:
            return None
        at = _new_tuple(_INSTANT, (said, believed, received))
        taken_at = _new_tuple(_INSTANT, (said_of_reading, believed_of_reading, received))
        readings = (_new_tuple(_READING, (taken_at, samples)),)
        transaction, seq, trigger, state = parts[self.transaction], int(parts[self.number]), self.trigger, self.state
        # In the order of its fields: event, transaction, seq, at, trigger, offline, charging_state, reason, evse, …
        told = (UPDATED, transaction, seq, at, trigger, False, state, "", 0, 0, None, None, readings, None, None)
        return _new_tuple(_SEEN, (parts[self.identity], ACTION, _new_tuple(_REPORTED, told)))

    def _spelled_plainly(self, parts: list[str]) -> bool:
        return (
            is_natural(parts[self.number])
            and is_safe(parts[self.identity], MAX_MESSAGE_ID)
            and is_safe(parts[self.transaction], MAX_TRANSACTION_ID)
        )

    def _samples(self, parts: list[str]) -> tuple[Sample, ...] | None:
        samples: list[Sample] = []
        values, meanings, numbers = self.values, self.meanings, self.numbers
        for index in range(len(meanings)):
            said = parts[values[index]]
            known = _samples.get(numbers[index], said)
            if known is not None:
                samples.append(known)
                continue
            exact = exact_text(said)
            if exact is None:
                return None
            raw, value = exact
            measurand, phase, location, context, said_format, unit, factor, base_unit, _, _ = meanings[index]
            if factor is not None:
                value = multiply(value, factor)
            parted = (measurand, phase, location, context, said_format, unit, raw, value, base_unit)
            sample = _new_tuple(_SAMPLE, parted)
            _samples.keep(numbers[index], said, sample)
            samples.append(sample)
        return tuple(samples)


class ReadingsForms:
    """One version's forms, as `KnownReadings` has what its schema has let pass."""

    def __init__(self, known: KnownReadings) -> None:
        self._known = known
        self._forms: KnownForms[ReadingsForm] = KnownForms()

    def form_of(self, text: str, payload: Json, message: StationMessage) -> ReadingsForm | None:
        """The form of a CALL that `at_once` has understood as `message`; None if it has none that could be kept.

        Each name is there as often as the payload has it, so none stands twice in an object, where the last would
        count. The event's own time is the first or the last: those of readings are inside of `meterValue`.
        """
        if type(payload) is not dict or type(message) is not TransactionReported or len(message.readings) != 1:
            return None
        parts = marked(text, _MARKS)
        if parts is None or text.count('"meterValue"') != 1:
            return None
        reading: dict[str, Any] = payload[METER_VALUE][0]
        meanings = self._known.proven_samples(reading[SAMPLED_VALUE])
        names = [part.name for part in parts]
        expected = [MESSAGE_ID, SEQ_NO, TRANSACTION_ID, TIMESTAMP, TIMESTAMP, *[VALUE] * len(meanings)]
        if sorted(names) != sorted(expected):
            return None
        reading_first = parts[names.index(TIMESTAMP)].start > text.index('"meterValue"')
        constants = constants_of(text, parts)
        trigger, state = message.trigger, message.charging_state
        form = ReadingsForm(constants, names, meanings, trigger, state, reading_first=reading_first)
        seen = form.read(text, message.at.received)
        return self._forms.shared(form) if seen is not None and seen.message == message else None
