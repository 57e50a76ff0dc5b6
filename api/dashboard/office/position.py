"""A small map in a form, to see and to pick where something is. The fields say the same in figures."""

from __future__ import annotations

from typing import Any

from nicegui import ui
from nicegui.events import GenericEventArguments

from api.dashboard.office.form import Form
from api.drive.assets import from_wheel
from api.drive.page import asset
from api.drive.tiles import tiles
from api.ui.parts.notices import text
from api.ui.texts import _
from api.ui.visit import Visit


def position_map(visit: Visit, form: Form, latitude: float | None, longitude: float | None) -> None:
    """For the form's fields `latitude` and `longitude`: each follows the other."""
    ui.add_head_html(
        f'<link rel="stylesheet" href="{from_wheel("leaflet.css")}">'
        f'<link rel="stylesheet" href="{asset("map.css")}"><script type="module" src="{asset("pick.js")}"></script>'
    )
    how = _("Click where it is. By keyboard: arrows move the map, + and - its scale, Enter puts the pin in the middle.")
    text("p", how, "rc-soft rc-small")
    shown = ui.element("div").classes("map w-full")
    shown.props["role"], shown.props["aria-label"], shown.props["tabindex"] = "application", _("Position"), "0"
    shown.props.update({"data-pick": "", "data-leaflet": from_wheel("leaflet.js"), "data-ground": asset("map.js")})
    if latitude is not None and longitude is not None:
        shown.props.update({"data-latitude": str(latitude), "data-longitude": str(longitude)})
    if (wanted := tiles(visit.context.settings)) is not None:
        shown.props.update({"data-tiles": wanted.template, "data-attribution": wanted.attribution})
    fields = form.input("latitude"), form.input("longitude")

    def picked(event: GenericEventArguments) -> None:
        for field, name in zip(fields, ("latitude", "longitude"), strict=True):
            field.set_value(f"{float(event.args[name]):.6f}")

    def typed() -> None:
        at = [_degrees(field.value, most) for field, most in zip(fields, (85.0, 180.0), strict=True)]
        if None not in at:
            ui.run_javascript(f"window.raychargePick?.({at[0]}, {at[1]})")

    ui.on("picked", picked)
    for field in fields:
        field.on_value_change(typed)


def _degrees(words: Any, most: float) -> float | None:
    """What somebody has typed so far; None while that is no place on a map."""
    try:
        told = float(str(words or "").replace(",", "."))
    except ValueError:
        return None
    return told if abs(told) <= most else None
