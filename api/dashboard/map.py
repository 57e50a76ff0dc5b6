"""The map of all stations: the worst state that is there in colour, sign and word; many stations as one sign.

The drawing is `api/drive/assets/map.js`, which the driver's app has, too. It asks for its signs on addresses of the
pages' own, since the REST API takes no cookie. The list beside it says the same to those who use no map.
"""

from __future__ import annotations

from typing import Any

import orjson
from nicegui import app as nicegui_app
from nicegui import ui
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api.drive.assets import from_wheel
from api.drive.page import asset, fragment
from api.drive.tiles import tiles
from api.live.image import SHOWN
from api.ui.client import ProblemError
from api.ui.page import Place, page
from api.ui.parts.states import CONNECTOR
from api.ui.texts import N_, _, speaking
from api.ui.visit import Visit, Visitor

TONES = {
    "bad": ("✕", N_("Faulted")),
    "off": ("?", N_("Offline")),
    "warn": ("!", N_("Unavailable")),
    "busy": ("●", N_("In use")),
    "wait": ("◷", N_("Reserved")),
    "good": ("✓", N_("Available")),
}
"""The worst first: sign and word."""

LISTED = 30
ASKED = ("south", "west", "north", "east", "zoom", "state")


@page("/map", N_("Map"), "stations:read", Place("operate", "map", 15))
async def the_map(visit: Visit) -> None:
    ui.add_head_html(
        f'<link rel="stylesheet" href="{from_wheel("leaflet.css")}">'
        f'<link rel="stylesheet" href="{asset("map.css")}"><script type="module" src="{asset("map.js")}"></script>'
    )
    words = {tone: _(word) for tone, (_sign, word) in TONES.items()}
    told = {"stations": _("{n} stations", n="{n}"), "free": _("{n} free", n="{n}")} | words
    ui.html(
        fragment(
            "operators_map",
            states=[(state, _(CONNECTOR[state].word)) for state in SHOWN],
            tones=[(tone, sign, _(word)) for tone, (sign, word) in TONES.items()],
            words_said=orjson.dumps(told).decode(),
            leaflet_js=from_wheel("leaflet.js"),
            tiles=tiles(visit.context.settings),
        ),
        sanitize=False,
    ).classes("w-full")


async def signs(request: Request) -> Response:
    """What `GET /api/v1/map` says to whoever is signed in here."""
    visitor: Visitor = request.state.visitor
    try:
        return JSONResponse(await _asked(request, visitor))
    except ProblemError as problem:
        return JSONResponse({"detail": problem.detail}, problem.status)


async def listed(request: Request) -> Response:
    """The stations that the map shows, those that need somebody first."""
    visitor: Visitor = request.state.visitor
    with speaking(visitor.language):
        try:
            found = await _asked(request, visitor, zoom="20")
        except ProblemError as problem:
            return Response(problem.detail, problem.status)
        rows = [
            (station, *TONES[each["tone"]], each["tone"])
            for each in found["items"][:LISTED]
            for station in each["first"]
        ]
        text = fragment("operators_list", rows=rows[:LISTED], more=found["stations"] - len(rows[:LISTED]))
    return Response(text, media_type="text/html")


async def _asked(request: Request, visitor: Visitor, **more: str) -> Any:
    asked = {name: request.query_params[name] for name in ASKED if name in request.query_params}
    return await visitor.api().get("/map", {**asked, "network": visitor.network, **more})


nicegui_app.routes.extend([Route("/map/signs", signs, methods=["GET"]), Route("/map/list", listed, methods=["GET"])])
