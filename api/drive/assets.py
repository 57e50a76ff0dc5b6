"""What browsers load beside the pages: style, scripts, icons, the manifest and the service worker. All of it is ours,
but for Leaflet, which comes out of NiceGUI's wheel as it is.

An address with a digest is good for ever. The service worker has a fixed one, and is looked at anew each time.
"""

from __future__ import annotations

import gzip
import hashlib
from functools import cache
from pathlib import Path

import nicegui
import orjson
from starlette.requests import Request
from starlette.responses import Response

from api.drive.page import ASSETS, asset, get, page
from api.ui.texts import _
from api.ui.visit import Visitor

FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
LEAFLET = Path(nicegui.__file__).parent / "elements" / "leaflet" / "dist"
FROM_WHEEL = {"leaflet.js": LEAFLET / "index.js", "leaflet.css": LEAFLET / "leaflet" / "leaflet.css"}


@cache
def _found(name: str) -> bytes | None:
    """A file's content; None for a name that is not one of them."""
    known = {path.name: path for path in ASSETS.iterdir() if path.suffix in KINDS} | FROM_WHEEL
    return known[name].read_bytes() if name in known else None


@cache
def _pressed(name: str) -> bytes:
    """A file's content, gzipped once: a phone on a slow network loads a third."""
    return gzip.compress(_found(name) or b"", 9, mtime=0)


@cache
def from_wheel(name: str) -> str:
    """The address of a file of Leaflet's."""
    return f"/drive/assets/{hashlib.sha256(_found(name) or b'').hexdigest()[:12]}/{name}"


@get("/drive/assets/{digest}/{name}")
async def file(request: Request, visitor: Visitor) -> Response:
    """The file as it is now, whatever digest is asked for: an old page may still be open."""
    name = request.path_params["name"]
    content = _found(name)
    if content is None:
        return Response(status_code=404)
    headers = {**FOR_EVER, "Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        content, headers["Content-Encoding"] = _pressed(name), "gzip"
    return Response(content, media_type=KINDS[Path(name).suffix], headers=headers)


@get("/drive/sw.js")
async def service_worker(request: Request, visitor: Visitor) -> Response:
    """With the addresses of what it keeps for when there is no network."""
    kept = [asset("drive.css"), asset("drive.js"), asset("icon.svg"), "/drive/offline"]
    source = (ASSETS / "sw.js").read_text("utf-8").replace('"KEPT"', orjson.dumps(kept).decode())
    headers = {"Cache-Control": "no-cache", "Service-Worker-Allowed": "/drive"}
    return Response(source, media_type="text/javascript", headers=headers)


@get("/drive/offline")
async def offline(request: Request, visitor: Visitor) -> Response:
    return page(request, "offline")


@get("/drive/manifest.webmanifest")
async def manifest(request: Request, visitor: Visitor) -> Response:
    """By which phones install the app."""
    icons = [
        {"src": asset("icon.svg"), "sizes": "any", "type": "image/svg+xml", "purpose": "any"},
        {"src": asset("icon-maskable.svg"), "sizes": "any", "type": "image/svg+xml", "purpose": "maskable"},
    ]
    told = {
        "id": "/drive",
        "name": _("Raycharge: charge your car"),
        "short_name": "Raycharge",
        "description": _("Find a free charger, start, watch, stop, and keep the receipt."),
        "start_url": "/drive",
        "scope": "/drive",
        "display": "standalone",
        "background_color": "#f4f6f8",
        "theme_color": "#0b6b53",
        "lang": visitor.language,
        "icons": icons,
        "shortcuts": [{"name": _("What charges now"), "url": "/drive/charging"}],
    }
    return Response(orjson.dumps(told), media_type="application/manifest+json", headers={"Cache-Control": "no-cache"})
