"""Operations as JSON and back: how a campaign keeps what it asks for. The form has a version."""

from __future__ import annotations

from dataclasses import asdict
from functools import cache
from typing import Any, get_args

from pydantic import TypeAdapter, ValidationError

from engine.charging.operations import Operation, RawCall, SetConfiguration, SetPassword
from engine.charging.secrecy import is_secret, redacted
from engine.errors import InvalidInput

VERSION = 1
_BY_KIND: dict[str, type[Operation]] = {each.kind: each for each in get_args(Operation) if each is not SetPassword}


def to_json(operation: Operation) -> dict[str, Any]:
    """Plain JSON values, but decimals, which the store writes as text. Raises InvalidInput for a password."""
    if _secret(operation):
        raise InvalidInput(
            "A password is nothing to be kept here.", field="operation", remedy="Set passwords one by one."
        )
    return {"v": VERSION, "kind": operation.kind, "fields": asdict(operation)}


def _secret(operation: Operation) -> bool:
    if isinstance(operation, RawCall):
        return bool(redacted(operation.payload, urls=False) != dict(operation.payload))
    if isinstance(operation, SetConfiguration):
        return is_secret(operation.name.key) or is_secret(operation.name.variable)
    return isinstance(operation, SetPassword)


def from_json(stored: dict[str, Any]) -> Operation:
    """The operation again. Raises InvalidInput for a form that this release does not know."""
    known = _BY_KIND.get(str(stored.get("kind")))
    if known is None or stored.get("v") != VERSION:
        raise InvalidInput(
            f"This release knows no stored operation {stored.get('kind')!r} of version {stored.get('v')!r}.",
            field="operation",
            remedy="Make the campaign anew.",
        )
    try:
        return _adapter(known.kind).validate_python(stored["fields"])
    except (ValidationError, KeyError) as error:
        raise InvalidInput(f"A stored operation cannot be read: {error}", field="operation") from error


@cache
def _adapter(kind: str) -> TypeAdapter[Operation]:
    return TypeAdapter(_BY_KIND[kind])
