"""An import held against what is there: what it makes, changes or only repeats, and what is wrong with it.

Looks into no store: it is given what the file's ids stand for already.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from engine.access.scope import Scope
from engine.errors import InvalidInput
from engine.places.bulk import Plan, Wanted
from engine.places.columns import BY_FIELD, CHARGE_POINT, CONNECTOR, STATION, Fault
from engine.places.commissioning import LIVE, RETIRED, check_step, checked_state
from engine.places.connectors import Connector, checked_connector, fresh_code
from engine.stores.places.connectors import MAX_CONNECTORS, Described
from engine.stores.places.stations import DESCRIBED, Station, checked
from engine.stores.sql.tables.places import DEFAULT_NETWORK

DESCRIBED_OF_CHARGE_POINT = ("station_id", "name", "notes", "commissioning", "isolation", "tags")
_NEW_CHARGE_POINT = {"name": "", "notes": "", "commissioning": LIVE, "isolation": "shared", "tags": []}
Key = tuple[str, int, int]


@dataclass(slots=True)
class Counts:
    """How many of a kind a file makes, changes, or only repeats."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0


@dataclass(slots=True)
class Outcome:
    """What an import does, or would do. With faults it does nothing."""

    rows: int
    stations: Counts = field(default_factory=Counts)
    charge_points: Counts = field(default_factory=Counts)
    connectors: Counts = field(default_factory=Counts)
    faults: list[Fault] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Known:
    """What is there of what the file mentions: networks within the scope; stations and charge points wherever.

    Charge points by id in lower case, as their columns with `network_id` and `tags`; `codes` whose each code is.
    """

    networks: frozenset[str]
    stations: Mapping[str, Station]
    charge_points: Mapping[str, Mapping[str, Any]]
    connectors: Mapping[Key, Described]
    codes: Mapping[str, Key]


@dataclass(slots=True)
class Writes:
    """Rows to insert, and rows to update with what they were before."""

    new: list[dict[str, Any]] = field(default_factory=list)
    changed: list[tuple[Mapping[str, Any], dict[str, Any]]] = field(default_factory=list)


