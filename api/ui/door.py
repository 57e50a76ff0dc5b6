"""What stands around every request for a page: who it is, the security policy, and where its socket comes from.

The REST API knows nothing of the login cookie; here it is read, checked as the API checks a token, and kept in the
request's state as a `Visitor`. The pages' own socket is accepted from this site alone.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access.principal import Principal
from api.ui import cookies, texts
from api.ui.visit import ASKING, THEMES, Visitor
from api.web.context import Context
from api.web.middleware import SECURITY_HEADERS
from engine.errors import Unauthenticated, Unavailable

log = structlog.get_logger("api.ui")
SOCKET = "/_nicegui_ws/"
STATICS = ("/_nicegui/", "/assets/", "/favicon.ico")
# Quasar and Vue's templates need inline styles and compiled templates. Whatever is loaded is ours all the same.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:{images}; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
FEATURES = "camera=(self), geolocation=(self), microphone=(), payment=(), usb=()"


class Door:
    """Stands inside of `Frame`, which has put the address and the correlation id into the request's state."""

    def __init__(self, app: ASGIApp, rest: ASGIApp, context: Context, images: Callable[[], str] = lambda: "") -> None:
        self._app, self._rest, self._context, self._images = app, rest, context, images

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].startswith(SOCKET):
            await self._socket(scope, receive, send)
            return
        if not scope["path"].startswith(STATICS):
            await self._recognise(scope)
        await self._app(scope, receive, self._framed(send))

    def _framed(self, send: Send) -> Send:
        async def framed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Content-Security-Policy", POLICY.format(images=self._images()))
                headers.setdefault("Permissions-Policy", FEATURES)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        return framed

    async def _recognise(self, scope: Scope) -> None:
        jar, headers = cookies.read(scope), Headers(scope=scope)
        token, theme, network = jar.get(cookies.LOGIN, ""), jar.get(cookies.THEME, ""), jar.get(cookies.NETWORK, "")
        principal = await self._principal(token)
        known = {each.network for each in principal.grants} if principal else set()
        visitor = Visitor(
            context=self._context,
            rest=self._rest,
            principal=principal,
            token=token if principal else "",
            address=scope["state"]["address"],
            agent=headers.get("user-agent", ""),
            language=texts.chosen(jar.get(cookies.LANGUAGE, ""), headers.get("accept-language", "")),
            theme=theme if theme in THEMES else "auto",
            network=network if None in known or network in known else "",
        )
        # The access log names the principal of a request, too.
        scope["state"]["visitor"], scope["state"]["principal"] = visitor, principal
        ASKING.set(visitor)

    async def _principal(self, token: str) -> Principal | None:
        if not token:
            return None
        try:
            return await self._context.logins.check(f"Bearer {token}")
        except Unauthenticated:
            return None
        except Unavailable as error:
            log.warning("login_not_checked", error=str(error))
            return None

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Browsers say where a socket's page comes from; another site's page is shown the door."""
        if self._is_ours(Headers(scope=scope), scope["type"] == "websocket"):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await PlainTextResponse("This socket is for the pages of this site.", 403)(scope, receive, send)

    def _is_ours(self, headers: Headers, needs_origin: bool) -> bool:
        origin = headers.get("origin", "")
        if not origin:
            return not needs_origin and headers.get("sec-fetch-site", "same-origin") == "same-origin"
        ours = {headers.get("host", "").lower(), urlsplit(self._context.settings.facade_url).netloc.lower()}
        return urlsplit(origin).netloc.lower() in ours
