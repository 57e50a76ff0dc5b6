"""What this installation runs with: health of its parts, hosts, versions, settings without their secrets, licences."""

from __future__ import annotations

import asyncio
import platform
from functools import cache
from importlib.metadata import distributions, version
from typing import Any
from urllib.parse import urlsplit

from nicegui import ui

from api.dashboard.office.shown import card, chip, facts, number, table
from api.ui.page import Place, page
from api.ui.parts.notices import text
from api.ui.texts import N_, _
from api.ui.visit import Visit

_SECRET = ("password", "secret", "token", "key", "hex")


@page("/settings", N_("Installation"), "actors:read", Place("settings", "settings", 90))
async def settings(visit: Visit) -> None:
    with card(_("Health")):
        place = ui.element("div").props('role="status"')
    shown = _Health(visit, place)
    visit.every(5.0, shown.look, "now")
    everywhere = visit.principal.scope_of("actors:read").everywhere
    with ui.element("div").classes("rc-grid"):
        if everywhere:
            await _hosts(visit)
        with card(_("Versions")):
            told = [("Raycharge", version("raycharge")), ("Python", platform.python_version())]
            told += [(name, version(name)) for name in ("ray", "fastapi", "nicegui", "sqlalchemy", "redis", "ocpp")]
            facts(told)
        if everywhere:
            with card(_("Settings")).classes("rc-wide"):
                text(
                    "p",
                    _("From the environment (RAYCHARGE_*). Secrets and addresses of stores are not shown."),
                    "rc-soft",
                )
                rows = sorted(_settings(visit.context.settings.model_dump()).items())
                table([_("Setting"), _("Value")], rows, label=_("Settings"))
        with card(_("Licences")).classes("rc-wide"):
            text("p", _("Raycharge is under the Apache licence 2.0. It is built of these packages:"), "rc-soft")
            with ui.expansion(_("Show the packages")) as packages:
                place = ui.element("div")

            async def show() -> None:
                if packages.value and not place.default_slot.children:
                    # Reading all of their metadata takes a second of disk.
                    rows = await asyncio.to_thread(_licences)
                    with place:
                        table([_("Package"), _("Version"), _("Licence")], rows, label=_("Licences"))

            packages.on_value_change(show)


class _Health:
    """The parts of the system, looked at every few seconds."""

    def __init__(self, visit: Visit, place: ui.element) -> None:
        self._visit, self._place = visit, place
        self._last: Any = None

    async def look(self) -> None:
        parts = [(part.name, part.ok, part.detail) for part in await self._visit.context.ports.health.components()]
        if parts == self._last:
            return
        self._last = parts
        self._place.clear()
        with self._place:
            rows = [[name, lambda ok=ok: chip("active" if ok else "failed"), detail] for name, ok, detail in parts]
            table([_("Part"), _("State"), _("What is the matter")], rows, label=_("Health"))


async def _hosts(visit: Visit) -> None:
    hosts = (await visit.api.get("/actors"))["hosts"]
    with card(_("Hosts")):
        rows = [
            [
                str(host.get("name", "")),
                number(
                    host.get("charge_points")
                    if isinstance(host.get("charge_points"), int)
                    else len(host.get("actors", ()))
                ),
                str(host.get("incarnation", ""))[:12],
            ]
            for host in hosts
        ]
        table([_("Host"), _("Charge points"), _("Incarnation")], rows, label=_("Hosts"), numbers=(1,))


def _settings(values: dict[str, Any]) -> dict[str, str]:
    """Settings as they may be shown: no secret, and of an address only which kind of store it is."""
    shown = {}
    for name, value in values.items():
        if any(word in name for word in _SECRET):
            shown[name] = _("set") if value else _("not set")
        elif name.endswith("_url"):
            shown[name] = urlsplit(str(value)).scheme or _("not set")
        else:
            shown[name] = str(value)
    return shown


@cache
def _licences() -> list[list[str]]:
    found: dict[str, list[str]] = {}
    for each in distributions():
        told = each.metadata
        name = told["Name"] or ""
        classifiers = [line for line in told.get_all("Classifier") or () if line.startswith("License ::")]
        licence = told["License-Expression"] or (
            classifiers[0].rpartition(":: ")[2] if classifiers else told["License"]
        )
        found[name.lower()] = [name, each.version, (licence or "").splitlines()[0][:60] if licence else ""]
    return [found[name] for name in sorted(found)]
