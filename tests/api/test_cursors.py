"""A cursor that we gave out leads on; any other text is refused, never a crash."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.web import cursors
from engine.errors import InvalidInput

names = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=48)


@given(names)
def test_a_name_comes_back(name: str) -> None:
    assert cursors.decode_name(cursors.encode(name)) == name


@given(st.integers(-(2**61), 2**61), names)
def test_a_moment_comes_back(at: int, name: str) -> None:
    assert cursors.decode_moment(cursors.encode((at, name))) == (at, name)


@given(st.sampled_from(["created", "-created"]), st.integers(-(2**61), 2**61), names)
def test_a_cursor_of_another_order_is_refused(order: str, at: int, name: str) -> None:
    cursor = cursors.encode((order, at, name))
    assert cursors.decode_in(order, cursor) == (at, name)
    with pytest.raises(InvalidInput, match="another order"):
        cursors.decode_in("-" + order, cursor)


@given(st.one_of(st.text(), st.from_regex(r"[A-Za-z0-9_-]{1,40}", fullmatch=True)))
def test_any_other_text_is_refused_or_harmless(text: str) -> None:
    for decode in (cursors.decode_name, cursors.decode_moment, lambda text: cursors.decode_in("at", text)):
        with suppress(InvalidInput):
            decode(text)


@pytest.mark.parametrize("position", [[1], [True, "x"], ["x", 1], [2**62, "x"], [1, "a\0b"], {}, None, 1.5])
def test_wrong_shapes_are_refused(position: object) -> None:
    with pytest.raises(InvalidInput):
        cursors.decode_moment(cursors.encode(position))
