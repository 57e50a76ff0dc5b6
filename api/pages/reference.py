"""Renders the OpenAPI document as one plain HTML page, on the server, for people who read it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

import orjson

Document = Mapping[str, Any]


def render(document: Document) -> str:
    """The page's content: a list of all operations, then each of them, then the schemas."""
    operations = [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    operations.sort(key=lambda each: (each[2].get("tags", [""])[0], each[0]))
    schemas = document["components"]["schemas"]
    parts = [f"<p>{_prose(document['info'].get('description', ''))}</p>", '<nav aria-label="Operations"><ul>']
    parts += [
        f'<li><a href="#{escape(op["operationId"])}"><code>{method.upper()} {escape(path)}</code></a> '
        f"{escape(op.get('summary', ''))}</li>"
        for path, method, op in operations
    ]
    parts.append("</ul></nav>")
    parts += [_operation(path, method, op, schemas) for path, method, op in operations]
    parts.append('<h2 id="schemas">Schemas</h2>')
    parts += [
        f'<section class="schema" id="schema-{escape(name)}"><h3>{escape(name)}</h3>{_schema(schema)}</section>'
        for name, schema in sorted(schemas.items())
    ]
    return "".join(parts)


def _prose(text: str) -> str:
    """Escape, and set what stands between backquotes as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _operation(path: str, method: str, operation: Document, schemas: Document) -> str:
    rows = [
        f'<section class="operation" id="{escape(operation["operationId"])}">',
        f'<h3><span class="method {method}">{method.upper()}</span> <code>{escape(path)}</code></h3>',
        f"<p><strong>{escape(operation.get('summary', ''))}</strong></p>",
    ]
    if description := operation.get("description"):
        rows.append(f"<p>{_prose(description)}</p>")
    permission = operation.get("x-permission")
    rows.append(f"<p>Permission: <code>{escape(permission)}</code></p>" if permission else "<p>Needs no login.</p>")
    if parameters := operation.get("parameters"):
        rows.append("<h4>Parameters</h4><table><tr><th>Name</th><th>In</th><th>Type</th><th></th></tr>")
        rows += [_parameter(parameter) for parameter in parameters]
        rows.append("</table>")
    if body := operation.get("requestBody"):
        rows += ["<h4>Body</h4>", *_content(body["content"], schemas)]
    rows.append("<h4>Answers</h4><dl>")
    for status, answer in sorted(operation["responses"].items()):
        rows.append(f"<dt>{escape(status)}</dt><dd>{_prose(answer['description'])} ")
        rows += _content(answer.get("content", {}), schemas)
        rows.append("</dd>")
    rows.append("</dl></section>")
    return "".join(rows)


def _parameter(parameter: Document) -> str:
    schema = parameter["schema"]
    needed = " (needed)" if parameter.get("required") else ""
    default = f" Default: {schema['default']}." if schema.get("default") is not None else ""
    return (
        f"<tr><td><code>{escape(parameter['name'])}</code>{needed}</td><td>{escape(parameter['in'])}</td>"
        f"<td>{_type(schema)}</td><td>{_prose(parameter.get('description', '') + default)}</td></tr>"
    )


def _content(content: Document, schemas: Document) -> Iterator[str]:
    for media_type, form in content.items():
        schema = form.get("schema", {})
        yield f"<code>{escape(media_type)}</code> {_type(schema)}"
        example = form.get("example")
        if example is None and media_type == "application/json":
            example = _example(schema, schemas)
        if isinstance(example, str):
            yield f"<pre>{escape(example)}</pre>"
        elif example not in (None, {}, []):
            yield f"<pre>{escape(orjson.dumps(example, option=orjson.OPT_INDENT_2).decode())}</pre>"


def _schema(schema: Document) -> str:
    needed = schema.get("required", ())
    rows = [f"<p>{_prose(schema.get('description', ''))}</p><table>"]
    for name, member in schema.get("properties", {}).items():
        optional = "" if name in needed else " (optional)"
        rows.append(
            f"<tr><td><code>{escape(name)}</code>{optional}</td><td>{_type(member)}</td>"
            f"<td>{_prose(member.get('description', ''))}</td></tr>"
        )
    rows.append("</table>")
    return "".join(rows)


def _name(schema: Document) -> str:
    return str(schema["$ref"]).rpartition("/")[2]


def _type(schema: Document) -> str:
    """A schema in a few words, with links to the named ones."""
    if "$ref" in schema:
        name = escape(_name(schema))
        return f'<a href="#schema-{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(_type(each) for each in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(f"<code>{escape(str(each))}</code>" for each in schema["enum"])
    if "const" in schema:
        return f"<code>{escape(orjson.dumps(schema['const']).decode())}</code>"
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    limits = [
        f"{word} {schema[key]}"
        for key, word in (("minimum", "≥"), ("exclusiveMinimum", ">"), ("maximum", "≤"), ("maxLength", "length ≤"))
        if key in schema
    ]
    kind = " ".join(filter(None, [schema.get("type", "any"), schema.get("format", "")]))
    return escape(", ".join([kind, *limits]))


def _example(schema: Document, schemas: Document, depth: int = 0) -> Any:
    """Something that fits the schema, from its examples and defaults."""
    if depth > 6:
        return None
    if "$ref" in schema:
        return _example(schemas[_name(schema)], schemas, depth + 1)
    for known in ("examples", "default", "const", "enum"):
        if known in schema:
            found = schema[known]
            return found[0] if known in ("examples", "enum") else found
    if "anyOf" in schema:
        return _example(schema["anyOf"][0], schemas, depth + 1)
    if "properties" in schema:
        return {name: _example(member, schemas, depth + 1) for name, member in schema["properties"].items()}
    if schema.get("type") == "array":
        return [_example(schema.get("items", {}), schemas, depth + 1)]
    return {"string": "", "integer": 1, "number": 1.5, "boolean": True, "object": {}}.get(str(schema.get("type")))
