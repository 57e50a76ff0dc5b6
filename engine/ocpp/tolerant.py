"""Repairs payloads that are not valid but can be understood, walking along their schema.

Called only after the strict validator has said no. Nothing is changed in place; a valid payload comes back equal and
without notes. What is left undone (a missing idTag, a connector "abc") is for the tolerant validator to refuse.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

from engine.charging.messages import Deviated, Json
from engine.ocpp.deviations import Deviation, note
from engine.ocpp.schemas import MAX_INTEGER, MAX_TEXT, MessageSchema, Schema, refuse_flaw

_INTEGER_TEXT = re.compile(r"\s*[+-]?\d{1,19}(?:\.0{1,9})?\s*", re.ASCII)
_NUMBER_TEXT = re.compile(r"\s*[+-]?\d{1,19}(?:\.\d{1,18})?(?:[eE][+-]?\d{1,2})?\s*", re.ASCII)
_TRUE = {"true", "1", "yes", "on"}
_FALSE = {"false", "0", "no", "off", ""}
_DROP: Any = object()


def repaired(
    action: str, payload: Json, schema: MessageSchema, notes: list[Deviated], defaults: Mapping[str, Json]
) -> dict[str, Any]:
    """What `payload` means. `defaults` are neutral values of missing fields. Raises ProtocolError."""
    if payload is None or payload == [] or payload == "":
        note(notes, Deviation.NULL_PAYLOAD, action)
        payload = {}
    fixed = _Repair(schema.schema, notes).value(payload, schema.schema, "")
    if isinstance(fixed, dict):
        for name, value in defaults.items():
            if name not in fixed:
                note(notes, Deviation.MISSING_FIELD, name)
                fixed[name] = value
    if not schema.tolerant.is_valid(fixed) or not isinstance(fixed, dict):
        raise refuse_flaw(schema.tolerant, action, fixed)
    return fixed


class _Repair:
    """One walk. Depth is bounded by the schema's, not by the payload's."""

    def __init__(self, root: Schema, notes: list[Deviated]) -> None:
        self._definitions = root.get("definitions", {})
        self._notes = notes

    def note(self, deviation: Deviation, path: str) -> None:
        note(self._notes, deviation, path)

    def resolved(self, schema: Schema) -> Schema:
        reference = schema.get("$ref")
        return schema if reference is None else self._definitions.get(str(reference).rpartition("/")[2], {})

    def value(self, value: Json, schema: Schema, path: str) -> Json:
        schema = self.resolved(schema)
        kind = schema.get("type")
        if kind == "object":
            return self.object(value, schema, path)
        if kind == "array":
            return self.array(value, schema, path)
        if kind == "string":
            return self.text(value, schema, path)
        if kind == "integer" or kind == "number":
            return self.number(value, schema, path)
        if kind == "boolean":
            return self.boolean(value, path)
        return value

    def object(self, value: Json, schema: Schema, path: str) -> Json:
        if not isinstance(value, dict):
            return value
        properties: Mapping[str, Schema] = schema.get("properties", {})
        if not properties and schema.get("additionalProperties") is not False:
            return value
        required = schema.get("required", ())
        by_lower: dict[str, str] | None = None
        fixed: dict[str, Json] = {}
        for said, inner in value.items():
            name, inside = said, f"{path}.{said}" if path else said
            if name not in properties:
                if by_lower is None:
                    by_lower = {known.lower(): known for known in properties}
                name = by_lower.get(said.strip().lower(), "")
                if not name or name in value:
                    if schema.get("additionalProperties") is False:
                        self.note(Deviation.UNKNOWN_FIELD, inside)
                        continue
                    name = said
                else:
                    self.note(Deviation.FIELD_SPELLING, inside)
            if name in properties:
                inner = self.member(inner, properties[name], inside, optional=name not in required)
                if inner is _DROP:
                    continue
            fixed[name] = inner
        return fixed

    def member(self, value: Json, schema: Schema, path: str, *, optional: bool) -> Json:
        schema = self.resolved(schema)
        if value is None:
            self.note(Deviation.NULL_FIELD, path)
            return _DROP
        if optional and value == "" and ("enum" in schema or schema.get("type") not in ("string", None)):
            self.note(Deviation.NULL_FIELD, path)
            return _DROP
        fixed = self.value(value, schema, path)
        if optional and schema.get("type") == "integer" and type(fixed) in (int, float) and abs(fixed) > MAX_INTEGER:
            # A reservation of 2**64 - 1 is an uninitialised -1, and no reason to refuse a transaction.
            self.note(Deviation.NUMBER_OUT_OF_BOUNDS, path)
            return _DROP
        return fixed

    def array(self, value: Json, schema: Schema, path: str) -> Json:
        if value is None:
            value = []
        elif not isinstance(value, list):
            self.note(Deviation.ITEM_FOR_LIST, path)
            value = [value]
        items: Schema = schema.get("items", {})
        fixed = [self.value(item, items, f"{path}.{i}") for i, item in enumerate(value) if item is not None]
        if len(fixed) < len(value):
            self.note(Deviation.NULL_FIELD, path)
        if len(fixed) < schema.get("minItems", 0):
            self.note(Deviation.EMPTY_LIST, path)
        return fixed

    def text(self, value: Json, schema: Schema, path: str) -> Json:
        allowed = schema.get("enum")
        if isinstance(value, str):
            text = value
        elif isinstance(value, bool):
            self.note(Deviation.BOOLEAN_FOR_TEXT, path)
            text = "true" if value else "false"
        elif isinstance(value, int | float):
            self.note(Deviation.NUMBER_FOR_TEXT, path)
            text = str(value)
        elif isinstance(value, dict | list) and allowed is None and schema.get("maxLength", MAX_TEXT) >= MAX_TEXT:
            self.note(Deviation.STRUCTURE_FOR_TEXT, path)
            return orjson.dumps(value).decode()
        else:
            return value
        if allowed is not None:
            return text if text in allowed else self.enumerated(text, allowed, path)
        longest = schema.get("maxLength")
        if longest is not None and len(text) > longest:
            self.note(Deviation.LONG_TEXT, path)
            return text[: max(longest, MAX_TEXT)]
        return text

    def enumerated(self, said: str, allowed: list[str], path: str) -> str:
        """The member that `said` is another spelling of; what is none is kept as said."""
        bare = _bare(said)
        for member in allowed:
            if _bare(member) == bare:
                self.note(Deviation.MEMBER_SPELLING, f"{path}: {said}")
                return member
        # Units are looked at by their measurand (units.py), with better names for what is odd.
        if not path.endswith(".unit"):
            self.note(Deviation.UNKNOWN_MEMBER, f"{path}: {said}")
        return said[:MAX_TEXT]

    def number(self, value: Json, schema: Schema, path: str) -> Json:
        number = self.read_number(value, schema["type"], path)
        least, most = schema.get("minimum", number), schema.get("maximum", number)
        if type(number) in (int, float) and not least <= number <= most:
            self.note(Deviation.NUMBER_OUT_OF_BOUNDS, path)
        return number

    def read_number(self, value: Json, kind: str, path: str) -> Json:
        if isinstance(value, str):
            if _INTEGER_TEXT.fullmatch(value):
                whole = int(value.partition(".")[0])
                if not -(2**63) <= whole < 2**63:
                    return value  # more than any store or JSON writer holds
                self.note(Deviation.TEXT_FOR_NUMBER, path)
                return whole
            if _NUMBER_TEXT.fullmatch(value):
                self.note(Deviation.TEXT_FOR_NUMBER, path)
                value = float(value)
            else:
                return value
        if kind == "integer" and isinstance(value, float):
            self.note(Deviation.FRACTION_FOR_INTEGER, path)
            return int(value) if value.is_integer() and abs(value) < 2**63 else value
        return value

    def boolean(self, value: Json, path: str) -> Json:
        if isinstance(value, str | int) and not isinstance(value, bool):
            said = str(value).strip().lower()
            if said in _TRUE or said in _FALSE:
                self.note(Deviation.VALUE_FOR_BOOLEAN, path)
                return said in _TRUE
        return value


def _bare(text: str) -> str:
    """Without case and separators: "suspended_ev" and "SuspendedEV" are one."""
    return "".join(c for c in text.lower() if c.isalnum())
