"""Payloads made of a schema: the least that it allows, or all that it has."""

from __future__ import annotations

from typing import Any

from engine.charging.messages import Json

SAID = "2026-11-30T00:53:20Z"

Schema = dict[str, Any]


def example(schema: Schema, *, full: bool) -> Any:
    """A payload that `schema` accepts; `full`: with every optional field."""
    return _value(schema, schema.get("definitions", {}), "", full)


def _value(schema: Schema, definitions: Schema, name: str, full: bool) -> Json:
    if "$ref" in schema:
        return _value(definitions[schema["$ref"].rpartition("/")[2]], definitions, name, full)
    if "anyOf" in schema:
        return _value(schema["anyOf"][0], definitions, name, full)
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "object" or "properties" in schema:
        required = schema.get("required", ())
        known = schema.get("properties", {})
        wanted = [n for n in known if n in required or (full and n != "customData")]
        return {n: _value(known[n], definitions, n, full) for n in wanted}
    if kind == "array":
        return [_value(schema["items"], definitions, name, full)] * max(schema.get("minItems", 1), 1)
    if kind == "string":
        return _text(schema, name)
    if kind == "boolean":
        return name != "tbc"
    if kind in ("integer", "number"):
        return int(min(max(schema.get("minimum", 1), 1), schema.get("maximum", 1)))
    return {}


def _text(schema: Schema, name: str) -> str:
    if schema.get("format") == "date-time":
        return SAID
    if schema.get("format") == "uri":
        return "https://host.example/x"
    return {
        "unit": "A",
        "value": "1",
        "serialNumber": "0a",
        "issuerNameHash": "ab" * 32,
        "issuerKeyHash": "cd" * 32,
    }.get(name, "x")
