"""What people do at a charging station: come, plug in, hold up a card, charge, pause, leave; and what breaks."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from functools import partial

from loadtest.connector import CHARGING
from loadtest.station import Station


@dataclass(frozen=True, slots=True)
class Habits:
    """Durations are means in seconds of a real day, divided by `speed`; chances are per visit.

    `first_visit_s` bounds when the first car comes (never divided), so that a demonstration shows something soon.
    """

    idle_s: float = 3600.0
    session_s: float = 3600.0
    pause_s: float = 300.0
    pause_chance: float = 0.3
    fault_chance: float = 0.05
    fault_s: float = 600.0
    think_s: float = 8.0
    linger_s: float = 120.0
    first_visit_s: float = 10.0
    speed: float = 1.0
    id_tags: tuple[str, ...] = ("DEMO-TAG-1", "DEMO-TAG-2", "DEMO-TAG-3", "DEMO-TAG-4")


def inhabit(station: Station, habits: Habits, now: int) -> None:
    """Let people visit every connector of the station from now on, by its own deadlines and random numbers."""
    for connector in station.connectors[1:]:
        life = _visits(station, connector.number, habits)
        pause = next(life)
        station.after(("life", connector.number), pause, now, partial(_live, station, connector.number, life))


def _live(station: Station, number: int, life: Generator[float, int, None], now: int) -> None:
    station.after(("life", number), life.send(now), now, partial(_live, station, number, life))


def _visits(station: Station, number: int, habits: Habits) -> Generator[float, int, None]:
    """Visit after visit at one connector: yields how many seconds pass, is sent the time at which they had."""
    rng, speed, connector = station.rng, habits.speed, station.connectors[number]
    now = yield rng.uniform(0.2, 1.0) * habits.first_visit_s
    while True:
        if station.plug_in(number, now):
            now = yield from _visit(station, number, habits)
        elif connector.status == "Faulted":
            station.clear_fault(number, now)
        elif connector.status in (*CHARGING, "Finishing", "Preparing") and connector.transaction is None:
            # A transaction that an operator ended, or a reboot: the driver comes back to the car.
            station.unplug(number, now)
        now = yield 1.0 + rng.expovariate(speed / habits.idle_s)


def _visit(station: Station, number: int, habits: Habits) -> Generator[float, int, int]:
    rng, speed, connector = station.rng, habits.speed, station.connectors[number]
    now = yield rng.uniform(0.5, 1.5) * min(habits.think_s, 4.0)
    id_tag = rng.choice(habits.id_tags)
    if connector.transaction is None:
        station.present(number, id_tag, now)
    # Half a second at a time, as long as the CSMS may take to answer.
    for _ in range(round(2 * station.traits.call_timeout_s) + 4):
        now = yield 0.5
        if connector.transaction is not None:
            break
    if connector.transaction is not None:
        now = yield from _charge(station, number, habits, id_tag)
    now = yield rng.uniform(0.5, 1.5) * max(1.0, habits.linger_s / speed)
    if connector.status != "Faulted":
        station.unplug(number, now)
    return now


def _charge(station: Station, number: int, habits: Habits, id_tag: str) -> Generator[float, int, int]:
    rng, speed, connector = station.rng, habits.speed, station.connectors[number]
    length = rng.uniform(0.6, 1.4) * habits.session_s / speed
    now = yield length / 2
    if rng.random() < habits.pause_chance:
        station.suspend(number, now, by_car=rng.random() < 0.6)
        now = yield rng.uniform(0.5, 1.5) * habits.pause_s / speed
        station.resume(number, now)
    now = yield length / 2
    if rng.random() < habits.fault_chance:
        station.fault(number, rng.choice(("GroundFailure", "OverVoltage", "HighTemperature", "OtherError")), now)
        now = yield rng.uniform(0.5, 1.5) * habits.fault_s / speed
        station.clear_fault(number, now)
    elif connector.transaction is not None and rng.random() < 0.7:
        station.present(number, connector.transaction.id_tag or id_tag, now)
    else:
        station.unplug(number, now)
    return now
