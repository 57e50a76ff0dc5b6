"""Which tariff holds at an instant for a connector and a token: one pure function over what is in force.

Precedence, from the strongest:

    1. the token's group at this connector      5. everybody at this connector
    2. the token's group at this charge point   6. everybody at this charge point
    3. the token's group at this station        7. everybody at this station
    4. the token's group in this network        8. everybody in this network
                                                9. the installation's own price for each kWh, if it has one

A group comes before a place: its tariff is what somebody has agreed on with a customer, and holds wherever nothing more
special was agreed on with the same customer. Of two assignments to the same target the one that begins later holds. An
assignment whose tariff has no version in force at the instant is passed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from engine.tariffs.model import Tariff

UTC_ZONE = "UTC"


class Place(Protocol):
    """Where a charge point stands. `zone` is the IANA time zone of its station."""

    @property
    def network(self) -> str: ...

    @property
    def station(self) -> str: ...

    @property
    def zone(self) -> str: ...


class Places(Protocol):
    """The operator's book of places."""

    def place(self, charge_point: str) -> Place | None:
        """None for one that is not registered."""
        ...


class Nowhere:
    """No charge point is registered."""

    def place(self, charge_point: str) -> Place | None:
        return None


@dataclass(frozen=True, slots=True)
class Assignment:
    """`tariff` (its id) holds from `valid_from` until before `valid_until` (microseconds; None: for good).

    The target is the innermost place that is named; with nothing but the network it is all of that. `token_group` ""
    is everybody, else tokens of that group (compared without regard to case, as idTags are).
    """

    id: str
    tariff: str
    network: str
    valid_from: int
    valid_until: int | None = None
    station: str = ""
    charge_point: str = ""
    evse: int = 0
    connector: int = 0
    token_group: str = ""

    @property
    def target(self) -> Target:
        return Target(
            self.network, self.station, self.charge_point, self.evse, self.connector, self.token_group.lower()
        )

    def holds(self, at: int) -> bool:
        return self.valid_from <= at and (self.valid_until is None or at < self.valid_until)


class Target(NamedTuple):
    """What a tariff can be assigned to. What lies further out than the innermost named place is left empty."""

    network: str
    station: str = ""
    charge_point: str = ""
    evse: int = 0
    connector: int = 0
    token_group: str = ""

    def __str__(self) -> str:
        if self.connector:
            place = f"connector {self.connector} of EVSE {self.evse} of {self.charge_point}"
        elif self.charge_point:
            place = f"charge point {self.charge_point}"
        elif self.station:
            place = f"station {self.station}"
        else:
            place = f"network {self.network}"
        return f"{place}, for token group {self.token_group}" if self.token_group else place


@dataclass(frozen=True, slots=True)
class InForce:
    """A published version of a tariff and when it holds (microseconds; `valid_until` None: until the next one)."""

    tariff: Tariff
    valid_from: int
    valid_until: int | None = None

    def holds(self, at: int) -> bool:
        return self.valid_from <= at and (self.valid_until is None or at < self.valid_until)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a session is priced by. `tariff` is None where nobody has to pay, `assignment` what led to it.

    `passed_over` are assignments that come before it, whose tariffs have no version in force.
    """

    network: str
    zone: str
    tariff: Tariff | None = None
    assignment: Assignment | None = None
    passed_over: tuple[Assignment, ...] = ()

    @property
    def reason(self) -> str:
        """Why this tariff, in English."""
        skipped = "".join(
            f" The assignment to {other.target} was passed over: tariff {other.tariff} had no version in force."
            for other in self.passed_over
        )
        if self.assignment is not None and self.tariff is not None:
            return f"Version {self.tariff.version} of the tariff is assigned to {self.assignment.target}.{skipped}"
        if self.tariff is not None:
            return f"Nothing is assigned here: the installation's own price for each kWh holds.{skipped}"
        return f"No tariff is assigned here.{skipped}"


@dataclass(frozen=True, slots=True)
class HeldTariffs:
    """All that is in force or was: never changed, but made anew by `hold` when something has changed."""

    places: Places = field(default_factory=Nowhere)
    assignments: Mapping[Target, tuple[Assignment, ...]] = field(default_factory=dict)
    versions: Mapping[str, tuple[InForce, ...]] = field(default_factory=dict)
    fallback: Tariff | None = None

    @property
    def nothing(self) -> bool:
        """Whether no session can have a tariff."""
        return self.fallback is None and not self.assignments

    def network_of(self, charge_point: str) -> str:
        """Whose charge point it is, "" where that is not known."""
        place = self.places.place(charge_point)
        return "" if place is None else place.network

    def terms(self, charge_point: str, evse: int, connector: int, group: str, at: int) -> Terms:
        """What holds at `at` (microseconds). `group` is the token's group, "" where it has none or is not known."""
        place = self.places.place(charge_point)
        if place is None:
            return Terms("", UTC_ZONE, self.fallback)
        passed_over: list[Assignment] = []
        if self.assignments:
            for target in targets(place, charge_point, evse, connector, group):
                for assignment in self.assignments.get(target, ()):
                    if not assignment.holds(at):
                        continue
                    tariff = self._version(assignment.tariff, at)
                    if tariff is not None:
                        return Terms(place.network, place.zone, tariff, assignment, tuple(passed_over))
                    passed_over.append(assignment)
        return Terms(place.network, place.zone, self.fallback, None, tuple(passed_over))

    def _version(self, tariff: str, at: int) -> Tariff | None:
        for version in self.versions.get(tariff, ()):
            if version.holds(at):
                return version.tariff
        return None


NO_TARIFFS = HeldTariffs()


def targets(place: Place, charge_point: str, evse: int, connector: int, group: str) -> list[Target]:
    """What an assignment may name to count here, the strongest first: the table at the head of this module."""
    places = [
        Target(place.network, "", charge_point),
        Target(place.network, place.station),
        Target(place.network),
    ]
    if evse and connector:
        places.insert(0, Target(place.network, "", charge_point, evse, connector))
    if not group:
        return places
    folded = group.lower()
    return [target._replace(token_group=folded) for target in places] + places


def hold(
    places: Places,
    assignments: Iterable[Assignment],
    versions: Iterable[InForce],
    fallback: Tariff | None = None,
) -> HeldTariffs:
    """Order all of them so that the first that holds is the one that counts."""
    by_target: dict[Target, list[Assignment]] = {}
    for assignment in assignments:
        by_target.setdefault(assignment.target, []).append(assignment)
    by_tariff: dict[str, list[InForce]] = {}
    for version in versions:
        by_tariff.setdefault(version.tariff.id, []).append(version)
    return HeldTariffs(
        places,
        {
            target: tuple(sorted(found, key=lambda one: (one.valid_from, one.id), reverse=True))
            for target, found in by_target.items()
        },
        {
            tariff: tuple(sorted(found, key=lambda one: (one.valid_from, one.tariff.version), reverse=True))
            for tariff, found in by_tariff.items()
        },
        fallback,
    )
