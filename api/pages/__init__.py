"""The REST reference at `/docs`, for people.

It comes whole from this process, without a request to anywhere else. Its inline style and script are named in the
content security policy by hash, so that nothing else can run in it.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from api.pages.reference import render
from api.web.context import Context, Here

router = APIRouter(include_in_schema=False)

_INLINE = re.compile(r"<(style|script)>(.*?)</\1>", re.DOTALL)


@cache
def _template(name: str) -> tuple[str, str]:
    """A page's text and the policy under which it works."""
    text = (Path(__file__).parent / name).read_text("utf-8")
    hashes: dict[str, list[str]] = {"style": [], "script": []}
    for kind, content in _INLINE.findall(text):
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        hashes[kind].append(f"'sha256-{digest}'")
    sources = {kind: " ".join(found) or "'none'" for kind, found in hashes.items()}
    policy = (
        "default-src 'none'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'self'; "
        f"frame-ancestors 'none'; style-src {sources['style']}; script-src {sources['script']}"
    )
    return text, policy


def _notes(here: Context) -> str:
    """What everybody has to know about this installation, on every page."""
    notes = []
    if here.settings.demo:
        notes.append(f"Demo mode: {here.settings.demo} simulated charge points run beside the system.")
    if why := here.ports.health.not_durable():
        notes.append(f"Not durable: acknowledged data can be lost. {why}")
    return "".join(f'<p class="note" role="status">{escape(note)}</p>' for note in notes)


def _page(name: str, here: Context, **parts: str) -> HTMLResponse:
    text, policy = _template(name)
    for part, content in {"notes": _notes(here), **parts}.items():
        text = text.replace(f"<!--{part}-->", content)
    return HTMLResponse(text, headers={"Content-Security-Policy": policy})


@router.get("/docs", operation_id="docs")
async def docs(request: Request, here: Here) -> HTMLResponse:
    return _page("reference.html", here, reference=render(request.app.openapi()))


@router.get("/openapi.json", operation_id="openapi")
async def document(request: Request) -> dict[str, Any]:
    made: dict[str, Any] = request.app.openapi()
    return made
