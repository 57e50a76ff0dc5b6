"""Buttons and questions: what will happen is said before it does, and nothing is asked twice by impatience."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import orjson
from nicegui import ui

from api.dashboard.office.form import Field, Form
from api.ui.parts.notices import problems_told, text
from api.ui.parts.pieces import of_the_page
from api.ui.texts import _

Action = Callable[[], Awaitable[Any]]


def button(label: str, action: Action, *, icon: str = "", first: bool = False, danger: bool = False) -> ui.button:
    """A button whose action is told its refusals, and which cannot be pressed again before that has ended."""

    async def pressed() -> None:
        made.disable()
        made.props("loading")
        try:
            with problems_told():
                await action()
        finally:
            if not made.is_deleted:
                made.props(remove="loading")
                made.enable()

    made = ui.button(label, icon=icon or None, on_click=of_the_page(pressed), color=None)
    if first:
        made.props("unelevated color=primary")
    elif danger:
        made.props("outline color=negative")
    else:
        made.props("outline color=primary")
    return made


def goes_to(label: str, address: str, *, icon: str = "", first: bool = False) -> ui.button:
    """A button that is a link."""
    shown = ui.button(label, icon=icon or None, color=None)
    shown.props["href"] = address
    shown.props("unelevated color=primary" if first else "outline color=primary")
    return shown


async def sure(title: str, consequence: str, action: str, *, danger: bool = True) -> bool:
    """Ask whether to go on; `consequence` says what will happen."""
    with ui.dialog() as dialog, ui.card().classes("rc-ask"):
        dialog.props["aria-label"] = title
        text("h2", title)
        text("p", consequence)
        with ui.element("div").classes("rc-row"):
            yes = ui.button(action, on_click=lambda: dialog.submit(True), color=None)
            yes.props("unelevated color=negative" if danger else "unelevated color=primary")
            ui.button(_("Cancel"), on_click=lambda: dialog.submit(False), color=None).props("flat autofocus")
    answer = await dialog
    dialog.delete()
    return bool(answer)


async def filled(
    title: str,
    fields: Sequence[Field],
    send: Callable[[dict[str, Any]], Awaitable[Any]],
    *,
    action: str,
    values: dict[str, Any] | None = None,
    about: str = "",
) -> Any:
    """A form in a dialog; what `send` gave once it went through, None if it was given up."""
    with ui.dialog().props("persistent") as dialog, ui.card().classes("rc-ask"):
        dialog.props["aria-label"] = title
        text("h2", title)
        if about:
            text("p", about, "rc-soft")
        form = Form(fields, values, whole=True, guarded=False)
        form.draw()

        async def save() -> None:
            answer = await form.save(send)
            if answer is not None:
                dialog.submit(answer)

        with ui.element("div").classes("rc-row"):
            button(action, save, first=True)
            ui.button(_("Cancel"), on_click=lambda: dialog.submit(None), color=None).props("flat")
    answer = await dialog
    dialog.delete()
    return answer


async def shown_once(title: str, about: str, secret: str) -> None:
    """Show something that is never shown again, to be copied."""
    with ui.dialog().props("persistent") as dialog, ui.card().classes("rc-ask"):
        dialog.props["aria-label"] = title
        text("h2", title)
        text("p", about)
        text("code", secret, "rc-secret")
        with ui.element("div").classes("rc-row"):
            copy = ui.button(_("Copy"), icon="content_copy", color=None).props("outline color=primary")
            copy.on("click", js_handler=f"() => raycharge.copy({_quoted(secret)})")
            ui.button(_("I have kept it"), on_click=lambda: dialog.submit(True), color=None).props(
                "unelevated color=primary"
            )
    await dialog
    dialog.delete()


def _quoted(words: str) -> str:
    """A text as it stands in a script."""
    return orjson.dumps(words).decode()
