"""What is shown where there is no page, and where one broke: nothing of ours, but the id that finds it in the log."""

from __future__ import annotations

from fastapi import Request
from nicegui import app as nicegui_app
from nicegui import ui
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from api.ui.page import SignInFirst
from api.ui.parts.notices import text
from api.ui.plain import plain
from api.ui.texts import OF_CLIENT, _, speaking
from api.ui.visit import ASKING


def install() -> None:
    """In place of NiceGUI's own, which show the exception to whoever asks."""
    nicegui_app.add_exception_handler(SignInFirst, _to_sign_in)
    nicegui_app.add_exception_handler(404, _not_found)
    nicegui_app.on_page_exception(_broke)


async def _to_sign_in(_request: Request, error: Exception) -> Response:
    assert isinstance(error, SignInFirst)
    return RedirectResponse(error.where, 303)


async def _not_found(request: Request, _error: Exception) -> Response:
    visitor = getattr(request.state, "visitor", None)
    if visitor is None:
        # An asset: whoever asks for one does not read pages.
        return PlainTextResponse("There is nothing at this address.", 404)
    with speaking(visitor.language):
        return plain(request, "not_found", status=404)


def _broke() -> None:
    client = ui.context.client
    OF_CLIENT[client] = ASKING.get().language
    ui.page_title(f"{_('Something went wrong')} · Raycharge")
    with ui.element("div").classes("rc-empty").props('role="alert"'):
        text("h1", _("Something went wrong on our side"))
        text("p", _("Please try again, and give this id when you report it: {id}", id=client.request.state.correlation))
        ui.link(_("Back to the start"), "/")
