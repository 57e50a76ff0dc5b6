"""The rule against climbing, as a property: whoever gives only what they hold ends with nobody who has more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.access.grants import OMNIPOTENT, Grant, Power, held_in, narrowed, outranks, permissions_of, scope_of
from engine.access.roles import ALL, DESCRIPTIONS, PERSONAL, ROLES
from engine.access.scope import EVERYWHERE, NOWHERE, Scope
from engine.errors import Forbidden

WORDS = sorted(ALL)[:8]
PLACES = [None, "north", "south"]
GRANTS = st.lists(
    st.builds(Grant, st.frozensets(st.sampled_from(WORDS), max_size=4), st.sampled_from(PLACES)), max_size=4
)


def test_every_role_is_described_and_holds_what_there_is() -> None:
    assert ROLES.keys() == DESCRIPTIONS.keys()
    assert frozenset().union(*ROLES.values()) == ALL


def test_a_scope_is_where_a_permission_is_held() -> None:
    grants = [Grant(frozenset({"a"}), "north"), Grant(frozenset({"a", "b"}), "south"), Grant(frozenset({"c"}))]
    assert scope_of(grants, "a") == Scope(frozenset({"north", "south"}))
    assert scope_of(grants, "c") == EVERYWHERE
    assert scope_of(grants, "d") == NOWHERE
    assert held_in(grants, "north") == {"a", "c"}
    assert held_in(grants, None) == {"c"}


def test_who_holds_something_in_all_networks_does_not_hold_it_in_the_installation() -> None:
    both = [Grant(frozenset({"a"}), "north"), Grant(frozenset({"a"}), "south")]
    assert not outranks(both, [Grant(frozenset({"a"}))])
    with pytest.raises(Forbidden):
        Power(both).need_to_hold([Grant(frozenset({"a"}))])
    assert outranks([], [Grant(PERSONAL)]), "what is personal takes no power to give"
    assert outranks(OMNIPOTENT, [Grant(ALL), Grant(ALL, "north")])


@given(GRANTS, GRANTS, GRANTS)
def test_outranking_is_an_order(one: list[Grant], two: list[Grant], three: list[Grant]) -> None:
    assert outranks(one, one)
    if outranks(one, two) and outranks(two, three):
        assert outranks(one, three)


@given(GRANTS, st.frozensets(st.sampled_from(WORDS)), st.none() | st.frozensets(st.sampled_from(["north", "east"])))
def test_what_is_narrowed_holds_nothing_more(
    grants: list[Grant], permissions: frozenset[str], networks: frozenset[str] | None
) -> None:
    left = narrowed(grants, permissions, networks)
    assert outranks(grants, left)
    assert permissions_of(left) <= permissions
    assert all(networks is None or grant.network in networks for grant in left)
