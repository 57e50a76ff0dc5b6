"""Files that pages link to: the API's own answer, for whoever the login cookie names. Reading only,
and passed on as it comes: an export of a gigabyte is not for a façade's memory."""

from __future__ import annotations

import re
from urllib.parse import quote

from fastapi import Request
from nicegui import app as nicegui_app
from starlette.responses import RedirectResponse, Response

from api.ui.relay import Relayed
from api.ui.visit import Visitor

_ID = r"[0-9A-Za-z_.:-]{1,64}"
_FILES = re.compile(rf"/(long-work/{_ID}/file|receipts/{_ID}/(pdf|html))")


def address_of(path: str) -> str:
    """Where a page can have one of the API's files fetched."""
    return f"/download{path}"


@nicegui_app.get("/download/{path:path}", include_in_schema=False)
async def download(request: Request, path: str) -> Response:
    visitor: Visitor = request.state.visitor
    if visitor.principal is None:
        return RedirectResponse(f"/sign-in?then={quote(request.url.path, safe='')}", 303)
    if not _FILES.fullmatch(f"/{path}"):
        return Response("There is no such file.", 404, media_type="text/plain")
    who = {"token": visitor.token, "address": visitor.address, "agent": visitor.agent}
    return Relayed(visitor.rest, f"/{path}", **who)
