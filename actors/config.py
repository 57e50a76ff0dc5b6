"""What every Ray actor of an installation is told when it is made: settings, the stores' addresses, secrets' place."""

from __future__ import annotations

import logging
import logging.handlers
import os
from dataclasses import dataclass
from pathlib import Path

import structlog

from engine.settings import Settings

NAMESPACE = "raycharge"
DEDICATED_NAMESPACE = "charge-points"
"""Ray actors of `isolation: dedicated` bear exactly their charge point's id, so they get a namespace of their own."""

SUPERVISOR = "supervisor"
AUTHORITY = "authority"
PAYMENTS = "payments"


@dataclass(frozen=True, slots=True)
class ClusterConfig:
    """Resolved addresses (embedded stores have one only once they run). Travels to Ray actors by pickling."""

    settings: Settings
    redis_url: str
    clickhouse_url: str
    embedded_clickhouse: bool
    facade: str = "api.facade:serve"

    @property
    def data_dir(self) -> Path:
        return self.settings.data_dir

    @property
    def run_dir(self) -> Path:
        return self.settings.data_dir / "run"


def host_name(number: int) -> str:
    """The name of a node's nth host."""
    return f"host-{number}"


def dedicated_host(charge_point: str) -> str:
    """What the directory calls the host that has room for just this charge point."""
    return f"dedicated:{charge_point}"


def dedicated_charge_point(host: str) -> str | None:
    """The charge point of a dedicated host's name; None for any other host."""
    prefix, found, charge_point = host.partition(":")
    return charge_point if found and prefix == "dedicated" else None


def configure_logging(config: ClusterConfig, name: str) -> None:
    """Log events as JSON lines into data_dir/log/NAME.jsonl: a charger's story is a filter on `charge_point`."""
    folder = config.data_dir / "log"
    folder.mkdir(parents=True, exist_ok=True)
    safe = "".join(c if c.isalnum() or c in "-_." else "_" for c in name)
    handler = logging.handlers.RotatingFileHandler(folder / f"{safe}.jsonl", maxBytes=20_000_000, backupCount=3)
    handler.setFormatter(logging.Formatter("%(message)s"))
    root = logging.getLogger()
    for old in list(root.handlers):
        if isinstance(old, logging.handlers.RotatingFileHandler):
            root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(config.settings.log_level)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(config.settings.log_level)),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(actor=name, pid=os.getpid())
