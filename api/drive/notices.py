"""What a driver wants to be told, by e-mail and in this browser."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.drive import words
from api.drive.page import driver_only, get, page, post
from api.ui.client import ProblemError
from api.ui.texts import N_, _
from api.ui.visit import Visitor

KINDS = {
    "charging_complete": N_("Charging is complete"),
    "idle_fee": N_("An idle fee is about to begin"),
    "fault": N_("Charging was stopped by a fault"),
    "start_failed": N_("A session could not start"),
    "receipt": N_("A receipt is there"),
    "case_answered": N_("Support has answered"),
}
LARGEST = 4096
"""Bytes of a browser's subscription; they have a few hundred."""


@get("/drive/notifications")
@driver_only
async def notifications(request: Request, visitor: Visitor) -> Response:
    return await _notifications(request, visitor)


async def _notifications(request: Request, visitor: Visitor, told: str = "") -> Response:
    api = visitor.api()
    wishes: dict[str, dict[str, Any]] = {}
    for each in (await api.get("/me/notifications"))["items"]:
        wishes.setdefault(each["kind"], {})[each["channel"]] = each
    kinds = [(kind, _(KINDS[kind]) if kind in KINDS else kind, channels) for kind, channels in wishes.items()]
    browsers = await api.get("/me/push-subscriptions")
    key = (await api.get("/me/push-key"))["application_server_key"]
    return page(request, "notifications", kinds=kinds, browsers=browsers, key=key, told=told)


@post("/drive/notifications")
@driver_only
async def choose(request: Request, visitor: Visitor) -> Response:
    """What is ticked is wanted, what is not is not; what is fixed is not chosen here."""
    form, api = await request.form(), visitor.api()
    known = (await api.get("/me/notifications"))["items"]
    chosen = [
        {"kind": each["kind"], "channel": each["channel"], "wanted": f"{each['kind']}.{each['channel']}" in form}
        for each in known
        if not each["fixed"]
    ]
    await api.patch("/me/notifications", {"items": chosen})
    return await _notifications(request, visitor, _("Saved."))


@post("/drive/push")
@driver_only
async def subscribe(request: Request, visitor: Visitor) -> Response:
    """From `drive.js`: the browser's own subscription, as JSON."""
    content = await request.body()
    try:
        said = orjson.loads(content) if len(content) <= LARGEST else None
        told = {name: said[name] for name in ("endpoint", "keys")} if isinstance(said, dict) else None
    except (orjson.JSONDecodeError, KeyError):
        told = None
    if told is None:
        return Response(_("This is no subscription of a browser."), 422)
    body = told | {"label": _browser(visitor.agent)}
    try:
        await visitor.api().post("/me/push-subscriptions", body)
    except ProblemError as problem:
        return Response(words.of_problem(problem), problem.status)
    return Response(status_code=204)


@post("/drive/push/{id}/remove")
@driver_only
async def unsubscribe(request: Request, visitor: Visitor) -> Response:
    await visitor.api().delete(f"/me/push-subscriptions/{request.path_params['id']}")
    return RedirectResponse("/drive/notifications", 303)


def _browser(agent: str) -> str:
    """What the driver knows the browser by."""
    system = next((name for name in ("Android", "iPhone", "iPad", "Windows", "Mac", "Linux") if name in agent), "")
    kind = next((name for name in ("Firefox", "Edg", "Chrome", "Safari") if name in agent), _("Browser"))
    return f"{kind.replace('Edg', 'Edge')} {system}".strip()
