"""Compiled JSON schema validators: the `ocpp` package's schemas, one set a version, shared by the whole process.

Each message has two inbound forms. `strict` is the specification's. `tolerant` is what is demanded of a payload after
`tolerant.py` has repaired it: types and required fields, but no enumerations, bounds or spare-field ban. Outbound,
`checked` is the specification's with formats (date-time, uri) enforced too.

Inbound all are read by draft 4, though 2.x's files name draft 6: to that one 1.0 is an integer, and would be a float in
every place that counts. Nothing else in these files differs between the two. And an integer is one that a store holds.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import jsonschema_rs
import orjson

from engine.charging.messages import Json
from engine.errors import ConfigurationError, ProtocolError
from engine.ocpp.amendments import amend as amend_known_flaws
from engine.ocpp.directions import DIRECTIONS, Directions
from engine.ocpp.errors import ErrorCode, refusal

Schema = dict[str, Any]
MAX_TEXT = 255
"""What is left of text that is longer than its field allows, in characters."""


@dataclass(frozen=True, slots=True)
class MessageSchema:
    """One message in one direction. `schema` is the JSON of `strict`, for the repairs to walk along."""

    schema: Schema
    strict: jsonschema_rs.Validator
    tolerant: jsonschema_rs.Validator
    checked: jsonschema_rs.Validator


class SchemaSet:
    """One version's messages. `folder` is the `ocpp` package's ("v16"), `suffix` what request files end in.

    Known flaws are mended (amendments.py) before a schema is compiled; `amend(name, schema)` may change it further, in
    place. `optional` fields may be missing in the tolerant form, `numbers` may have a fraction there, as in `relaxed`.
    """

    def __init__(
        self,
        folder: str,
        *,
        suffix: str = "",
        amend: Callable[[str, Schema], None] | None = None,
        optional: frozenset[str] = frozenset(),
        numbers: frozenset[str] = frozenset(),
    ) -> None:
        self._folder, self._suffix, self._amend = folder, suffix, amend
        self._optional, self._numbers = optional, numbers
        self._loaded: dict[tuple[str, bool], MessageSchema] = {}
        self.directions: Directions = DIRECTIONS[folder]
        """Who sends which action."""

    @property
    def actions(self) -> frozenset[str]:
        """All actions that the version has, in either direction."""
        return self.directions.actions

    def request(self, action: str) -> MessageSchema:
        """The payload of the CALL, or of the SEND. KeyError for an unknown action."""
        return self._loaded.get((action, True)) or self._load(action, request=True)

    def response(self, action: str) -> MessageSchema:
        """The CALLRESULT's payload. KeyError for an unknown action, and for one that is never answered."""
        return self._loaded.get((action, False)) or self._load(action, request=False)

    def _load(self, action: str, *, request: bool) -> MessageSchema:
        unconfirmed = action in self.directions.unconfirmed
        if action not in self.actions or (unconfirmed and not request):
            raise KeyError(action)
        name = action if unconfirmed else action + (self._suffix if request else "Response")
        # The 2.x files begin with a byte order mark.
        schema = orjson.loads((_root() / self._folder / "schemas" / f"{name}.json").read_bytes().removeprefix(_BOM))
        amend_known_flaws(self._folder, name, schema)
        if self._amend is not None:
            self._amend(name, schema)
        checked = jsonschema_rs.validator_cls_for(schema)(schema, validate_formats=True)
        tolerated = relaxed(schema, self._optional, self._numbers)
        loaded = MessageSchema(schema, _inbound(schema), _inbound(tolerated), checked)
        self._loaded[(action, request)] = loaded
        return loaded


_BOM = b"\xef\xbb\xbf"


@cache
def _root() -> Path:
    spec = importlib.util.find_spec("ocpp")
    if spec is None or not spec.submodule_search_locations:
        raise ConfigurationError("The package 'ocpp', which holds the OCPP schemas, is not installed: run pip install.")
    return Path(spec.submodule_search_locations[0])


