"""Sets NiceGUI up, once in a process, and ties its life to a façade's.

NiceGUI has one application a process, which this makes ours: nothing of it is stored anywhere, nothing is loaded from
another host, and pages that nobody looks at any more are dropped after `RECONNECT_S`.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from types import ModuleType

from fastapi import FastAPI
from fastapi.middleware.gzip import GZipMiddleware
from nicegui import app as nicegui_app
from nicegui import ui
from starlette.types import ASGIApp

from api.ui import failures, signing_in, theme

COMPRESS_LEVEL = 5
"""Of 1 to 9. The default, 9, takes four times as long for a twentieth less, and holds up the event loop meanwhile."""
RECONNECT_S = 10.0
"""How long a page outlives its connection, so that a phone may lose it for a moment."""


def pages_of(rest: FastAPI) -> ASGIApp:
    """The application of all pages; it begins and ends with this façade."""
    shell = _shell()
    before = rest.router.lifespan_context

    @asynccontextmanager
    async def both(app: FastAPI) -> AsyncIterator[None]:
        async with before(app), shell.router.lifespan_context(shell):
            yield

    rest.router.lifespan_context = both
    return nicegui_app


@cache
def _shell() -> FastAPI:
    theme.install()
    failures.install()
    nicegui_app.routes.extend(signing_in.routes())
    load()
    shell = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    ui.run_with(
        shell,
        title="Raycharge",
        favicon=theme.FAVICON,
        binding_refresh_interval=None,
        reconnect_timeout=RECONNECT_S,
        tailwind=False,
        show_welcome_message=False,
        gzip_middleware_factory=lambda app: GZipMiddleware(app, compresslevel=COMPRESS_LEVEL),
    )
    return shell


def load() -> None:
    """Import all pages, which register themselves. New ones need no line here: two who add one do not meet."""
    import api.dashboard
    import api.drive

    for package in (api.dashboard, api.drive):
        _import_all(package)


def _import_all(package: ModuleType) -> None:
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)
