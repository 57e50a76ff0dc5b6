"""Take values out of answers that may hold anything: what is of another type than expected counts as not there."""

from __future__ import annotations

from collections.abc import Mapping

from engine.charging.messages import Json

MAX_NUMBER = 2**63


def mapping(value: Json) -> Mapping[str, Json]:
    """An object, {} for anything else."""
    return value if isinstance(value, Mapping) else {}


def mappings(value: Json) -> list[Mapping[str, Json]]:
    """The objects of a list."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list | tuple) else []


def text(value: Json) -> str:
    """A text, "" for anything else."""
    return value if isinstance(value, str) else ""


def integer(value: Json) -> int | None:
    """A whole number that a store can hold, None for anything else."""
    whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) < MAX_NUMBER
    return value if whole else None
