"""What the desk has a charger do: asked once, by one intention, and told how it ended."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import quote

from nicegui import ui

from api.ui.parts.dialogs import confirmed
from api.ui.parts.notices import problems_told
from api.ui.parts.pieces import of_the_page
from api.ui.parts.states import COMMAND, look_of
from api.ui.texts import _
from api.ui.visit import Visit
from engine.ids import new_id

Told = Callable[[], Awaitable[None]]
Action = Callable[[], Awaitable[Any] | None]
_TYPES = {"good": "positive", "bad": "negative", "warn": "warning", "off": "warning"}


class ChargerActions:
    """Commands to one charge point. `after` is called once each has ended, whichever way."""

    def __init__(self, visit: Visit, charge_point: str, after: Told) -> None:
        self._visit, self._charge_point, self._after = visit, charge_point, after

    @property
    def permitted(self) -> bool:
        return self._visit.may("commands:basic")

    async def reset(self, *, at_once: bool = False) -> None:
        await self._do("reset", {"immediate": at_once})

    async def unlock(self, evse: int, connector: int) -> None:
        await self._do("unlock", {"evse": max(1, evse), "connector": max(1, connector)})

    async def stop(self, session: str) -> None:
        await self._do("stop", {"session": session})

    async def start(self, id_token: str, evse: int) -> None:
        await self._do("start", {"token": {"id_token": id_token}, "evse": evse})

    async def ask_stop(self, session: str) -> None:
        """With a question before it: the driver stands there with a car that is not full."""
        words = _("The driver's car stops charging, and the price becomes final.")
        if await confirmed(_("Stop charging?"), words, _("Stop charging"), danger=True):
            await self.stop(session)

    async def _do(self, what: str, body: Mapping[str, Any]) -> None:
        """Each press of a button is one intention, and carried out once however often it is sent."""
        path = f"/charge-points/{quote(self._charge_point, safe='')}/{what}"
        with problems_told():
            ended = await self._visit.api.post(path, body, key=new_id())
            _tell(ended)
        await self._after()


def _tell(ended: Mapping[str, Any]) -> None:
    """How a command ended, in words."""
    look = look_of(ended["outcome"], COMMAND)
    why = ended.get("error_description") or ended.get("error_code") or ""
    words = _("{action}: {outcome}", action=ended["action"], outcome=_(look.word))
    ui.notify(f"{words} {why}".strip(), type=_TYPES.get(look.tone, "info"), timeout=6000)  # type: ignore[arg-type]


def action_button(words: str, icon: str, action: Action, *, danger: bool = False) -> ui.button:
    """A button for a command."""
    button = ui.button(words, icon=icon, color="negative" if danger else "primary", on_click=of_the_page(action))
    return button.props("outline no-caps")
