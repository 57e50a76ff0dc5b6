"""The ring of the last events: everything that was missed, or the word that it is too much."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from api.live.ring import Ring
from api.ports.facade import LiveEvent


def event(number: int, incarnation: str = "a", size: int = 10) -> LiveEvent:
    return LiveEvent(f"{incarnation}-{number}", "CP-1", "status", b"x" * size)


def ids(events: object) -> list[str] | None:
    return None if events is None else [each.id for each in events]  # type: ignore[attr-defined]


def test_who_comes_back_gets_what_was_missed() -> None:
    ring = Ring()
    assert (ring.since("a-1"), ring.last_id) == (None, "")
    for number in range(5, 9):
        ring.put(event(number))
    assert ids(ring.since("a-6")) == ["a-7", "a-8"]
    assert ids(ring.since("a-8")) == []
    assert ids(ring.since("a-4")) == ["a-5", "a-6", "a-7", "a-8"]
    for unknown in ("a-3", "a-9", "b-6", "a-", "-6", "", "a--6", "a-٣", "a-" + "9" * 30):
        assert ring.since(unknown) is None, unknown


def test_another_incarnation_or_a_missing_number_begins_anew() -> None:
    ring = Ring()
    ring.put(event(1))
    ring.put(event(1, "b"))
    assert (ids(ring.since("b-0")), ring.since("a-1")) == (["b-1"], None)
    ring.put(event(3, "b"))
    assert ring.since("b-1") is None
    ring.clear()
    assert (ring.since("b-3"), len(ring)) == (None, 0)


@given(st.lists(st.integers(0, 3000), max_size=60), st.integers(0, 60))
def test_what_is_given_is_all_since_then_and_memory_is_bounded(sizes: list[int], last: int) -> None:
    ring = Ring(max_bytes=8000, max_events=10)
    for number, size in enumerate(sizes, 1):
        ring.put(event(number, size=size))
        assert len(ring) <= 10
        assert sum(len(each.data) + 400 for each in ring._events) <= 8000
    told = ids(ring.since(f"a-{last}"))
    if told is not None:
        assert told == [f"a-{number}" for number in range(last + 1, len(sizes) + 1)]
    elif last <= len(sizes) and sizes:
        assert len(sizes) - last > len(ring)
