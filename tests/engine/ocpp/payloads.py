"""Payloads by the schemas: a Hypothesis strategy for whatever a message's JSON schema allows.

Made for the OCA's schemas and no others: `$ref` into `definitions`, no recursion, the keywords that occur there.
Objects that are open (customData) get keys of a vendor's own, fields without a type get any JSON.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

Schema = dict[str, Any]

LONGEST_TEXT, LONGEST_LIST, BIGGEST = 24, 2, 2**31 - 1
TEXT = st.characters(exclude_categories=("Cs",))
TIMES = st.datetimes().map(lambda at: at.isoformat(timespec="milliseconds") + "Z")
URIS = st.sampled_from(["https://example.com/a?b=c", "ftp://user@host/path", "urn:oca:1"])
SCALARS = st.none() | st.booleans() | st.integers(-BIGGEST, BIGGEST) | st.floats(-1e9, 1e9) | st.text(TEXT, max_size=8)
ANY_JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(TEXT, max_size=6), inner, max_size=2),
    max_leaves=4,
)


def payloads(schema: Schema) -> SearchStrategy[Any]:
    """What `schema` allows."""
    definitions: dict[str, Schema] = schema.get("definitions", {})
    known: dict[str, SearchStrategy[Any]] = {}

    def strategy(part: Schema) -> SearchStrategy[Any]:
        reference = part.get("$ref")
        if reference is None:
            return made(part, strategy)
        name = str(reference).rpartition("/")[2]
        if name not in known:
            known[name] = made(definitions[name], strategy)
        return known[name]

    return strategy(schema)


def made(part: Schema, strategy: Callable[[Schema], SearchStrategy[Any]]) -> SearchStrategy[Any]:
    if "enum" in part:
        return st.sampled_from(part["enum"])
    if "anyOf" in part:
        return st.one_of([strategy(choice) for choice in part["anyOf"]])
    match part.get("type"):
        case "object":
            return objects(part, strategy)
        case "array":
            least = part.get("minItems", 0)
            most = min(part.get("maxItems", least + LONGEST_LIST), least + LONGEST_LIST)
            return st.lists(strategy(part["items"]), min_size=least, max_size=most)
        case "string":
            return texts(part)
        case "integer":
            return integers(int(part.get("minimum", -BIGGEST)), int(part.get("maximum", BIGGEST)))
        case "number":
            return numbers(part)
        case "boolean":
            return st.booleans()
        case None:
            return ANY_JSON
    raise ValueError(f"There is no strategy for {part}.")


def objects(part: Schema, strategy: Callable[[Schema], SearchStrategy[Any]]) -> SearchStrategy[Any]:
    properties: dict[str, Schema] = part.get("properties", {})
    required = part.get("required", ())
    fields = {name: strategy(inner) for name, inner in properties.items() if name in required}
    optional = {name: strategy(inner) for name, inner in properties.items() if name not in required}
    fixed = st.fixed_dictionaries(fields, optional=optional)
    if part.get("additionalProperties") is False:
        return fixed
    own = st.dictionaries(st.text(TEXT, min_size=1, max_size=6).map(lambda key: f"x{key}"), ANY_JSON, max_size=2)
    return st.builds(lambda known, more: more | known, fixed, own)


def texts(part: Schema) -> SearchStrategy[str]:
    kind = part.get("format")
    if kind == "date-time":
        return TIMES
    if kind == "uri":
        return URIS
    least = part.get("minLength", 0)
    return st.text(TEXT, min_size=least, max_size=min(part.get("maxLength", LONGEST_TEXT), least + LONGEST_TEXT))


def integers(low: int, high: int) -> SearchStrategy[int]:
    """Mostly such as there are: most of 32 bits' numbers name no connector of any station."""
    usual = st.integers(max(low, 0), min(high, 9))
    return st.one_of(usual, usual, usual, usual, st.integers(low, high))


def numbers(part: Schema) -> SearchStrategy[float]:
    low, high = part.get("minimum", -1e9), part.get("maximum", 1e9)
    step = part.get("multipleOf")
    if step is None:
        return st.floats(low, high) | st.integers(int(low), int(high)).map(float)
    count = round(1 / step)
    return st.integers(int(low) * count, int(high) * count).map(lambda number: number / count)


def fields_of(schema: Schema) -> dict[str, Schema]:
    """The top fields of a message, references resolved."""
    definitions = schema.get("definitions", {})
    return {
        name: definitions[str(part["$ref"]).rpartition("/")[2]] if "$ref" in part else part
        for name, part in schema.get("properties", {}).items()
    }


def spoilt(schema: Schema, payload: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Copies of a valid payload with one thing wrong, each with the name of the field that is."""
    copies = [("noSuchField", payload | {"noSuchField": 1})]
    copies += [
        (name, {key: value for key, value in payload.items() if key != name}) for name in schema.get("required", ())
    ]
    for name, part in fields_of(schema).items():
        wrong: Any = {"string": 7, "integer": "seven", "number": "seven", "boolean": "seven"}.get(part.get("type", ""))
        if wrong is None and part.get("type") in ("object", "array"):
            wrong = "seven"
        if wrong is not None:
            copies.append((name, payload | {name: wrong}))
    return copies