class Comparison:
    """`outcome` tells; the rest is what is to be written at `now` if there are no faults."""

    def __init__(self, plan: Plan, known: Known, scope: Scope, now: int) -> None:
        self._known, self._scope, self._now = known, scope, now
        self.outcome = Outcome(plan.rows, faults=list(plan.faults))
        self.stations, self.charge_points = Writes(), Writes()
        self.connectors: list[tuple[Described | None, Described]] = []
        self.network_of: dict[str, str] = {}
        """Of every station of the file."""
        self._ids: dict[str, str] = {}
        self._station_of: dict[str, str] = {}
        self._retired = {folded for folded, row in known.charge_points.items() if row["retired"] is not None}
        self._counted: dict[str, int] = {}
        for folded, _, _ in known.connectors:
            self._counted[folded] = self._counted.get(folded, 0) + 1
        for name, wanted in plan.stations.items():
            self._try(STATION, wanted, self._station, name)
        for folded, wanted in plan.charge_points.items():
            self._try(CHARGE_POINT, wanted, self._charge_point, folded)
        for key, wanted in plan.connectors.items():
            self._try(CONNECTOR, wanted, self._connector, key)
        # What could not be read counts as missing afterwards: the first word on a cell is the one to tell.
        told = {(fault.line, fault.field): fault for fault in reversed(self.outcome.faults)}
        self.outcome.faults = sorted(told.values(), key=lambda fault: fault.line)

    @property
    def changes_anything(self) -> bool:
        """Whether there is anything to write."""
        writes = (self.stations, self.charge_points)
        return bool(self.connectors) or any(each.new or each.changed for each in writes)

    def network_at(self, charge_point: str) -> str:
        """The network in which one of the file's charge points is after the import."""
        return self.network_of[self._station_of[charge_point]]

    def _try(self, of: str, wanted: Wanted, compare: Any, key: Any) -> None:
        try:
            compare(key, wanted.said)
        except InvalidInput as error:
            name = error.field.partition(".")[0].replace("opening_hours", "hours")
            column = BY_FIELD.get((of, name))
            said = column.name if column is not None else error.field
            self.outcome.faults.append(Fault(wanted.line, said, error.message, error.remedy))

    def _station(self, name: str, said: Mapping[str, Any]) -> None:
        before = self._known.stations.get(name)
        # Known even if something is wrong with it, so that what is wrong with its charge points is told as well.
        self.network_of[name] = said.get("network_id", DEFAULT_NETWORK) if before is None else before.network_id
        if before is None:
            network = said.get("network_id", DEFAULT_NETWORK)
            if network not in self._known.networks:
                raise _fault("network_id", f"There is no network {network!r}.", "Use a network that exists.")
            if not said.get("name"):
                raise _fault("name", "It is missing.", "Give a new station a name.")
            made = asdict(Station(**{"network_id": network, **said}))
            made = checked(made | {"created": self._now, "updated": self._now})
            self.stations.new.append(made)
            self.outcome.stations.created += 1
            return
        if not self._scope.covers(before.network_id):
            raise _fault("id", "This id is taken.", "Use another one.")
        if said.get("network_id", before.network_id) != before.network_id:
            raise _fault("network_id", "A station stays in its network.", f"Leave it at {before.network_id}.")
        old = asdict(before)
        made = checked(old | {key: value for key, value in said.items() if key in DESCRIBED})
        differs = any(made[key] != _plain(old[key]) for key in DESCRIBED)
        if before.retired is not None and differs:
            raise _fault("id", "This station has been retired.", "Use another id.")
        if differs:
            self.stations.changed.append((old, made | {"updated": self._now, "version": before.version + 1}))
        self._count(self.outcome.stations, differs)

    def _charge_point(self, folded: str, said: Mapping[str, Any]) -> None:
        station, before = said["station_id"], self._known.charge_points.get(folded)
        self._ids[folded] = name = said["id"] if before is None else before["id"]
        self._station_of[name] = station
        if before is None:
            self._new_charge_point(folded, said)
            return
        if not self._scope.covers(before["network_id"]):
            raise _fault("id", "This id is taken.", "Use another one.")
        profile = said.get("security_profile")
        if profile is not None and profile != before["security_profile"]:
            raise _fault("security_profile", "It is another one.", "Change it with PATCH, or leave it empty.")
        changes = {key: said[key] for key in DESCRIBED_OF_CHARGE_POINT if key in said}
        differs = any(value != _plain(before[key]) for key, value in changes.items())
        if differs:
            if before["retired"] is not None:
                raise _fault("id", "This charge point has been retired.", "Use another id.")
            if changes.get("commissioning") == RETIRED:
                raise _fault("commissioning", "An import retires nothing.", "Retire it with DELETE.")
            check_step(before["commissioning"], changes.get("commissioning", before["commissioning"]))
            self._need_open(station, before["station_id"])
            after = {**before, **changes, "updated": self._now, "version": before["version"] + 1}
            self.charge_points.changed.append((before, after))
        self._count(self.outcome.charge_points, differs)

    def _new_charge_point(self, folded: str, said: Mapping[str, Any]) -> None:
        checked_state(said.get("commissioning", LIVE))
        self._need_open(said["station_id"], None)
        profile = said.get("security_profile")
        made = _NEW_CHARGE_POINT | {key: value for key, value in said.items() if key != "security_profile"}
        made |= {"folded": folded, "security_profile": 1 if profile is None else profile, "secret_version": 0}
        self.charge_points.new.append(made | {"created": self._now, "updated": self._now})
        self.outcome.charge_points.created += 1

    def _need_open(self, station: str, before: str | None) -> None:
        known = self._known.stations.get(station)
        if station != before and known is not None and known.retired is not None:
            raise _fault("station_id", "This station has been retired.", "Use another one.")

    def _connector(self, key: Key, said: Mapping[str, Any]) -> None:
        folded = key[0]
        before = self._known.connectors.get(key)
        code = said.get("code", "")
        owner = self._known.codes.get(code)
        if code and owner is not None and owner != key:
            raise _fault("code", "Another connector has this code.", "Leave it out: one is made.")
        given = {name: value for name, value in said.items() if name != "code"}
        if before is None:
            for name in ("type", "format", "power_type"):
                if name not in given:
                    raise _fault(name, "It is missing.", "Say what kind of connector it is.")
            self._counted[folded] = self._counted.get(folded, 0) + 1
            if self._counted[folded] > MAX_CONNECTORS:
                raise _fault("connector", f"There are more than {MAX_CONNECTORS} connectors.", "Leave some out.")
            told = checked_connector(Connector(**given))
            made = Described(self._ids[folded], told, code or fresh_code(), self._now, self._now, 1)
            self._put(folded, None, made)
            self.outcome.connectors.created += 1
            return
        if code and code != before.code:
            raise _fault("code", f"Its code is {before.code}.", "Leave it out: codes are never changed.")
        told = checked_connector(replace(before.connector, **given))
        differs = told != before.connector
        if differs:
            self._put(folded, before, replace(before, connector=told, updated=self._now, version=before.version + 1))
        self._count(self.outcome.connectors, differs)

    def _put(self, folded: str, before: Described | None, made: Described) -> None:
        if folded in self._retired:
            raise _fault("connector", "Its charge point has been retired.", "Use another charge point.")
        self.connectors.append((before, made))

    def _count(self, counts: Counts, differs: bool) -> None:
        if differs:
            counts.changed += 1
        else:
            counts.unchanged += 1


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _fault(name: str, detail: str, remedy: str) -> InvalidInput:
    return InvalidInput(detail, field=name, remedy=remedy)
