"""What a session's bill follows from: the settled session as told, as amended later, and as set right by people.

Energies are Wh, times microseconds. The token is masked before anything is stored: a bill needs to be recognised by its
driver, not to open a charger.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import Any

from engine.charging.session.registers import LATE_STOP, NO_STOP
from engine.clock import SECOND
from engine.tariffs.course import Course, Flow, Mark
from engine.tariffs.model import Tariff
from engine.tariffs.stored import course_of, stored_course, tariff_of

KWH = Decimal(1000)
_EARLIEST = 946_684_800 * SECOND
"""2000-01-01: no session was before."""


@dataclass(frozen=True, slots=True)
class Facts:
    """As in `events.SessionSettled`; `token` is the masked idToken, `driver` the account that it belongs to, or ""."""

    session: str
    charge_point: str
    evse: int
    connector: int
    transaction: str
    token: str
    driver: str
    started: int | None
    stopped: int
    ended: int
    energy_wh: Decimal | None
    reason: str
    doubts: tuple[str, ...]
    tariff: Mapping[str, Any] | None
    course: Mapping[str, Any] | None
    total: str | None
    currency: str

    @property
    def frozen_tariff(self) -> Tariff | None:
        return None if self.tariff is None else tariff_of(self.tariff)

    @property
    def marks(self) -> Course | None:
        return None if self.course is None else course_of(self.course)

    def stored(self) -> dict[str, Any]:
        energy = None if self.energy_wh is None else format(self.energy_wh, "f")
        return asdict(self) | {"energy_wh": energy, "doubts": list(self.doubts)}


@dataclass(frozen=True, slots=True)
class Figures:
    """What somebody sets right; None leaves it as it is."""

    energy_wh: Decimal | None = None
    started: int | None = None
    ended: int | None = None


def masked(token: str) -> str:
    """A token with its last four characters at most, and never more than half of it."""
    kept = min(4, len(token) // 2)
    return "•" * (len(token) - kept) + token[len(token) - kept :]


def facts_of_event(event: Mapping[str, Any], driver: str = "") -> Facts:
    """From a `session.settled` event. Raises KeyError, TypeError, ValueError for one that cannot be used."""
    energy = event["energy_wh"]
    return _checked(
        Facts(
            session=event["session"],
            charge_point=event["charge_point"],
            evse=event["evse"],
            connector=event["connector"],
            transaction=event["transaction"],
            token=masked(event["id_token"]),
            driver=driver,
            started=event["started"],
            stopped=event["stopped"],
            ended=event["ended"],
            energy_wh=None if energy is None else Decimal(energy),
            reason=event["reason"],
            doubts=tuple(event["doubts"]),
            tariff=event["tariff"],
            course=event["course"],
            total=event["total"],
            currency=event["currency"],
        )
    )


def facts_of(stored: Mapping[str, Any]) -> Facts:
    """From what `Facts.stored` made."""
    energy = stored["energy_wh"]
    return Facts(
        **{
            **stored,
            "energy_wh": None if energy is None else Decimal(energy),
            "doubts": tuple(stored["doubts"]),
        }
    )


def amended(facts: Facts, event: Mapping[str, Any]) -> Facts:
    """What `facts` are after a `session.amended` event. Raises KeyError, TypeError, ValueError as above."""
    energy = event["energy_wh"]
    known = None if energy is None else Decimal(energy)
    stopped = event["believed"]
    # Nobody told the end of a session that a later one closed; the Stop that comes after all does.
    ended = stopped if NO_STOP in facts.doubts and LATE_STOP in event["doubts"] else max(facts.ended, stopped)
    changed = with_figures(facts, Figures(known, event["started"], ended))
    # No figure leaves a figure as it is, but no energy is no energy.
    return _checked(
        replace(changed, stopped=stopped, energy_wh=known, doubts=tuple(event["doubts"]), reason=event["reason"])
    )


def with_figures(facts: Facts, figures: Figures) -> Facts:
    """The facts with a person's figures in place of the station's; the course is bent to fit them."""
    started = facts.started if figures.started is None else figures.started
    ended = facts.ended if figures.ended is None else figures.ended
    energy = facts.energy_wh if figures.energy_wh is None else figures.energy_wh
    course = facts.marks
    bent = None if course is None else stored_course(bend(course, energy, started, ended))
    stopped = min(facts.stopped, ended)
    # What the session was told under way is no measure of other figures.
    return replace(facts, started=started, stopped=stopped, ended=ended, energy_wh=energy, course=bent, total=None)


def bend(course: Course, energy_wh: Decimal | None, started: int | None, ended: int) -> Course:
    """`course` from `started` (None: as it was) to `ended`, with `energy_wh` (None: as it was) taken in proportion."""
    marks = _clipped(course.marks, started, ended)
    if energy_wh is not None and marks:
        marks = _scaled(marks, energy_wh, ended)
    return replace(course, marks=marks, ended=ended)


def _clipped(marks: tuple[Mark, ...], started: int | None, ended: int) -> tuple[Mark, ...]:
    if not marks:
        return () if started is None else (Mark(started, Decimal(0), Flow.CHARGING),)
    begin = marks[0].at if started is None else started
    kept = [mark for mark in marks if begin < mark.at < ended]
    first = _at(marks, begin)
    last = [_at(marks, ended)] if ended > begin and marks[-1].at >= ended else []
    return (first, *kept, *last)


def _at(marks: tuple[Mark, ...], at: int) -> Mark:
    """A mark at any time: the register is interpolated, and goes on as at the ends outside of what is known."""
    if at <= marks[0].at:
        return marks[0]._replace(at=at)
    before = max(index for index, mark in enumerate(marks) if mark.at <= at)
    mark = marks[before]
    if before == len(marks) - 1:
        return mark._replace(at=at)
    after = marks[before + 1]
    part = Decimal(at - mark.at) / Decimal(after.at - mark.at)
    return mark._replace(at=at, register_wh=mark.register_wh + (after.register_wh - mark.register_wh) * part)


def _scaled(marks: tuple[Mark, ...], energy_wh: Decimal, ended: int) -> tuple[Mark, ...]:
    base, told = marks[0].register_wh, marks[-1].register_wh - marks[0].register_wh
    if told > 0:
        scaled = [mark._replace(register_wh=base + (mark.register_wh - base) * energy_wh / told) for mark in marks[:-1]]
        return (*scaled, marks[-1]._replace(register_wh=base + energy_wh))
    if len(marks) == 1 or marks[-1].at < ended:
        marks = (*marks, marks[-1]._replace(at=ended))
    level = [mark._replace(register_wh=base) for mark in marks[:-1]]
    return (*level, marks[-1]._replace(register_wh=base + energy_wh))


def _checked(facts: Facts) -> Facts:
    """What no column or receipt could hold is refused here, where it becomes a dead letter."""
    for text in (facts.session, facts.charge_point, facts.transaction, facts.token, facts.reason, facts.currency):
        if not isinstance(text, str) or "\0" in text:
            raise ValueError("a text is no text")
    for at in (facts.started, facts.stopped, facts.ended):
        if at is not None and (type(at) is not int or not 0 <= at < 2**62):
            raise ValueError("a time is no time")
    if facts.energy_wh is not None and not (facts.energy_wh.is_finite() and abs(facts.energy_wh) < Decimal(10) ** 12):
        raise ValueError("an energy is no energy")
    # A tariff or course of another form is found out now rather than by whoever reads the books.
    _ = facts.frozen_tariff, facts.marks
    return facts


def plausible_times(facts: Facts) -> bool:
    """Whether the times are in order and in this century."""
    return facts.started is not None and _EARLIEST <= facts.started <= facts.stopped <= facts.ended
