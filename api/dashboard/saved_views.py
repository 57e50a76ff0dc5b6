"""The choice of a person's saved views of one page, with saving, changing and deleting them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from nicegui import ui

from api.ui.parts.dialogs import confirmed, form_dialog
from api.ui.parts.notices import done, problems_told
from api.ui.texts import _
from api.ui.visit import Visit


class SavedViews:
    """`content()` is what would be saved now, `take(content)` puts a view in force."""

    def __init__(
        self,
        visit: Visit,
        page: str,
        content: Callable[[], Awaitable[dict[str, Any]]],
        take: Callable[[Mapping[str, Any]], None],
    ) -> None:
        self._visit, self._page, self._content, self._take = visit, page, content, take
        self._views: dict[str, Mapping[str, Any]] = {}

    async def show(self) -> None:
        """Draw the menu. Raises ProblemError."""
        with ui.button(_("Views"), icon="bookmarks").props("flat dense no-caps"):
            self._menu = ui.menu().props("auto-close")
        await self._read()

    async def _read(self) -> None:
        rows = await self._visit.api.pages("/me/views", {"page": self._page}, at_most=100)
        self._views = {row["id"]: row for row in rows}
        self._menu.clear()
        with self._menu:
            for id, view in self._views.items():
                ui.menu_item(view["name"], on_click=lambda id=id: self._take(self._views[id]["content"]))
            if self._views:
                ui.separator()
            ui.menu_item(_("Save this view …"), on_click=self._ask_name)
            if self._views:
                ui.menu_item(_("Delete a view …"), on_click=self._ask_which)

    async def _ask_name(self) -> None:
        with form_dialog(_("Save this view")) as dialog:
            name = ui.input(_("Name")).props('outlined dense maxlength="60" autofocus').classes("w-full")
            name.on("keydown.enter", lambda: dialog.submit(name.value))
            ui.button(_("Save"), on_click=lambda: dialog.submit(name.value)).props("unelevated")
        given = await dialog
        dialog.delete()
        if given and given.strip():
            await self._save(given.strip())

    async def _save(self, name: str) -> None:
        """Under this name, in place of one that has it."""
        content = await self._content()
        same = next((id for id, view in self._views.items() if view["name"] == name), None)
        with problems_told():
            if same is None:
                await self._visit.api.post("/me/views", {"page": self._page, "name": name, "content": content})
            else:
                await self._visit.api.put(f"/me/views/{same}", {"name": name, "content": content})
            await self._read()
            done(_("The view is saved."))

    async def _ask_which(self) -> None:
        with form_dialog(_("Delete a view")) as dialog:
            names = {id: view["name"] for id, view in self._views.items()}
            which = ui.select(names, label=_("View")).props("outlined dense").classes("w-full")
            ui.button(_("Delete"), on_click=lambda: dialog.submit(which.value)).props("unelevated")
        id = await dialog
        dialog.delete()
        if not id or not await confirmed(_("Delete a view"), _("It is gone for good."), _("Delete"), danger=True):
            return
        with problems_told():
            await self._visit.api.delete(f"/me/views/{id}")
            await self._read()
