"""Opening a support case for somebody who has called: from the page of a session, charge point, driver, or of cases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nicegui import ui

from api.dashboard.desk.looks import CATEGORY, address
from api.dashboard.office.asking import filled
from api.dashboard.office.form import Field
from api.ui.client import ProblemError
from api.ui.parts.notices import done
from api.ui.texts import _
from api.ui.visit import Visit
from engine.ids import new_id


async def open_case(
    visit: Visit, *, session: str = "", charge_point: str = "", driver: str = "", category: str = "charging"
) -> None:
    """Ask what it is about, open the case and go to it. A session says by itself where it was and whose."""
    known = {name: value for name, value in (("session", session), ("driver", driver)) if value}

    async def send(told: dict[str, Any]) -> Mapping[str, Any]:
        body = told | known
        if told.get("driver"):
            body["driver"] = await _driver(visit, told["driver"])
        made: Mapping[str, Any] = await visit.api.post("/cases", body, key=new_id())
        return made

    values = {"category": category, "charge_point": charge_point, "internal": True}
    fields = _fields(place=not session, caller=not known and visit.may("search:read"))
    made = await filled(_("Open a case"), fields, send, action=_("Open it"), values=values)
    if made is not None:
        done(_("The case is open."))
        ui.navigate.to(address("cases", made["id"]))


def _fields(*, place: bool, caller: bool) -> list[Field]:
    categories = {name: _(look.word) for name, look in CATEGORY.items()}
    telling = {True: _("A note for us; the driver is not told"), False: _("An answer; the driver is told")}
    where = [
        Field("charge_point", _("Charge point")),
        Field("evse", _("EVSE"), "whole", help=_("Empty: the whole charge point.")),
    ]
    words = _("By phone, e-mail, name or card; empty: nobody we know.")
    who = [Field("driver", _("Who has called"), help=words, wide=True)]
    return [
        Field("category", _("About"), "choice", options=categories),
        *(where if place else []),
        *(who if caller else []),
        Field("subject", _("Subject"), wide=True),
        Field("text", _("What was said"), "area"),
        Field("internal", _("This is"), "choice", options=telling, wide=True),
    ]


async def _driver(visit: Visit, words: str) -> str:
    """The one driver whom these words mean. Raises ProblemError at the field."""
    found = (await visit.api.get("/search", {"q": words, "limit": 60}))["items"]
    drivers = {row["id"]: row["exact"] for row in found if row["kind"] == "driver"}
    meant = [id for id, exact in drivers.items() if exact] or list(drivers)
    if len(meant) != 1:
        problem = _("Several drivers fit.") if meant else _("No driver fits.")
        raise ProblemError(422, {"detail": problem, "field": "driver"})
    return meant[0]
