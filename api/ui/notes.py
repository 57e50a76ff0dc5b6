"""What everybody has to know about this installation, on every page."""

from __future__ import annotations

from api.ui.texts import _
from api.web.context import Context


def notes(context: Context) -> list[str]:
    found = []
    if demo := context.settings.demo:
        found.append(_("Demo mode: {demo} simulated charge points run beside the system.", demo=demo))
    if why := context.ports.health.not_durable():
        found.append(_("Not durable: acknowledged data can be lost. {why}", why=why))
    return found
