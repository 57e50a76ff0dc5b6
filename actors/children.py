"""Which Ray actors an installation wants, what class each is, and in which order they end."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from functools import cache
from typing import Any

import ray

from actors.config import AUTHORITY, DEDICATED_NAMESPACE, NAMESPACE, PAYMENTS, ClusterConfig, host_name
from engine.security.presence import signs_certificates

_CLASSES = {
    "host": ("actors.host", "Host"),
    "dedicated": ("actors.host", "DedicatedHost"),
    "projection": ("actors.projection", "ProjectionActor"),
    "clickhouse": ("actors.clickhouse", "ClickHouse"),
    "campaigns": ("actors.campaigns", "CampaignActor"),
    "back-office": ("actors.back_office", "BackOffice"),
    "payments": ("actors.payments", "PaymentActor"),
    "facade": ("actors.facade", "FacadeActor"),
    "authority": ("actors.authority", "AuthorityActor"),
    "supervisor": ("actors.supervisor", "Supervisor"),
}
PROJECTIONS = ("ledger", "analytics", "live", "archive", "billing", "watch")


@dataclass(frozen=True, slots=True)
class Child:
    """A wanted Ray actor. Children of a lower `stop_stage` end first: sockets before consumers before stores."""

    name: str
    kind: str
    stop_stage: int
    namespace: str = NAMESPACE
    arguments: tuple[Any, ...] = ()


def wanted_children(config: ClusterConfig) -> list[Child]:
    """Everything but dedicated hosts, which follow the registry."""
    children = [Child(host_name(n), "host", 0) for n in range(config.settings.hosts)]
    children += [Child(f"projection-{name}", "projection", 2, arguments=(name,)) for name in PROJECTIONS]
    children.append(Child("campaigns", "campaigns", 0))
    children.append(Child("back-office", "back-office", 0))
    children.append(Child("facade", "facade", 1))
    if config.settings.takes_payments == "local":
        children.append(Child(PAYMENTS, "payments", 1))
    if signs_certificates(config.settings):
        children.append(Child(AUTHORITY, "authority", 1))
    if config.embedded_clickhouse:
        children.insert(0, Child("clickhouse", "clickhouse", 3))
    return children


def dedicated_child(charge_point: str) -> Child:
    """The host with room for one charge point. Its Ray name is the charge point's id."""
    return Child(charge_point, "dedicated", 0, DEDICATED_NAMESPACE)


@cache
def ray_class(kind: str) -> Any:
    """The Ray actor class of a kind of child. Imported late: each process loads only what it is."""
    module, name = _CLASSES[kind]
    return ray.remote(getattr(importlib.import_module(module), name))
