"""Is a payload what the specification allows? The OCA's JSON schemas as the `ocpp` package has them, formats checked.

Deliberately not the product's own validation (engine/ocpp/schemas.py): this is the other side's judge.
"""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson

FOLDERS = {"ocpp1.6": ("v16", ""), "ocpp2.0.1": ("v201", "Request"), "ocpp2.1": ("v21", "Request")}


def flaw(subprotocol: str, action: str, payload: Any, *, request: bool) -> str:
    """What is wrong with a payload; "" if nothing is."""
    try:
        validator = _validator(subprotocol, action, request)
    except FileNotFoundError:
        return f"{action} is no action of {subprotocol}"
    for error in validator.iter_errors(payload):
        path = ".".join(str(part) for part in error.instance_path)
        return f"{path or 'the payload'}: {error.message[:300]}"
    return ""


@cache
def _validator(subprotocol: str, action: str, request: bool) -> jsonschema_rs.Validator:
    folder, suffix = FOLDERS[subprotocol]
    spec = importlib.util.find_spec("ocpp")
    if spec is None or spec.origin is None:
        raise RuntimeError("the ocpp package is not installed")
    names = [action + suffix, action] if request else [f"{action}Response"]  # 2.1's SEND has a file without a suffix
    files = [Path(spec.origin).parent / folder / "schemas" / f"{name}.json" for name in names]
    text = next((file for file in files if file.exists()), files[0]).read_bytes()
    # The 2.x files begin with a byte order mark.
    return jsonschema_rs.validator_for(orjson.loads(text.removeprefix(b"\xef\xbb\xbf")), validate_formats=True)
