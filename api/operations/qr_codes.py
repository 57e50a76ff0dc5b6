"""QR codes of connectors: a driver's phone opens the address in it, which names the connector by its public code."""

from __future__ import annotations

import io
from collections.abc import Sequence
from html import escape

import segno
from fastapi import Response

from engine.stores.places.connectors import Described
from engine.stores.places.stations import Station

_NO_SCRIPTS = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_STYLE = """
body { font: 16px/1.4 sans-serif; margin: 2em; } h1 { font-size: 1.3em; }
main { display: grid; grid-template-columns: repeat(auto-fill, minmax(14em, 1fr)); gap: 1.5em; }
figure { margin: 0; padding: 1em; border: 1px solid #999; text-align: center; break-inside: avoid; }
figure svg { width: 11em; height: 11em; } strong { display: block; font-size: 1.3em; } code { font-size: 1.1em; }
"""


def address_of(code: str, facade_url: str) -> str:
    """What a connector's QR code holds."""
    return f"{facade_url}/drive/c/{code}"


def qr_code(one: Described, facade_url: str, kind: str, scale: int) -> Response:
    """As SVG or PNG, `scale` pixels a module. Error correction Q: it stays readable with a quarter of it scratched."""
    made = segno.make(address_of(one.code, facade_url), error="q", micro=False)
    out = io.BytesIO()
    made.save(out, kind=kind, scale=scale, border=4)
    name = f"{one.code}.{kind}"
    return Response(
        out.getvalue(),
        media_type="image/svg+xml" if kind == "svg" else "image/png",
        headers={"Content-Disposition": f'inline; filename="{name}"'},
    )


def sheet(station: Station, connectors: Sequence[Described], facade_url: str) -> Response:
    """A page with all of a station's codes and labels, to be printed and cut."""
    figures = "".join(_figure(one, facade_url) for one in connectors)
    place = ", ".join(part for part in (station.street, station.postal_code, station.city) if part)
    body = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(station.name)}</title>'
        f"<style>{_STYLE}</style><h1>{escape(station.name)}</h1><p>{escape(place)}</p><main>{figures}</main></html>"
    )
    return Response(body, media_type="text/html", headers={"Content-Security-Policy": _NO_SCRIPTS})


def _figure(one: Described, facade_url: str) -> str:
    drawn = segno.make(address_of(one.code, facade_url), error="q", micro=False).svg_inline(omitsize=True, border=4)
    return (
        f"<figure>{drawn}<figcaption><strong>{escape(one.label)}</strong>"
        f"{escape(one.connector.type)}<br><code>{escape(one.code)}</code></figcaption></figure>"
    )
