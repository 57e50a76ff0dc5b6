"""The tables are whole, and their diagrams in docs are those of the tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.charging.diagrams import drawn, write
from engine.charging.transitions import CONNECTOR, STATUSES, TABLES, Table
from engine.errors import IllegalTransition

DOCS = Path(__file__).parents[3] / "docs" / "machines"


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_the_diagram_in_docs_is_current(table: Table) -> None:
    assert (DOCS / f"{table.name}.md").read_text() == drawn(table), (
        "run python -m engine.charging.diagrams docs/machines"
    )


def test_there_is_one_page_a_table(tmp_path: Path) -> None:
    assert {page.name for page in write(tmp_path)} == {page.name for page in DOCS.iterdir()}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_state_is_declared_and_can_be_reached(table: Table) -> None:
    reached, found = set(), {table.initial}
    while found:
        state = found.pop()
        reached.add(state)
        found |= set(table.arrows[state].values()) - reached
    assert reached == set(table.arrows)


def test_what_the_field_does_is_legal() -> None:
    for before, after in (("Available", "Charging"), ("Charging", "Available"), ("Reserved", "Charging")):
        assert CONNECTOR.after(before, after) == after
    assert all(CONNECTOR.after("Faulted", status) for status in STATUSES)


def test_an_unknown_cause_leads_nowhere_and_is_raised_when_strict() -> None:
    assert CONNECTOR.follow("Available", "Nonsense", strict=False) is None
    with pytest.raises(IllegalTransition):
        CONNECTOR.follow("Available", "Nonsense", strict=True)
