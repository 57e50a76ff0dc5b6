"""What a session with a tariff remembers for its price: the tariff, what went on, and the registers that matter.

The tariff is frozen when EVSE and token are known (invariant 7). What went on are the station's own statements. Few
meter readings matter, because the register is taken to rise evenly between two: the first and the last, the first that
tells of any energy, and where the tariff looks at times or powers the last before and the first after each quarter
hour, statement or limit of power. (Any zone's local quarter hours are UTC's.) Both lists are bounded, and thinned in
the driver's favour.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from engine.clock import SECOND
from engine.tariffs.course import IDLE, Flow
from engine.tariffs.model import Dimension, Restrictions, Tariff

QUARTER = 900 * SECOND
NEXT, ALWAYS, NEVER = -1, 0, 2**63 - 1
"""As `keep_from`: the next reading matters in any case, each is looked at, none is."""

Statement = tuple[int, Flow]
Register = tuple[int, Decimal, Decimal | None]
"""(microseconds, import register in Wh, current in A or None)"""


@dataclass(frozen=True, slots=True)
class Wants:
    """What a tariff looks at besides energy: times, and limits of power (W) and current (A) in rising order."""

    times: bool
    powers: tuple[Decimal, ...]
    currents: tuple[Decimal, ...]


@dataclass(slots=True)
class Pricing:
    """`tariff` is None until it is frozen; a session that then has none has no `Pricing` any more.

    `statements` and `readings` are in order of time. A reading at `keep_from` or later is looked at for whether it
    matters; `band` is in which limits power and current were last. `cost` is the price as last `reckoned`, `shown` and
    `shown_at` what the station was last shown. `dirty`: its snapshot part is to be written.
    """

    tariff: Tariff | None = None
    zone: str = "UTC"
    group: str = ""
    statements: list[Statement] = field(default_factory=list)
    readings: list[Register] = field(default_factory=list)
    keep_from: int = NEVER
    band: tuple[int, int] = (0, 0)
    cost: Decimal | None = None
    reckoned: int = 0
    shown: Decimal | None = None
    shown_at: int = 0
    wants: Wants | None = None
    dirty: bool = True

    @property
    def flow(self) -> Flow:
        """What goes on now."""
        return self.statements[-1][1] if self.statements else Flow.CHARGING

    @property
    def idle_costs(self) -> bool:
        """Whether time in which the car takes nothing may cost something."""
        return self.tariff is not None and idle_costs(self.tariff)


def idle_costs(tariff: Tariff) -> bool:
    """Whether time after charging may cost something under this tariff."""
    parking = (part.dimension is Dimension.PARKING_TIME for element in tariff.elements for part in element.components)
    return tariff.idle is not None or any(parking)


def fee_begins(pricing: Pricing, charged: bool) -> int | None:
    """When the idle fee begins, or has begun, if the car goes on taking nothing (microseconds); None while it charges,
    before it has `charged` anything, and where there is no such fee. The bill looks closer: at exemptions, and steps.
    """
    fee = None if pricing.tariff is None else pricing.tariff.idle
    if fee is None or not charged or pricing.flow not in IDLE:
        return None
    spent, since = 0, None
    for at, flow in pricing.statements:
        if flow in IDLE and since is None:
            since = at
        elif flow not in IDLE and since is not None:
            spent, since = spent + at - since, None
    assert since is not None
    return since + max(0, fee.grace_s * SECOND - spent)


def wants_of(tariff: Tariff) -> Wants:
    """What must be known of a session for this tariff."""
    times, powers, currents = False, set[Decimal](), set[Decimal]()
    for element in tariff.elements:
        limits = element.restrictions
        times = times or _looks_at_times(limits)
        powers |= {limit * 1000 for limit in (limits.min_power, limits.max_power) if limit is not None}
        currents |= {limit for limit in (limits.min_current, limits.max_current) if limit is not None}
    return Wants(times, tuple(sorted(powers)), tuple(sorted(currents)))


def _looks_at_times(limits: Restrictions) -> bool:
    told = (limits.start_time, limits.end_time, limits.start_date, limits.end_date)
    durations = (limits.min_duration, limits.max_duration)
    return any(limit is not None for limit in (*told, *durations)) or bool(limits.days_of_week)


def next_kept(wants: Wants, at: int, energy: Decimal | None) -> int:
    """From when on readings are looked at, after one at `at`. The first that tells of any energy matters in any case:
    from there on a car may be idle."""
    if wants.powers or wants.currents or not energy:
        return ALWAYS
    return at - at % QUARTER + QUARTER if wants.times else NEVER
