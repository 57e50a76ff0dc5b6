"""Charging: from the payment over plugging in to the end, watched live, and stopped.

A driver's start is known by its id, a stranger's by the secret in the browser's cookie. All that is shown comes from
the API at each look; nothing is remembered here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.drive import figures, guest
from api.drive.curve import drawn
from api.drive.fragments import changing, tag_of
from api.drive.page import fragment, get, is_driver, page, post, to_sign_in
from api.ui.client import ProblemError
from api.ui.visit import Visitor

Json = Mapping[str, Any]


@get("/drive/charging")
async def mine(request: Request, visitor: Visitor) -> Response:
    """What charges now: one leads to its page, several are listed."""
    current = await visitor.api().get("/me/charging") if is_driver(visitor) else []
    if len(current) == 1:
        return RedirectResponse(f"/drive/charging/{current[0]['id']}", 303)
    if not current and guest.secret_of(request):
        return RedirectResponse(f"/drive/charging/{guest.HERE}", 303)
    return page(request, "charging_list", current=current)


@get("/drive/charging/{id}")
async def watch(request: Request, visitor: Visitor) -> Response:
    address = _address(request, visitor)
    if address is None:
        return to_sign_in(request)
    try:
        start = await visitor.api().get(address)
    except ProblemError as problem:
        if problem.status == 404 and request.path_params["id"] == guest.HERE:
            return guest.forget(RedirectResponse("/drive", 303))
        raise
    now = await _now(visitor, address, start)
    return page(request, "charging", start=start, now=now, tag=tag_of(now))


@get("/drive/charging/{id}/now")
async def watch_now(request: Request, visitor: Visitor) -> Response:
    address = _address(request, visitor)
    if address is None:
        return Response(status_code=401)
    start = await visitor.api().get(address)

    async def made() -> str:
        return await _now(visitor, address, await visitor.api().get(address))

    return await changing(request, visitor, [start["charge_point"]], made)


@post("/drive/charging/{id}/stop")
async def stop(request: Request, visitor: Visitor) -> Response:
    """Stops what charges, cancels what has not begun; after the end it does nothing."""
    address = _address(request, visitor)
    if address is None:
        return to_sign_in(request)
    await visitor.api().post(f"{address}/stop")
    return RedirectResponse(f"/drive/charging/{request.path_params['id']}", 303)


@get("/drive/charging/here/receipt")
async def receipt(request: Request, visitor: Visitor) -> Response:
    """A stranger's receipt, to print or keep."""
    secret = guest.secret_of(request)
    if not secret:
        return RedirectResponse("/drive", 303)
    answer = await visitor.api().ask("GET", f"/ad-hoc/starts/{secret}/receipt")
    return passed_on(answer.content, answer.headers)


def passed_on(content: bytes, headers: Mapping[str, str]) -> Response:
    """What the API prints, as it is."""
    kept = ("content-type", "content-disposition", "content-security-policy")
    return Response(content, headers={name: headers[name] for name in kept if name in headers})


def _address(request: Request, visitor: Visitor) -> str | None:
    """Where the API tells of this start; None for whoever has to sign in first."""
    name = request.path_params.get("id", guest.HERE)
    if name == guest.HERE:
        secret = guest.secret_of(request)
        return f"/ad-hoc/starts/{secret or 'nothing-is-charged-here'}"
    return f"/me/charging/{name}" if is_driver(visitor) else None


async def _now(visitor: Visitor, address: str, start: Json) -> str:
    curve: Json = {"points": []}
    if start["session"] is not None:
        curve = await visitor.api().get(f"{address}/curve")
    points = curve["points"]
    zone = start["where"]["time_zone"] if start["where"] else "UTC"
    charge = next((each["soc_percent"] for each in reversed(points) if each["soc_percent"] is not None), None)
    return fragment(
        "charging_now",
        start=start,
        curve=drawn(points, zone),
        zone=zone,
        soc=None if charge is None else round(charge),
        place="here" if address.startswith("/ad-hoc") else start["id"],
        steps=_steps(start),
        fee=_fee(start),
    )


def _steps(start: Json) -> list[tuple[str, str]]:
    """The way to charging: each step with `done`, `now` or `next`."""
    names = (["paying"] if start["payment"] is not None else []) + ["commanding", "waiting", "charging"]
    state = {"requested": names[0]}.get(start["state"], start["state"])
    at = names.index(state) if state in names else len(names)
    return [(name, "done" if n < at else "now" if n == at else "next") for n, name in enumerate(names)]


def _fee(start: Json) -> dict[str, Any] | None:
    """The idle fee, if one runs or is about to."""
    live = start["live"]
    if live is None or live["idle_fee"] is None:
        return None
    currency = start["price"]["currency"] if start["price"] else None
    fee = live["idle_fee"]
    return {"begins_at": fee["begins_at"], "per_minute": figures.money(fee["per_minute"], currency)}
