"""Which tariff holds where: the table of precedence, and what happens at its edges."""

from __future__ import annotations

import pytest

from engine.tariffs.held import Assignment, HeldTariffs, InForce, hold
from engine.tariffs.model import Tariff
from tests.engine.tariffs.places import OneSite

GROUP = {"token_group": "Fleet"}
CONNECTOR = {"charge_point": "CP-1", "evse": 2, "connector": 1}
TARGETS = {
    "group at the connector": CONNECTOR | GROUP,
    "group at the charge point": {"charge_point": "CP-1"} | GROUP,
    "group at the station": {"station": "mall"} | GROUP,
    "group in the network": GROUP,
    "connector": CONNECTOR,
    "charge point": {"charge_point": "CP-1"},
    "station": {"station": "mall"},
    "network": {},
}
"""From the strongest to the weakest, as engine/tariffs/held.py says."""

NAMES = list(TARGETS)
FALLBACK = Tariff("price-per-kwh", 1, "EUR", ())


def tariff(name: str, version: int = 1) -> InForce:
    return InForce(Tariff(name, version, "EUR", ()), 0)


def held(names: list[str]) -> HeldTariffs:
    assignments = [Assignment(name, name, "net", 0, **TARGETS[name]) for name in names]  # type: ignore[arg-type]
    return hold(OneSite("CP-1", "CP-2"), assignments, [tariff(name) for name in names], FALLBACK)


def found(book: HeldTariffs, *where: object, group: str = "", at: int = 1) -> str:
    charge_point, evse, connector = (*where, "CP-1", 2, 1)[:3] if where else ("CP-1", 2, 1)
    terms = book.terms(charge_point, evse, connector, group, at)  # type: ignore[arg-type]
    return "" if terms.tariff is None else terms.tariff.id


@pytest.mark.parametrize("strongest", range(len(NAMES)), ids=NAMES)
def test_of_all_that_fit_the_strongest_holds(strongest: int) -> None:
    book = held(NAMES[strongest:])
    assert found(book, group="FLEET") == NAMES[strongest]
    for_everybody = [name for name in NAMES[strongest:] if not name.startswith("group")]
    assert found(book, group="") == found(book, group="Others") == for_everybody[0]


@pytest.mark.parametrize(
    ("charge_point", "evse", "connector", "holds"),
    [
        ("CP-1", 2, 1, "connector"),
        ("CP-1", 1, 1, "charge point"),
        ("CP-1", 0, 0, "charge point"),
        ("CP-2", 2, 1, "station"),
        ("CP-9", 2, 1, "price-per-kwh"),
    ],
)
def test_a_place_within_counts_there_only(charge_point: str, evse: int, connector: int, holds: str) -> None:
    assert found(held(NAMES[4:]), charge_point, evse, connector) == holds


def test_what_begins_later_takes_the_place_of_what_is_assigned_to_the_same() -> None:
    assignments = [Assignment("1", "old", "net", 0), Assignment("2", "new", "net", 100, 200)]
    book = hold(OneSite("CP-1"), assignments, [tariff("old"), tariff("new")])
    assert [found(book, at=at) for at in (0, 99, 100, 199, 200)] == ["old", "old", "new", "new", "old"]


def test_a_tariffs_versions_follow_each_other_and_without_one_the_next_assignment_counts() -> None:
    versions = [
        InForce(Tariff("t", 1, "EUR", ()), 100),
        InForce(Tariff("t", 2, "EUR", ()), 200, 300),
        tariff("weaker"),
    ]
    assignments = [Assignment("1", "t", "net", 0, charge_point="CP-1"), Assignment("2", "weaker", "net", 0)]
    book = hold(OneSite("CP-1"), assignments, versions)

    def version(at: int) -> tuple[str, int]:
        holding = book.terms("CP-1", 1, 1, "", at).tariff
        assert holding is not None
        return holding.id, holding.version

    assert [version(at) for at in (99, 100, 199, 200, 299, 300)] == [
        ("weaker", 1),
        ("t", 1),
        ("t", 1),
        ("t", 2),
        ("t", 2),
        ("t", 1),
    ]
    reason = book.terms("CP-1", 1, 1, "", 99).reason
    assert "passed over" in reason
    assert "network net" in reason


def test_without_anything_nobody_pays() -> None:
    book = hold(OneSite("CP-1"), [], [])
    assert book.nothing
    assert found(book) == ""
    assert book.terms("CP-1", 1, 1, "", 0).reason == "No tariff is assigned here."
