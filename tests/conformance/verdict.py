"""How a case says that something is wrong, and the comparison that most cases are made of."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any


class CaseFailed(AssertionError):
    """The system did not do what the case validates. The text says which step, and what came instead."""


class _Marker:
    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


ANY = _Marker("anything")
"""In `holds`: the field has to be there."""
ABSENT = _Marker("absent")
"""In `holds`: the field must not be there."""


def at(payload: Any, path: str) -> Any:
    """The value at a path such as `meterValue.0.timestamp`; ABSENT if there is none."""
    found = payload
    for part in path.split("."):
        if isinstance(found, Mapping) and part in found:
            found = found[part]
        elif isinstance(found, (list, tuple)) and part.isdecimal() and int(part) < len(found):
            found = found[int(part)]
        else:
            return ABSENT
    return found


def holds(payload: Any, wanted: Mapping[str, Any], what: str = "the payload") -> None:
    """Compare fields by path. A wanted value may be ANY, ABSENT, a set (one of these) or a function (true for it).

    Raises CaseFailed naming `what`, the field, what was wanted and what is there.
    """
    for path, want in wanted.items():
        found = at(payload, path)
        if not _fits(found, want):
            raise CaseFailed(f"{what}: {path} is {found!r}, not {_said(want)}; it is {payload!r}")


def same(found: Any, wanted: Any, what: str) -> None:
    """Raises CaseFailed if the two differ."""
    if found != wanted:
        raise CaseFailed(f"{what} is {found!r}, not {wanted!r}")


def _fits(found: Any, want: Any) -> bool:
    if want is ANY:
        return found is not ABSENT
    if want is ABSENT:
        return found is ABSENT
    if isinstance(want, (set, frozenset)):
        return found in want
    if callable(want):
        return found is not ABSENT and bool(want(found))
    return bool(found == want)


def _said(want: Any) -> str:
    if isinstance(want, Collection) and not isinstance(want, (str, Mapping, list)):
        return "one of " + ", ".join(map(repr, want))
    if isinstance(want, Callable):  # type: ignore[arg-type]
        return f"what {getattr(want, '__name__', want)} asks for"
    return repr(want)
