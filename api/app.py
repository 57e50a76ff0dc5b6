"""Puts the façade together: one FastAPI application over `FacadePorts`.

Routes are thin: they validate, ask a port and answer. Who may call what is in `access.py`, which error becomes which
status in `problems.py`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import APIRouter, Depends, FastAPI
from fastapi.routing import APIRoute

from api import openapi, pages, problems
from api.access import PERMISSION_OF, is_open
from api.context import Context, principal_of
from api.middleware import Frame, Gate, JsonBody
from api.ports import FacadePorts
from api.routes import (
    campaigns,
    charge_points,
    commands,
    events,
    files,
    firmware,
    kept_state,
    login,
    messages,
    operations,
    security,
    sessions,
    system,
    tokens,
)
from engine.errors import ConfigurationError
from engine.settings import Settings

_API = (
    login.router,
    charge_points.router,
    tokens.router,
    sessions.router,
    commands.router,
    operations.router,
    campaigns.router,
    kept_state.router,
    messages.router,
    firmware.router,
    events.router,
    system.router,
    security.router,
)
_OPEN = (login.open_router, system.open_router, security.open_router, files.router, pages.router)


def create_app(ports: FacadePorts, settings: Settings) -> FastAPI:
    """The application. Raises ConfigurationError if a route was left without a permission, or the key is too short."""
    if len(ports.signing_key) < 32:
        raise ConfigurationError("The signing key needs 32 bytes or more.")
    context = Context.of(ports, settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        context.fanout.start()
        try:
            yield
        finally:
            await context.watches.stop()
            await context.fanout.stop()

    app = FastAPI(
        title="Raycharge",
        version=version("raycharge"),
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    app.state.context = context
    _add_routes(app)
    _check_permissions()
    problems.install(app)
    app.openapi = lambda: openapi.document(app)  # type: ignore[method-assign]
    # The one added last is the outermost.
    app.add_middleware(JsonBody)
    app.add_middleware(Gate, logins=lambda: context.logins)
    app.add_middleware(Frame, duration=context.duration)
    return app


def _add_routes(app: FastAPI) -> None:
    guarded = APIRouter(prefix="/api/v1", dependencies=[Depends(principal_of)])
    for router in _API:
        guarded.include_router(router)
    app.include_router(guarded)
    app.include_router(system.metrics_router, dependencies=[Depends(principal_of)])
    for router in _OPEN:
        app.include_router(router)


def _check_permissions() -> None:
    """Default deny at start: an operation without a line in the table would otherwise be found by its first caller."""
    for router, unguarded in [*((r, False) for r in (*_API, system.metrics_router)), *((r, True) for r in _OPEN)]:
        for route in router.routes:
            assert isinstance(route, APIRoute)
            listed = is_open(route.path) if unguarded else route.operation_id in PERMISSION_OF
            if not listed:
                raise ConfigurationError(f"{route.path} ({route.operation_id}) is not listed in api/access.py.")
