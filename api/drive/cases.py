"""Help: a problem is reported from a charger's page, a session or the account; support answers in it."""

from __future__ import annotations

import secrets
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.drive import words
from api.drive.fragments import changing, tag_of
from api.drive.page import driver_only, field, fragment, get, is_driver, page, post
from api.ui.client import ProblemError
from api.ui.texts import N_, _, language
from api.ui.visit import Visitor

CATEGORIES = {
    "charger": N_("The charger or its cable"),
    "charging": N_("Charging did not start or stopped"),
    "payment": N_("Price, payment or receipt"),
    "account": N_("Account, cards or app"),
    "other": N_("Something else"),
}
STATES = {
    "new": ("wait", "◷", N_("With support")),
    "waiting": ("wait", "◷", N_("With support")),
    "answered": ("good", "✓", N_("Answered")),
    "closed": ("off", "■", N_("Closed")),
}
SIDES = {"driver": N_("You"), "support": N_("Support"), "system": N_("Note")}
LOOK_S = 5.0


def _zone_of(visitor: Visitor, found: Any) -> str:
    """The time zone of the station that a case is about; of one about the account nobody says a place."""
    place = visitor.context.ports.business.places.place(found["charge_point"]) if found["charge_point"] else None
    return "UTC" if place is None else place.zone


def _parts(**more: Any) -> dict[str, Any]:
    sides = {side: _(name) for side, name in SIDES.items()}
    states = {state: (tone, sign, _(word)) for state, (tone, sign, word) in STATES.items()}
    return {"sides": sides, "states": states} | more


@get("/drive/cases")
@driver_only
async def cases(request: Request, visitor: Visitor) -> Response:
    cursor = request.query_params.get("cursor", "")[:400]
    found = await visitor.api().get("/me/cases", {"limit": 20, "cursor": cursor})
    return page(
        request, "cases", **_parts(cases=found["items"], next=found["next"], zone_of=partial(_zone_of, visitor))
    )


@get("/drive/cases/{id}")
@driver_only
async def case(request: Request, visitor: Visitor) -> Response:
    return await _case(request, visitor)


async def _case(request: Request, visitor: Visitor, status: int = 200, refused: str = "", text: str = "") -> Response:
    found = await visitor.api().get(f"/me/cases/{request.path_params['id']}")
    now = _thread(visitor, found)
    key = secrets.token_urlsafe(16)
    parts = {"case": found, "now": now, "tag": tag_of(now), "text": text, "key": key, "refused": refused}
    return page(request, "case", status=status, **_parts(**parts))


def _thread(visitor: Visitor, found: Any) -> str:
    return fragment("case_now", **_parts(case=found, zone=_zone_of(visitor, found)))


@get("/drive/cases/{id}/now")
@driver_only
async def case_now(request: Request, visitor: Visitor) -> Response:
    async def made() -> str:
        return _thread(visitor, await visitor.api().get(f"/me/cases/{request.path_params['id']}"))

    return await changing(request, visitor, (), made, look_s=LOOK_S)


@post("/drive/cases/{id}")
@driver_only
async def write(request: Request, visitor: Visitor) -> Response:
    """An answer of the driver's opens a closed case again."""
    form, name = await request.form(), request.path_params["id"]
    text = field(form, "text")
    try:
        await visitor.api().post(f"/me/cases/{name}/messages", {"text": text}, key=field(form, "key"))
    except ProblemError as problem:
        return await _case(request, visitor, problem.status, words.of_problem(problem), text)
    return RedirectResponse(f"/drive/cases/{name}", 303)


# --- reporting a problem --------------------------------------------------------------------------------------------


@get("/drive/problem")
async def problem_page(request: Request, visitor: Visitor) -> Response:
    return _problem(request, dict(request.query_params))


def _problem(request: Request, said: dict[str, str], status: int = 200, refused: str = "") -> Response:
    known = {name: said.get(name, "")[:4000] for name in ("code", "session", "station", "category", "text", "email")}
    known["category"] = known["category"] or ("charging" if known["session"] or said.get("start") else "charger")
    categories = {name: _(text) for name, text in CATEGORIES.items()}
    key = secrets.token_urlsafe(16)
    return page(request, "problem", status=status, refused=refused, said=known, categories=categories, key=key)


@post("/drive/problem")
async def report(request: Request, visitor: Visitor) -> Response:
    """A driver's case is open at once; a stranger's when the letter's link was followed."""
    form = await request.form()
    said = {name: field(form, name) for name in ("code", "session", "station", "category", "text", "email")}
    category = said["category"] if said["category"] in CATEGORIES else "other"
    subject = next(iter(said["text"].splitlines()), "").strip()[:80] or _(CATEGORIES[category])
    body: dict[str, Any] = {"category": category, "subject": subject, "text": said["text"]}
    try:
        if is_driver(visitor):
            body |= await _whereof(visitor, said)
            made = await visitor.api().post("/me/cases", body, key=field(form, "key"))
            return RedirectResponse(f"/drive/cases/{made['id']}", 303)
        body |= {"email": said["email"], "language": language()}
        await visitor.api().post(f"/ad-hoc/{said['code']}/cases", body)
    except ProblemError as problem:
        return _problem(request, said, problem.status, words.of_problem(problem))
    told = _("Thank you. Follow the link in the letter that we have sent to {email}.", email=said["email"])
    return page(request, "reported", told=told)


async def _whereof(visitor: Visitor, said: dict[str, str]) -> dict[str, Any]:
    """What the case is about, in the API's words: a session says where it was."""
    if said["session"]:
        return {"session": said["session"]}
    if not said["code"]:
        return {}
    at = (await visitor.api().get(f"/open/connectors/{said['code']}"))["connectors"]
    one = next(each for each in at if each["code"] == said["code"].upper())
    return {name: one[name] for name in ("charge_point", "evse", "connector")}
