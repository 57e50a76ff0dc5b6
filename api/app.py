"""Puts the façade together: one FastAPI application over `FacadePorts`.

Routes are thin: they validate, ask a port and answer. Who may call what is in `access/`, which error becomes which
status in `web/problems.py`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from api import pages
from api.access.permissions import PERMISSION_OF, is_open
from api.ports.facade import FacadePorts
from api.routes import (
    audit,
    campaigns,
    charge_points,
    commands,
    desks,
    events,
    files,
    firmware,
    kept_state,
    long_work,
    messages,
    operations,
    outbox,
    search,
    security,
    session_prices,
    session_story,
    sessions,
    system,
)
from api.routes.alerts import alerts, preferences, windows
from api.routes.alerts import rules as alert_rules
from api.routes.billing import issuers, own_receipts, receipts, reviews
from api.routes.cases import canned, desk, openly
from api.routes.cases import own as own_cases
from api.routes.deliveries import channels, subscriptions
from api.routes.deliveries import log as deliveries
from api.routes.drivers import own, own_charging
from api.routes.drivers import staff as drivers
from api.routes.maintenance import jobs as maintenance
from api.routes.notices import own as notices
from api.routes.payments import ad_hoc, charging, payments, starts
from api.routes.people import accounts, api_keys, login, me, oidc, roles
from api.routes.places import connectors, inbox, locations, maps, nearby, networks, open_locations, stations, transfer
from api.routes.tariffs import assignments as tariff_assignments
from api.routes.tariffs import previews as tariff_previews
from api.routes.tariffs import tariffs
from api.routes.tokens import groups as token_groups
from api.routes.tokens import tokens
from api.routes.tokens import transfer as token_transfer
from api.web import openapi, problems
from api.web.context import Context, principal_of
from api.web.directory import Directory
from api.web.idempotency import Idempotency
from api.web.middleware import Frame, Gate, JsonBody
from api.web.rates import RateLimit, by_address, by_principal
from engine.errors import ConfigurationError
from engine.settings import Settings

_API = (
    login.router,
    me.router,
    accounts.router,
    roles.router,
    api_keys.router,
    desks.router,
    charge_points.router,
    networks.router,
    stations.router,
    connectors.router,
    inbox.router,
    transfer.router,
    locations.router,
    maps.router,
    nearby.router,
    tokens.router,
    token_groups.router,
    token_transfer.router,
    drivers.router,
    own.router,
    own_charging.router,
    tariffs.router,
    tariff_assignments.router,
    tariff_previews.router,
    search.router,
    sessions.router,
    session_prices.router,
    session_story.router,
    issuers.router,
    receipts.router,
    reviews.router,
    own_receipts.router,
    outbox.router,
    channels.router,
    subscriptions.router,
    deliveries.router,
    alerts.router,
    alert_rules.router,
    windows.router,
    preferences.router,
    commands.router,
    operations.router,
    campaigns.router,
    kept_state.router,
    messages.router,
    firmware.router,
    events.router,
    system.router,
    security.router,
    audit.router,
    long_work.router,
    charging.router,
    starts.router,
    payments.router,
    maintenance.router,
    own_cases.router,
    desk.router,
    canned.router,
    notices.router,
)
_OPEN = (
    login.open_router,
    oidc.open_router,
    system.open_router,
    security.open_router,
    files.router,
    pages.router,
    ad_hoc.open_router,
    openly.open_router,
    open_locations.open_router,
    maps.open_router,
    payments.open_router,
)


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
    _check_permissions()
    app.router.routes.extend(route for _, _, route in _included())
    app.router.middleware_stack = Directory.of(app.router, _included())
    problems.install(app)
    app.openapi = _document  # type: ignore[method-assign]
    # The one added last is the outermost.
    app.add_middleware(Idempotency, requests=lambda: context.ports.business.keyed_requests)
    app.add_middleware(JsonBody)
    limits = settings.requests_per_minute, settings.requests_per_minute_per_address
    app.add_middleware(RateLimit, name="caller", limit=limits[0], clock=ports.clock, key_of=by_principal)
    app.add_middleware(Gate, logins=lambda: context.logins)
    app.add_middleware(RateLimit, name="address", limit=limits[1], clock=ports.clock, key_of=by_address)
    app.add_middleware(Frame, duration=context.duration, proxies=settings.proxies)
    return app


@cache
def _document() -> dict[str, Any]:
    """Made once in a process, which takes seconds: every application has the same routes."""
    return openapi.document("Raycharge", version("raycharge"), [route for _, _, route in _included()])


@cache
def _included() -> list[tuple[APIRouter, str, BaseRoute]]:
    """All routers, with their prefix and what they become in an application, made once in a process: they know nothing
    of the application that they are asked through."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    guard = [Depends(principal_of)]
    wanted = [
        *((router, "/api/v1", guard) for router in _API),
        (system.metrics_router, "", guard),
        *((router, "", []) for router in (events.socket_router, *_OPEN)),
    ]
    found = []
    for router, prefix, dependencies in wanted:
        app.include_router(router, prefix=prefix, dependencies=dependencies)
        found.append((router, prefix, app.router.routes[-1]))
    return found


def _check_permissions() -> None:
    """Default deny at start: an operation without a line in the table would otherwise be found by its first caller."""
    for router, unguarded in [*((r, False) for r in (*_API, system.metrics_router)), *((r, True) for r in _OPEN)]:
        for route in router.routes:
            assert isinstance(route, APIRoute)
            listed = is_open(route.path) if unguarded else route.operation_id in PERMISSION_OF
            if not listed:
                raise ConfigurationError(
                    f"{route.path} ({route.operation_id}) is not listed in api/access/permissions.py."
                )
