"""Where to charge: the map with its list, a station's page, and a connector's, which its QR code opens."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.drive import guest, words
from api.drive.assets import from_wheel
from api.drive.fragments import changing, tag_of
from api.drive.page import field, fragment, get, is_driver, page, post
from api.drive.tiles import tiles
from api.ui.client import ProblemError
from api.ui.texts import N_, _
from api.ui.visit import Visitor

AREA = ("south", "west", "north", "east")
EVERYWHERE = {"south": -90, "west": -180, "north": 90, "east": 180}
NEAR_M, ALTERNATIVES_M = 50_000, 25_000
POWERS = (11_000, 22_000, 50_000, 150_000)
MOST_LISTED = 40
LOOK_S = 10.0
Json = Mapping[str, Any]
TONES = {
    "good": N_("Something is free"),
    "busy": N_("All in use"),
    "bad": N_("Out of order"),
    "off": N_("Not reachable"),
}
"""What the map's colours mean."""


# --- the map and its list -------------------------------------------------------------------------------------------


@get("/drive")
async def the_map(request: Request, visitor: Visitor) -> Response:
    wanted = _wanted(request.query_params)
    background = tiles(visitor.context.settings)
    return page(
        request,
        "map",
        told=_("Your account is deleted.") if request.query_params.get("why") == "forgotten" else "",
        wanted=wanted,
        plugs={kind: words.plug(kind) for kind in words.PLUGS},
        powers=POWERS,
        tiles=background,
        leaflet_css=from_wheel("leaflet.css"),
        leaflet_js=from_wheel("leaflet.js"),
        map_words=map_words(),
        list=await _list(visitor, wanted),
    )


def map_words() -> str:
    """What `assets/map.js` says, in the reader's language, as JSON."""
    said = {"stations": _("{n} stations", n="{n}"), "free": _("{n} free", n="{n}"), "me": _("You are here")}
    return orjson.dumps(said | {tone: _(text) for tone, text in TONES.items()}).decode()


@get("/drive/list")
async def the_list(request: Request, visitor: Visitor) -> Response:
    """What the map shows, in words."""
    wanted = _wanted(request.query_params)
    return await changing(request, visitor, (), lambda: _list(visitor, wanted), look_s=LOOK_S)


def _wanted(query: QueryParams) -> dict[str, Any]:
    """What somebody looks for. What cannot be read counts as not said: the page is for people."""
    numbers = {name: number for name in ("lat", "lon", *AREA) if (number := _number(query.get(name))) is not None}
    power = _number(query.get("min_power_w"))
    return {
        **numbers,
        "q": query.get("q", "")[:100].strip(),
        "type": [kind for kind in query.getlist("type") if kind in words.PLUGS],
        "min_power_w": int(power) if power is not None and 0 <= power <= 1_000_000 else 0,
        "free": query.get("free") in ("1", "true"),
        "open": query.get("open") == "1",
    }


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if abs(number) <= 1_000_000 else None


async def _list(visitor: Visitor, wanted: Mapping[str, Any]) -> str:
    asked = {name: wanted[name] for name in ("q", "type", "min_power_w") if wanted[name]}
    asked |= {"free": "true"} if wanted["free"] else {}
    if "lat" in wanted and "lon" in wanted:
        asked |= {"lat": wanted["lat"], "lon": wanted["lon"], "radius_m": NEAR_M}
    if all(side in wanted for side in AREA):
        asked = {name: value for name, value in asked.items() if name not in ("lat", "lon", "radius_m")}
        asked |= {side: wanted[side] for side in AREA}
    elif "lat" not in asked and not wanted["q"]:
        asked |= EVERYWHERE
    found = await visitor.api().get("/open/locations", {**asked, "limit": MOST_LISTED})
    items = [each for each in found["items"] if not wanted["open"] or each["open_now"]]
    shown = [(each, groups(each["connectors"])) for each in items]
    return fragment("list", stations=shown, complete=found["complete"])


def groups(connectors: Sequence[Json]) -> list[dict[str, Any]]:
    """Connectors of a kind and a power together: how many there are, how many are free, and what they cost."""
    kinds: Counter[tuple[str, int]] = Counter()
    free: Counter[tuple[str, int]] = Counter()
    prices: dict[tuple[str, int], str] = {}
    for one in connectors:
        kind = (one["type"], one["max_power_w"] or 0)
        kinds[kind] += 1
        free[kind] += one["availability"] == "free"
        prices.setdefault(kind, words.glance(one["tariff"]))
    return [
        {
            "plug": words.plug(kind[0]),
            "power_w": kind[1] or None,
            "all": count,
            "free": free[kind],
            "price": prices[kind],
        }
        for kind, count in sorted(kinds.items(), key=lambda item: -item[0][1])
    ]


# --- one station ----------------------------------------------------------------------------------------------------


@get("/drive/s/{station}")
async def station(request: Request, visitor: Visitor) -> Response:
    found = await _station(request, visitor)
    return page(request, "station", station=found, now=_station_now(found), tag=tag_of(_station_now(found)))


