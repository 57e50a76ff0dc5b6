"""Pages of plain HTML, for those who are not signed in: no script, no socket, the pages' own style."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from api.ui.notes import notes
from api.ui.texts import _, language
from api.ui.theme import stylesheet
from api.ui.visit import Visitor

_PARTS = ("told", "refused", "email", "network", "then", "token", "sealed", "action")


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def plain(request: Request, name: str, *, status: int = 200, **parts: Any) -> Response:
    """The page of this name. `told` and `refused` are shown above its form; texts in it are translated."""
    visitor: Visitor = request.state.visitor
    known = {part: parts.get(part) or "" for part in _PARTS}
    text = (
        _environment()
        .get_template(f"{name}.html")
        .render(
            parts
            | known
            | {
                "_": _,
                "language": language(),
                "theme": visitor.theme,
                "stylesheet": stylesheet(),
                "notes": notes(visitor.context),
            }
        )
    )
    return HTMLResponse(text, status)
