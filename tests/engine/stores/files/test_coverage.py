"""Spans that were handed out are joined, and a whole is known as such; names that strangers send are made harmless."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.stores.files.coverage import MOST, Span, is_whole, with_span
from engine.stores.files.names import MAX_NAME, clean_name

PARTS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=12)


@given(PARTS)
def test_spans_hold_exactly_what_was_handed_out(parts: list[tuple[int, int]]) -> None:
    spans: list[Span] = []
    for start, end in parts:
        spans = with_span(spans, start, end)
    covered = {at for start, end in spans for at in range(start, end)}
    assert covered == {at for start, end in parts for at in range(start, end)}
    edges = [edge for span in spans for edge in span]
    assert edges == sorted(set(edges)), "sorted, and none touches the next"
    assert is_whole(spans, 40) == (covered == set(range(40)))


def test_a_file_fetched_in_crumbs_takes_no_memory_and_is_not_spent_too_early() -> None:
    spans = with_span([], 0, 10_000)
    for crumb in range(10_001, 20_000, 2):
        spans = with_span(spans, crumb, crumb + 1)
    assert len(spans) == MOST
    assert spans[0] == (0, 10_000)
    assert not is_whole(spans, 20_000)
    assert is_whole(with_span(spans, 0, 20_000), 20_000)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("diagnostics.zip", "diagnostics.zip"),
        ("../../etc/passwd", "passwd"),
        ("C:\\logs\\a b.log", "a b.log"),
        ("log\r\nSet-Cookie: x", "logSet-Cookie x"),
        ('"; rm -rf', "; rm -rf"),
        ("..", "file"),
        ("/", "file"),
        (".hidden", "hidden"),
        ("", "file"),
        ("journal größe.txt", "journal größe.txt"),
    ],
)
def test_a_strangers_name_is_only_ever_a_name(said: str, kept: str) -> None:
    assert clean_name(said) == kept


@given(st.text())
def test_every_name_is_short_and_printable(said: str) -> None:
    name = clean_name(said)
    assert 0 < len(name) <= MAX_NAME
    assert name.isprintable()
    assert not set(name) & set('/\\"<>|:*?%')
    assert not name.startswith(".")


def test_a_long_name_keeps_its_suffix() -> None:
    assert clean_name("x" * 500 + ".tar.gz").endswith("x.gz")
