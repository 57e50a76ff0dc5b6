"""How the system itself is: actors, liveness, readiness, metrics."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fastapi import APIRouter, Request
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.responses import Response

from api.ports.facade import Sample
from api.schemas.resources import ActorsOut, AliveOut, ComponentOut, Problem, ReadyOut
from api.web.context import Context, Here
from api.web.problems import RETRY_AFTER_S, problem

open_router = APIRouter(tags=["system"])
metrics_router = APIRouter(tags=["system"])
router = APIRouter(tags=["system"])

_TEXT = "text/plain; version=0.0.4; charset=utf-8"


@router.get("/actors", operation_id="listActors", summary="Hosts and the logical actors in them")
async def list_actors(here: Here) -> ActorsOut:
    return ActorsOut(hosts=[dict(host) for host in await here.ports.fleet.hosts()])


@open_router.get("/healthz", operation_id="healthz", summary="The process lives")
async def healthz() -> AliveOut:
    return AliveOut()


@open_router.get(
    "/readyz",
    operation_id="readyz",
    summary="Every component works",
    response_model=ReadyOut,
    responses={503: {"model": Problem, "description": "Not ready: `errors` names the components and why."}},
)
async def readyz(request: Request, here: Here) -> ReadyOut | Response:
    """200 when all work; otherwise 503 with each component and what is the matter with it."""
    components = [
        ComponentOut(name=part.name, ok=part.ok, detail=part.detail) for part in await here.ports.health.components()
    ]
    broken = [part.name for part in components if not part.ok]
    if not broken:
        return ReadyOut(ready=True, components=components)
    return problem(
        503,
        "not-ready",
        "Not ready",
        f"Not working: {', '.join(broken)}.",
        request.url.path,
        headers={"Retry-After": str(RETRY_AFTER_S)},
        errors=[{"field": part.name, "detail": part.detail or "not ok"} for part in components if not part.ok],
        components=[part.model_dump() for part in components],
    )


@metrics_router.get(
    "/metrics",
    operation_id="readMetrics",
    summary="Numbers for Prometheus",
    response_class=Response,
    responses={
        200: {"description": "Prometheus' text format.", "content": {"text/plain": {"schema": {"type": "string"}}}}
    },
)
async def read_metrics(here: Here) -> Response:
    samples = [*await here.ports.metrics.collect(), *_own(here)]
    components = CollectorRegistry()
    components.register(_Collected(samples))
    return Response(generate_latest(components) + generate_latest(here.registry), headers={"Content-Type": _TEXT})


def _own(here: Context) -> list[Sample]:
    fanout = here.fanout
    return [
        Sample("raycharge_api_event_followers", "Readers of the live events.", fanout.followers),
        Sample("raycharge_api_event_dropped_total", "Readers dropped for being too slow.", fanout.dropped),
        Sample("raycharge_api_feed_breaks_total", "How often the live feed broke.", fanout.breaks),
    ]


class _Collected(Collector):
    """Writes samples that were collected before: the client library's own collectors cannot await."""

    def __init__(self, samples: Sequence[Sample]) -> None:
        self._samples = samples

    def collect(self) -> Iterable[Metric]:
        families: dict[str, Metric] = {}
        for sample in self._samples:
            family = families.get(sample.name)
            if family is None:
                kind = CounterMetricFamily if sample.name.endswith("_total") else GaugeMetricFamily
                family = families[sample.name] = kind(sample.name, sample.help)
            family.add_sample(sample.name, dict(sample.labels), sample.value)
        return families.values()