@get("/drive/s/{station}/now")
async def station_now(request: Request, visitor: Visitor) -> Response:
    seen = {one["charge_point"] for one in (await _station(request, visitor))["connectors"]}

    async def made() -> str:
        return _station_now(await _station(request, visitor))

    return await changing(request, visitor, seen, made, look_s=LOOK_S)


async def _station(request: Request, visitor: Visitor) -> Json:
    found: Json = await visitor.api().get(f"/open/locations/{request.path_params['station']}")
    return found


def _station_now(found: Json) -> str:
    return fragment("station_now", station=found)


# --- one connector --------------------------------------------------------------------------------------------------


@get("/drive/c/{code}")
async def connector(request: Request, visitor: Visitor) -> Response:
    return await _connector_page(request, visitor)


async def _connector_page(request: Request, visitor: Visitor, status: int = 200, refused: str = "") -> Response:
    """With a key that names the intention to start here, so that a second tap is the first one's; it becomes a
    stranger's secret. It stands beside the part that changes."""
    location, one = await _connector(request, visitor)
    now, key = await _connector_now(request, visitor), secrets.token_urlsafe(30)
    parts = {"station": location, "one": one, "now": now, "tag": tag_of(now), "key": key}
    return page(request, "connector", status=status, refused=refused, **parts)


@get("/drive/c/{code}/now")
async def connector_now(request: Request, visitor: Visitor) -> Response:
    _location, one = await _connector(request, visitor)
    seen = [one["charge_point"]]
    return await changing(request, visitor, seen, lambda: _connector_now(request, visitor), look_s=LOOK_S)


async def _connector(request: Request, visitor: Visitor) -> tuple[Json, Json]:
    code = request.path_params["code"].upper()
    location: Json = await visitor.api().get(f"/open/connectors/{code}")
    return location, next(one for one in location["connectors"] if one["code"] == code)


async def _connector_now(request: Request, visitor: Visitor) -> str:
    """How it stands and, where that makes sense, how to start; else what is free instead."""
    location, one = await _connector(request, visitor)
    terms = await visitor.api().get(f"/ad-hoc/{one['code']}")
    others = [] if terms["available"] else await _others(visitor, location, one)
    return fragment(
        "connector_now",
        station=location,
        one=one,
        terms=terms,
        others=others,
        driver=is_driver(visitor),
    )


async def _others(visitor: Visitor, location: Json, one: Json) -> list[dict[str, Any]]:
    """Where the same plug is free: here first, then nearest."""
    here = [
        {"code": each["code"], "label": each["label"], "station": location["name"], "distance_m": 0}
        for each in location["connectors"]
        if each["availability"] == "free" and each["type"] == one["type"] and each["code"] != one["code"]
    ]
    near = {"lat": location["latitude"], "lon": location["longitude"], "radius_m": ALTERNATIVES_M}
    asked = {**near, "type": one["type"], "free": "true", "limit": 4}
    found = (await visitor.api().get("/open/locations", asked))["items"]
    away = [
        {"code": each["code"], "label": each["label"], "station": at["name"], "distance_m": at["distance_m"]}
        for at in found
        if at["id"] != location["id"]
        for each in at["connectors"]
        if each["availability"] == "free" and each["type"] == one["type"]
    ]
    return (here + away)[:3]


@post("/drive/c/{code}/start")
async def start(request: Request, visitor: Visitor) -> Response:
    """Begin, once however often the button is pressed, and go on to where it is watched."""
    form, code = await request.form(), request.path_params["code"].upper()
    key = field(form, "key")
    back = f"{_own_address(request, visitor)}/drive/charging"
    try:
        if field(form, "as") == "driver" and is_driver(visitor):
            body = {"code": code, "return_url": back}
            made = await visitor.api().post("/me/charging", body, key=key)
            return RedirectResponse(f"/drive/charging/{made['id']}", 303)
        body = {"return_url": f"{back}/{guest.HERE}", "secret": key}
        made = await visitor.api().post(f"/ad-hoc/{code}/starts", body)
    except ProblemError as problem:
        return await _connector_page(request, visitor, problem.status, words.of_problem(problem))
    return guest.remember(request, made["secret"])


def _own_address(request: Request, visitor: Visitor) -> str:
    """Where the payment page leads back to: as the browser calls this site, unless the operator has said it."""
    settings = visitor.context.settings
    return settings.facade_url if settings.public_url else str(request.base_url).rstrip("/")


NOT_FOUND = N_("There is no such connector. Read the code on the charger again.")


@get("/drive/code")
async def by_code(request: Request, visitor: Visitor) -> Response:
    """For those who type what is printed under the QR code."""
    code = request.query_params.get("code", "").strip().upper().replace(" ", "").replace("-", "")
    try:
        await visitor.api().get(f"/open/connectors/{code}")
    except ProblemError:
        return page(request, "refusal", status=404, refused=_(NOT_FOUND))
    return RedirectResponse(f"/drive/c/{code}", 303)
