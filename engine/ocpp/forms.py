"""The form of a frame: what stays as it is from one to the next, and where the parts are that differ.

A station that charges says the same thing every few seconds with other numbers in it. Once such a frame has been read,
passed its schema and been understood, its form is kept, and the next one of the same form is taken apart by its
constant parts alone, without a JSON parser: a third of a message's work. That is sound because JSON is: two texts that
differ in the inside of some strings and numbers only, and have nothing there but plain characters, are parsed to trees
that differ there only. Whatever is not exactly of the form goes the ordinary way.

What a form's variable parts mean is the version's business (`v16/meter_values_form.py`, `v2/readings_form.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final, Generic, NamedTuple, TypeVar, final

from engine.charging.messages import Sample, StationMessage
from engine.ocpp.frames import MAX_MESSAGE_ID
from engine.ocpp.times import MAX_LENGTH, read_time, read_usual_time

MESSAGE_ID: Final = "id"
_MOST_FORMS = 1024
"""Stations of one make and model share theirs, so there are few."""

_MOST_SAMPLES: Final = 16_384
_SHORT: Final = 6

_HEAD = re.compile(r'\s*\[\s*2\s*,\s*"([^"\\]*)"', re.ASCII)


class Part(NamedTuple):
    """A variable part: what it is (`MESSAGE_ID`, or the name of its field), and from where to where it goes."""

    name: str
    start: int
    end: int


@final
class Seen(NamedTuple):
    """A CALL that was understood by its form."""

    message_id: str
    action: str
    message: StationMessage


class Form:
    """One form. `constants` stand before, between and behind the variable parts; `stops` end those: a character each.

    Shared by all connections of the process; versions derive theirs and read the parts.
    """

    __slots__ = ("constants", "stops")

    def __init__(self, constants: Sequence[str]) -> None:
        self.constants = list(constants)
        self.stops = [constant[0] for constant in self.constants[1:]]

    def parts(self, text: str) -> list[str] | None:
        """The variable parts of a text of this form; None if it is of another, or holds what is not ASCII."""
        constants, stops = self.constants, self.stops
        first = constants[0]
        if not text.isascii() or not text.startswith(first):
            return None
        at = len(first)
        found: list[str] = []
        for index in range(len(stops)):
            end = text.find(stops[index], at)
            if end < 0:
                return None
            constant = constants[index + 1]
            behind = end + len(constant)
            # Compiled, a slice and a comparison take a third of what a method with an offset does.
            if text[end:behind] != constant:
                return None
            found.append(text[at:end])
            at = behind
        return found if at == len(text) else None

    def read(self, text: str, received: int) -> Seen | None:
        """The CALL that a text of this form is, received at (microseconds); None for any other, or with doubts."""
        raise NotImplementedError


def is_safe(text: str, longest: int) -> bool:
    """Whether an ASCII text that ends at a quotation mark is the inside of a JSON string as it stands."""
    return 0 < len(text) <= longest and text.isprintable() and "\\" not in text


def is_message_id(text: str) -> bool:
    """As `is_safe`, for a message id."""
    return is_safe(text, MAX_MESSAGE_ID)


def is_natural(text: str) -> bool:
    """Whether an ASCII text is a natural number of at most 18 digits as JSON spells it."""
    size = len(text)
    return size <= 18 and text.isdecimal() and (size == 1 or text[0] != "0")


def plain_time(said: str, received: int) -> int | None:
    """The time to believe for a text with nothing odd about it (`read_time`); None for any other."""
    believed = read_usual_time(said, received)
    if believed is not None or not is_safe(said, MAX_LENGTH):
        return believed
    believed, deviation = read_time(said, received)
    return believed if deviation is None else None


def marks_of(*names: str) -> re.Pattern[str]:
    """Finds the strings and numbers that fields of these names have."""
    return re.compile(rf'"({"|".join(names)})"\s*:\s*(?:"([^"\\]*)|([-+.0-9eE]+))', re.ASCII)


def marked(text: str, marks: re.Pattern[str]) -> list[Part] | None:
    """The variable parts of a CALL's text: its id, and what `marks` finds behind it.

    None for a text with a backslash, whose fields could be spelled in other ways, or with what is not ASCII.
    """
    head = _HEAD.match(text)
    if head is None or "\\" in text or not text.isascii():
        return None
    parts = [Part(MESSAGE_ID, *head.span(1))]
    parts += [Part(found[1], *found.span(found.lastindex or 2)) for found in marks.finditer(text, head.end())]
    return parts


def constants_of(text: str, parts: Iterable[Part]) -> tuple[str, ...]:
    """What stands before, between and behind the parts."""
    constants, at = [], 0
    for part in parts:
        constants.append(text[at : part.start])
        at = part.end
    return (*constants, text[at:])


class KnownSamples:
    """Whole samples by their meaning and what was said: voltages, currents and percentages come again and again.

    One memory for all forms of a version, so that it has one bound. Meanings go by number: to look a text up by all the
    texts of its meaning would cost what it saves.
    """

    __slots__ = ("_numbers", "_samples", "_taken")

    def __init__(self) -> None:
        self._numbers: dict[tuple[object, ...], int] = {}
        self._taken = 0
        self._samples: dict[tuple[int, str], Sample] = {}

    def number_of(self, meaning: tuple[object, ...]) -> int:
        """The number of a meaning, which no other one ever has."""
        if len(self._numbers) >= _MOST_FORMS:
            self._numbers.clear()
        number = self._numbers.get(meaning)
        if number is None:
            self._taken += 1
            number = self._numbers[meaning] = self._taken
        return number

    def get(self, number: int, said: str) -> Sample | None:
        """The sample of a meaning whose value was said so before, if it is remembered."""
        return self._samples.get((number, said))

    def keep(self, number: int, said: str, sample: Sample) -> None:
        """Remember a sample, if what was said is short enough to be said again."""
        if len(said) <= _SHORT:
            if len(self._samples) >= _MOST_SAMPLES:
                self._samples.clear()
            self._samples[(number, said)] = sample


Kind = TypeVar("Kind", bound=Form)


class KnownForms(Generic[Kind]):
    """Forms by their constants, so that all stations that say the same share one."""

    def __init__(self) -> None:
        self._forms: dict[tuple[str, ...], Kind] = {}

    def shared(self, form: Kind) -> Kind:
        """The one that is kept of this form."""
        if len(self._forms) >= _MOST_FORMS:
            self._forms.clear()
        return self._forms.setdefault(tuple(form.constants), form)
