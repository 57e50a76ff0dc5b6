"""What routes and pages share in one façade: ports, settings, login, limits, live image, fan-out and numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import Depends, Request
from prometheus_client import CollectorRegistry, Histogram

from api.access.logins import Logins
from api.access.principal import Principal
from api.live.fanout import Fanout
from api.live.filling import Filling
from api.live.image import FleetImage
from api.live.watches import Watches
from api.operations.asked import NotedFleet
from api.ports.facade import FacadePorts, View
from api.web.attempts import Attempts
from engine.access.scope import Scope
from engine.clock import Clock
from engine.errors import Unavailable
from engine.oidc.provider import Client, OidcProvider
from engine.oidc.role_mapping import RoleMapping
from engine.settings import Settings
from engine.stores.places.pins import Pins

_BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0)


@dataclass(slots=True)
class Context:
    """One façade."""

    ports: FacadePorts
    settings: Settings
    logins: Logins
    image: FleetImage
    pins: Pins
    fanout: Fanout
    watches: Watches
    by_address: Attempts
    by_account: Attempts
    letters: Attempts
    oidc: OidcProvider | None
    ad_hoc_starts: Attempts
    cases: Attempts
    open_cases: Attempts
    registry: CollectorRegistry
    duration: Histogram
    heartbeat_s: float = 15.0
    recheck_s: float = 5.0
    """How often the permission of a live stream's reader is asked for anew."""

    @classmethod
    def of(cls, ports: FacadePorts, settings: Settings) -> Context:
        numbers = CollectorRegistry()
        ports = replace(ports, fleet=NotedFleet(ports.fleet, ports.business))
        places = ports.business.places
        image = FleetImage(places.within, ports.business.blocked.blocked, places.is_retired)
        return cls(
            ports=ports,
            settings=settings,
            logins=Logins(ports.business.people, ports.signing_key, ports.clock, settings.metrics_token),
            image=image,
            pins=Pins(ports.business.database, ports.clock),
            fanout=Fanout(ports.live, image, Filling(image, ports.fleet, places.charge_points)),
            watches=Watches(ports.frames),
            by_address=Attempts(ports.clock, burst=20, refill_s=6),
            by_account=Attempts(ports.clock, burst=5, refill_s=30),
            oidc=_provider(settings, ports.clock),
            letters=Attempts(ports.clock, burst=3, refill_s=600),
            ad_hoc_starts=Attempts(ports.clock, burst=10, refill_s=30, words="Too many starts from here."),
            cases=Attempts(ports.clock, burst=20, refill_s=30, words="Too many messages."),
            open_cases=Attempts(ports.clock, burst=6, refill_s=300, words="Too many messages from here."),
            registry=numbers,
            duration=Histogram(
                "raycharge_api_request_seconds",
                "Duration of requests to the façade.",
                ["operation", "status"],
                buckets=_BUCKETS,
                registry=numbers,
            ),
        )

    async def views(self, charge_points: list[str]) -> dict[str, View]:
        """Live states where they can be had: the registry stays readable while hosts or the journal are away."""
        try:
            return await self.ports.fleet.states(charge_points)
        except Unavailable:
            return {}

    def charge_points(self, scope: Scope) -> frozenset[str] | None:
        """The charge points within `scope`, None for all there are, also those that are not registered."""
        if scope.networks is None:
            return None
        return frozenset().union(*map(self.ports.business.places.charge_points_of, scope.networks))


def _provider(settings: Settings, clock: Clock) -> OidcProvider | None:
    """The OpenID provider of the settings. Raises ConfigurationError for what cannot be one."""
    if not settings.oidc_issuer:
        return None
    back = settings.oidc_redirect_url or f"{settings.facade_url}/api/v1/oidc/callback"
    RoleMapping.read(settings.oidc_role_claim, settings.oidc_roles)
    client = Client(
        settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret, back, settings.oidc_scopes
    )
    return OidcProvider(client, clock)


# Asynchronous, though none of them waits: FastAPI runs what is not so in a thread, which costs each request
# some tenths of a millisecond, and more while the machine is busy. They ask the request and not each other: FastAPI
# goes through a dependency's own dependencies each time that it is named, also where it knows the answer.


async def context_of(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


async def principal_of(request: Request) -> Principal:
    """Who asks; the gate has checked the login, and this checks the permission for the route."""
    principal: Principal = request.state.principal
    route: Any = request.scope["route"]
    request.state.scope = principal.need(route.operation_id)
    return principal


async def scope_of(request: Request) -> Scope:
    """Where the caller may do what this route does; checks the permission as `principal_of` does."""
    await principal_of(request)
    scope: Scope = request.state.scope
    return scope


Here = Annotated[Context, Depends(context_of)]
Caller = Annotated[Principal, Depends(principal_of)]
Scoped = Annotated[Scope, Depends(scope_of)]
