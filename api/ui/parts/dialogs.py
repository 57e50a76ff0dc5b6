"""Questions before something is done that cannot be taken back: each says what will happen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from nicegui import ui

from api.ui.parts.notices import text
from api.ui.texts import _


async def confirmed(title: str, words: str, action: str, *, danger: bool = False) -> bool:
    """Ask; `words` say what will happen, `action` is on the button. Escape means no."""
    with _card(title) as dialog:
        text("p", words)
        with ui.element("div").classes("rc-row").style("justify-content: flex-end"):
            ui.button(_("Cancel"), on_click=lambda: dialog.submit(False)).props("flat")
            color = "negative" if danger else "primary"
            ui.button(action, color=color, on_click=lambda: dialog.submit(True)).props("autofocus unelevated")
    answer = bool(await dialog)
    dialog.delete()
    return answer


@contextmanager
def _card(title: str) -> Iterator[ui.dialog]:
    dialog = ui.dialog().props(f'aria-label="{title}"')
    with dialog, ui.card().classes("rc-dialog"):
        text("h2", title)
        yield dialog


@contextmanager
def form_dialog(title: str) -> Iterator[ui.dialog]:
    """A dialog with what is made within; `dialog.open()`, `dialog.close()`, or `await dialog` and `dialog.submit`."""
    with _card(title) as dialog:
        yield dialog
