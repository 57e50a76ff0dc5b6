"""Log lines as JSON on standard error: one event a line, with its fields, nothing that is secret."""

from __future__ import annotations

import logging
import sys

import orjson
import structlog


def log_json(level: str = "INFO") -> None:
    """Let this process's structlog write JSON lines from `level` upwards. Tracebacks stay plain text in one field."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(serializer=lambda event, **_: orjson.dumps(event, default=repr).decode()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
