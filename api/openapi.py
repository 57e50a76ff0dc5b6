"""Completes the OpenAPI document: the error answers that every operation can give, and how one logs in."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.access import PERMISSION_OF, is_open
from api.problems import MEDIA_TYPE
from api.schemas import Problem

DESCRIPTION = """\
The façade of Raycharge. Times are RFC 3339 in UTC with milliseconds; energies are decimal text in Wh, exact. Log in
with `POST /api/v1/login` and send the token as `Authorization: Bearer …`. Errors are problem details (RFC 9457):
`field` names what is wrong, `remedy` what would be accepted. Lists are paged with `limit` and `cursor`.
"""

_ALWAYS = {"500": "An unforeseen error; `correlation` finds it in the log."}
_GUARDED = {
    "401": "No valid login.",
    "403": "The role lacks the permission.",
    "503": "A store, the journal or a host does not answer. Try again after Retry-After seconds.",
}
_PARAMETERS = {"422": "The request cannot be used: `field` and `remedy` tell why."}
_BODY = {"400": "The body is no JSON.", "413": "The body is too large.", "415": "The body is not sent as JSON."}
_BY_OPERATION: dict[str, dict[str, str]] = {
    "login": {
        "401": "Unknown address or wrong password.",
        "429": "Too many tries; see Retry-After.",
        "503": "A store does not answer.",
    },
    "addChargePoint": {"409": "The id is taken."},
    "addToken": {"409": "The token is there already."},
    "addFirmware": {"413": "The image is larger than RAYCHARGE_MAX_FIRMWARE_MB."},
    "getChargePointFile": {"416": "The file does not have this range."},
    "fetchFile": {"410": "The link is spent or has expired.", "416": "The file does not have this range."},
    "bringFile": {"410": "The link is spent or has expired.", "413": "Larger than RAYCHARGE_MAX_UPLOAD_MB."},
    "sendCommand": {"409": "The charge point is retired."},
}


def document(app: FastAPI) -> dict[str, Any]:
    """The document of `app`, made once."""
    if app.openapi_schema is None:
        made = get_openapi(title=app.title, version=app.version, description=DESCRIPTION, routes=app.routes)
        components = made.setdefault("components", {})
        schemas = components.setdefault("schemas", {})
        schemas["Problem"] = Problem.model_json_schema()
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        components["securitySchemes"] = {"login": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
        for path, operations in made["paths"].items():
            for operation in operations.values():
                _complete(path, operation)
        app.openapi_schema = made
    return app.openapi_schema


def _complete(path: str, operation: dict[str, Any]) -> None:
    name = operation["operationId"]
    errors = dict(_ALWAYS)
    if not is_open(path):
        errors |= _GUARDED
        operation["security"] = [{"login": []}]
        operation["x-permission"] = PERMISSION_OF[name]
    if operation.get("parameters") or "requestBody" in operation:
        errors |= _PARAMETERS
    if "requestBody" in operation:
        errors |= _BODY
    if "{" in path:
        errors["404"] = "There is no such thing."
    errors |= _BY_OPERATION.get(name, {})
    answers = operation["responses"]
    if answers.get("422", {}).get("description") == "Validation Error":
        del answers["422"]
    errors |= {status: known["description"] for status, known in answers.items() if status >= "400"}
    for status, description in errors.items():
        answers[status] = {
            "description": description,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
