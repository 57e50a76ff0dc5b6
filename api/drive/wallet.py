"""What is a driver's own: sessions, receipts, cards and vehicles."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.drive import words
from api.drive.charging import passed_on
from api.drive.page import driver_only, field, get, page, post
from api.ui.client import ProblemError
from api.ui.texts import _
from api.ui.visit import Visitor

A_PAGE = 20


def _paged(request: Request) -> dict[str, Any]:
    return {"limit": A_PAGE, "cursor": request.query_params.get("cursor", "")[:400]}


# --- sessions and receipts ------------------------------------------------------------------------------------------


@get("/drive/history")
@driver_only
async def history(request: Request, visitor: Visitor) -> Response:
    found = await visitor.api().get("/me/sessions", _paged(request))
    return page(request, "history", sessions=found["items"], next=found["next"])


@get("/drive/history/{id}")
@driver_only
async def session(request: Request, visitor: Visitor) -> Response:
    found = await visitor.api().get(f"/me/sessions/{request.path_params['id']}")
    receipts = [each for each in await _receipts(visitor) if each["session"] == found["id"]]
    return page(request, "session", session=found, receipts=receipts)


@get("/drive/sessions/{id}")
@driver_only
async def session_of_notice(request: Request, visitor: Visitor) -> Response:
    """Where our letters and notices lead: to what charges now, or to what is over."""
    name = request.path_params["id"]
    for start in await visitor.api().get("/me/charging"):
        if start["session"] == name:
            return RedirectResponse(f"/drive/charging/{start['id']}", 303)
    return RedirectResponse(f"/drive/history/{name}", 303)


async def _receipts(visitor: Visitor) -> list[Any]:
    return list((await visitor.api().get("/me/receipts", {"limit": 200}))["items"])


@get("/drive/receipts")
@driver_only
async def receipts(request: Request, visitor: Visitor) -> Response:
    found = await visitor.api().get("/me/receipts", _paged(request))
    return page(request, "receipts", receipts=found["items"], next=found["next"])


@get("/drive/receipts/{id}/{form}")
@driver_only
async def receipt(request: Request, visitor: Visitor) -> Response:
    """As a page, or as PDF."""
    form = "pdf" if request.path_params["form"] == "pdf" else "html"
    answer = await visitor.api().ask("GET", f"/me/receipts/{request.path_params['id']}/{form}")
    return passed_on(answer.content, answer.headers)


# --- cards ----------------------------------------------------------------------------------------------------------


@get("/drive/cards")
@driver_only
async def cards(request: Request, visitor: Visitor) -> Response:
    return await _cards(request, visitor)


async def _cards(request: Request, visitor: Visitor, status: int = 200, refused: str = "", told: str = "") -> Response:
    found = await visitor.api().get("/me/tokens")
    return page(request, "cards", status=status, cards=found["items"], refused=refused, told=told)


@post("/drive/cards")
@driver_only
async def claim(request: Request, visitor: Visitor) -> Response:
    form = await request.form()
    body = {"id_token": field(form, "id_token"), "code": field(form, "code")}
    try:
        await visitor.api().post("/me/tokens", body)
    except ProblemError as problem:
        return await _cards(request, visitor, problem.status, words.of_problem(problem))
    return await _cards(request, visitor, told=_("The card is yours."))


@post("/drive/cards/{id}/lost")
@driver_only
async def lost(request: Request, visitor: Visitor) -> Response:
    await visitor.api().post(f"/me/tokens/{quote(request.path_params['id'], safe='')}/loss")
    return await _cards(request, visitor, told=_("The card is blocked everywhere. Only the operator can unblock it."))


# --- vehicles -------------------------------------------------------------------------------------------------------


@get("/drive/vehicles")
@driver_only
async def vehicles(request: Request, visitor: Visitor) -> Response:
    return await _vehicles(request, visitor)


async def _vehicles(request: Request, visitor: Visitor, status: int = 200, refused: str = "") -> Response:
    found = await visitor.api().get("/me/vehicles")
    plugs = {kind: words.plug(kind) for kind in words.PLUGS}
    return page(request, "vehicles", status=status, vehicles=found["items"], plugs=plugs, refused=refused)


@post("/drive/vehicles")
@driver_only
async def add_vehicle(request: Request, visitor: Visitor) -> Response:
    form = await request.form()
    body: dict[str, Any] = {name: field(form, name) for name in ("plate", "make", "model")}
    if plug := field(form, "plug"):
        body["connector_types"] = [plug]
    try:
        await visitor.api().post("/me/vehicles", body)
    except ProblemError as problem:
        return await _vehicles(request, visitor, problem.status, words.of_problem(problem))
    return RedirectResponse("/drive/vehicles", 303)


@post("/drive/vehicles/{id}/remove")
@driver_only
async def remove_vehicle(request: Request, visitor: Visitor) -> Response:
    """As it stands now; the page does not show versions."""
    await visitor.api().delete(f"/me/vehicles/{request.path_params['id']}")
    return RedirectResponse("/drive/vehicles", 303)