_STRICT_ONLY = frozenset({"enum", "minItems", "minLength", "additionalProperties", "multipleOf", "minimum", "maximum"})


def relaxed(schema: Any, optional: frozenset[str], numbers: frozenset[str]) -> Any:
    """The schema without enumerations, bounds and the ban on other fields; `optional` fields may be missing.

    `numbers` are integer fields that may have a fraction, because what is made of them is an exact decimal.
    Field names (below "properties" and "definitions") are never taken for keywords.
    """
    if isinstance(schema, list):
        return [relaxed(item, optional, numbers) for item in schema]
    if not isinstance(schema, dict):
        return schema
    loose: Schema = {}
    for keyword, value in schema.items():
        if keyword in ("properties", "definitions"):
            loose[keyword] = {name: relaxed(inner, optional, numbers) for name, inner in value.items()}
            for name in numbers & loose[keyword].keys():
                loose[keyword][name]["type"] = "number"
        elif keyword == "required":
            loose[keyword] = [name for name in value if name not in optional]
            if not loose[keyword]:
                del loose[keyword]  # draft 4 forbids an empty list
        elif keyword == "maxLength":
            loose[keyword] = max(value, MAX_TEXT)
        elif keyword not in _STRICT_ONLY:
            loose[keyword] = relaxed(value, optional, numbers)
    return loose


MAX_INTEGER: Final = 2**63 - 1
"""The largest that a store or a JSON writer holds; the specification's own is 2**31 - 1."""


def _inbound(schema: Schema) -> jsonschema_rs.Validator:
    return jsonschema_rs.Draft4Validator(bounded(schema), validate_formats=False)


def bounded(schema: Any) -> Any:
    """The schema with integers of 64 bits at most."""
    if isinstance(schema, list):
        return [bounded(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    narrow = {keyword: bounded(value) for keyword, value in schema.items()}
    if narrow.get("type") == "integer":
        narrow = {"minimum": -MAX_INTEGER, "maximum": MAX_INTEGER} | narrow
    return narrow


_CODES = {
    "type": ErrorCode.TYPE_CONSTRAINT_VIOLATION,
    "required": ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION,
    "minItems": ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION,
    "maxItems": ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION,
    "additionalProperties": ErrorCode.FORMAT_VIOLATION,
}


@dataclass(frozen=True, slots=True)
class Flaw:
    """The first thing that is wrong with a payload. `field` is its path (`meterValue.0.timestamp`)."""

    code: ErrorCode
    field: str
    text: str
    allowed: Json = None


def first_flaw(validator: jsonschema_rs.Validator, payload: Json) -> Flaw | None:
    """What is wrong with `payload`, or None. Everything but type, occurrence and spare fields is a property's value."""
    for error in validator.iter_errors(payload):
        keyword = str(error.kind.name)
        path = [str(part) for part in error.instance_path]
        facts: Mapping[str, Any] = error.kind.as_dict()
        allowed = None
        if keyword == "required":
            path.append(str(facts.get("property", "")))
            text = "is required"
        elif keyword == "additionalProperties":
            path.append(str(facts.get("unexpected", [""])[0]))
            text = "is not a field of this message"
        elif keyword == "enum":
            allowed = facts.get("options")
            text = "is not one of the values that are allowed"
        else:
            text = f"violates {keyword} {str(next(iter(facts.values()), ''))[:60]}"
        return Flaw(_CODES.get(keyword, ErrorCode.PROPERTY_CONSTRAINT_VIOLATION), ".".join(path), text, allowed)
    return None


def refuse_flaw(validator: jsonschema_rs.Validator, action: str, payload: Json) -> ProtocolError:
    """The error to answer with for a payload that `validator` does not accept."""
    flaw = first_flaw(validator, payload)
    if flaw is None:
        return refusal(ErrorCode.FORMAT_VIOLATION, f"{action} is not valid.")
    return refusal(flaw.code, f"{action}: {flaw.field[:120] or 'the payload'} {flaw.text}.")
