"""The machine of one condition about one subject: when its alert opens, repeats and closes. Pure.

What is known of a condition is an interval: it holds from `begins` (None: it does not) until `ends` (None: until
something says so). Both may lie ahead: an offline station's condition begins when its time is over, five failures
are no burst any more once the first is too old. Signals change that knowledge; `settle` says what follows from it now
and when to look again. Settling twice at the same time is settling once.

Times are microseconds. A signal's time is the event's own, so that a consumer that was away comes to the same alerts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

MOST_SAMPLES = 64
"""Samples that are kept of a count; no threshold asks for more."""


class Effect(StrEnum):
    """What becomes of the alert."""

    OPEN = "open"
    REPEAT = "repeat"
    CLEAR = "clear"


Sample = tuple[int, int]
"""When it happened (µs), and how many."""


@dataclass(frozen=True, slots=True)
class Track:
    """What is known about one subject. `open`: there is an alert. `dismissed`: a person closed it while the condition
    held, so it is not opened again before that is over. `gone`: since when the condition of an open alert is over.
    `due`: when to settle again, None: when something is said."""

    begins: int | None = None
    ends: int | None = None
    open: bool = False
    dismissed: bool = False
    gone: int | None = None
    due: int | None = None
    samples: tuple[Sample, ...] = ()

    def holds(self, now: int) -> bool:
        """Whether the condition holds at `now`."""
        return self.begins is not None and self.begins <= now and (self.ends is None or now < self.ends)

    @property
    def idle(self) -> bool:
        """Whether nothing is known that has to be remembered."""
        return self.begins is None and not self.open and not self.samples


# --- signals ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Holds:
    """It is so since `at`: the condition begins once that has lasted for the rule's time, if it has not begun."""

    at: int
    hold: int


@dataclass(frozen=True, slots=True)
class Ended:
    """It is so no more."""

    at: int


@dataclass(frozen=True, slots=True)
class Awaits:
    """Something has to happen before `until`; whatever was awaited before has happened at `at`."""

    at: int
    until: int


@dataclass(frozen=True, slots=True)
class Counts:
    """It happened at `at`, `many` times: the condition holds while there are `threshold` of them within `window`.

    `once`: what is told again with the same time is the same happening.
    """

    at: int
    threshold: int
    window: int
    many: int = 1
    once: bool = False


Signal = Holds | Ended | Awaits | Counts


def learn(track: Track, signal: Signal) -> Track:
    """What is known after a signal."""
    if isinstance(signal, Ended):
        return replace(track, begins=None, ends=None, samples=())
    if isinstance(signal, Awaits):
        return replace(track, begins=signal.until, ends=None)
    if isinstance(signal, Holds):
        if track.begins is not None and (track.ends is None or signal.at < track.ends):
            return track
        return replace(track, begins=signal.at + signal.hold, ends=None)
    if signal.once and any(at == signal.at for at, _ in track.samples):
        return track
    samples = (*track.samples, (signal.at, signal.many))[-MOST_SAMPLES:]
    samples = tuple(each for each in samples if each[0] > signal.at - signal.window)
    ends = _below(samples, signal.threshold, signal.window)
    if ends is None:
        return replace(track, begins=None, ends=None, samples=samples)
    begins = track.begins if track.holds(signal.at) else signal.at
    return replace(track, begins=begins, ends=ends, samples=samples)


def _below(samples: Sequence[Sample], threshold: int, window: int) -> int | None:
    """When fewer than `threshold` will be within the window, None if they are now. Samples may be out of order."""
    left = sum(many for _, many in samples)
    if left < threshold:
        return None
    for at, many in sorted(samples):
        left -= many
        if left < threshold:
            return at + window
    return None


# --- what follows ----------------------------------------------------------------------------------------------------


def settle(track: Track, now: int, *, clear: int, muted: int | None = None) -> tuple[Track, Effect | None]:
    """What follows at `now`. `clear` is how long the condition has to be over; until `muted` no alert is opened."""
    if track.open:
        return _while_open(track, now, clear)
    if not track.holds(now):
        ahead = track.begins if track.begins is not None and track.begins > now else None
        over = track.begins is not None and ahead is None
        begins, ends = (None, None) if over else (track.begins, track.ends)
        return replace(track, begins=begins, ends=ends, dismissed=False, due=ahead, samples=_kept(track, over)), None
    if track.dismissed:
        return replace(track, due=track.ends), None
    if muted is not None and muted > now:
        return replace(track, due=muted if track.ends is None else min(muted, track.ends)), None
    return replace(track, open=True, gone=None, due=track.ends), Effect.OPEN


def _while_open(track: Track, now: int, clear: int) -> tuple[Track, Effect | None]:
    if track.holds(now):
        return replace(track, gone=None, due=track.ends), None
    gone = track.gone
    if gone is None:
        # It has ended when it was known to, however late somebody looks.
        gone = track.ends if track.ends is not None and track.ends <= now else now
    if now < gone + clear:
        ahead = track.begins if track.begins is not None and track.begins > now else None
        due = gone + clear if ahead is None else min(ahead, gone + clear)
        return replace(track, gone=gone, due=due), None
    closed = replace(track, open=False, gone=None)
    return settle(closed, now, clear=clear, muted=None)[0], Effect.CLEAR


def _kept(track: Track, over: bool) -> tuple[Sample, ...]:
    """Samples go with the condition that they made; others wait for more."""
    return () if over else track.samples


def dismiss(track: Track, now: int) -> Track:
    """A person has closed the alert: while the condition lasts it is not opened again."""
    closed = replace(track, open=False, gone=None, dismissed=track.holds(now))
    return settle(closed, now, clear=0)[0]
