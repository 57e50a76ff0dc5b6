"""What routes and pages share in one façade: its ports, settings, login, limits, live fan-out and numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from prometheus_client import CollectorRegistry, Histogram

from api.access import Logins, Principal
from api.attempts import Attempts
from api.fanout import Fanout
from api.ports import FacadePorts, View
from api.watches import Watches
from engine.errors import Unavailable
from engine.settings import Settings

_BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0)


@dataclass(slots=True)
class Context:
    """One façade."""

    ports: FacadePorts
    settings: Settings
    logins: Logins
    fanout: Fanout
    watches: Watches
    by_address: Attempts
    by_account: Attempts
    registry: CollectorRegistry
    duration: Histogram
    heartbeat_s: float = 15.0

    @classmethod
    def of(cls, ports: FacadePorts, settings: Settings) -> Context:
        numbers = CollectorRegistry()
        return cls(
            ports=ports,
            settings=settings,
            logins=Logins(ports.registry, ports.signing_key, ports.clock, settings.metrics_token),
            fanout=Fanout(ports.live),
            watches=Watches(ports.frames),
            by_address=Attempts(ports.clock, burst=20, refill_s=6),
            by_account=Attempts(ports.clock, burst=5, refill_s=30),
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


def context_of(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


def principal_of(request: Request) -> Principal:
    """Who asks; the gate has checked the login, and this checks the permission for the route."""
    principal: Principal = request.state.principal
    route: Any = request.scope["route"]
    principal.need(route.operation_id)
    return principal


Here = Annotated[Context, Depends(context_of)]
Caller = Annotated[Principal, Depends(principal_of)]
