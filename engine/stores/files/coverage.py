"""Which parts of a file have been handed out, as sorted spans [from, to) that neither touch nor overlap."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Span = tuple[int, int]

MOST = 256
"""Spans that are remembered: of a file fetched in more pieces than that the smallest count as not handed out."""


def with_span(spans: Iterable[Sequence[int]], start: int, end: int) -> list[Span]:
    """The spans and one more, joined where they meet."""
    joined: list[Span] = []
    added = [(start, end)] if end > start else []
    for begin, stop in sorted([*((int(a), int(b)) for a, b in spans), *added]):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], stop))
        else:
            joined.append((begin, stop))
    if len(joined) > MOST:
        joined.remove(min(joined, key=lambda span: span[1] - span[0]))
    return joined


def is_whole(spans: Sequence[Span], size: int) -> bool:
    """Whether nothing of a file of this size is missing."""
    return size == 0 or (len(spans) == 1 and spans[0][0] <= 0 and spans[0][1] >= size)
