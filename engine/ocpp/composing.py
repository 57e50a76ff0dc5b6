"""Making CALLs of operations, as far as all versions do it alike: finding the composer, leaving out what is empty."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engine.charging.messages import Json
from engine.charging.operations import Operation, RawCall
from engine.clock import to_iso
from engine.errors import InvalidInput

Call = tuple[str, dict[str, Json]]
"""An action and its payload."""

Composer = Callable[[Any], Call]


def composed(version: str, composers: Mapping[type[Operation], Composer], operation: Operation) -> Call:
    """The CALL for an operation. Raises InvalidInput where the version has none."""
    if isinstance(operation, RawCall):
        return operation.action, dict(operation.payload)
    composer = composers.get(type(operation))
    if composer is None:
        raise cannot(version, operation.kind.replace("_", " "), "", "Use a station that speaks OCPP 2.0.1 or later.")
    return composer(operation)


def cannot(version: str, what: str, field: str, remedy: str) -> InvalidInput:
    """The error for what a version has no words for."""
    return InvalidInput(f"OCPP {version}, which this station speaks, has no {what}.", field=field, remedy=remedy)


def given(**fields: Json) -> dict[str, Json]:
    """The fields that are not None: an optional field without a value is left out on the way out."""
    return {name: value for name, value in fields.items() if value is not None}


def moment(micros: int | None) -> str | None:
    """A time as the specification writes it; None stays None."""
    return None if micros is None else to_iso(micros)
