"""Parts of reports whose messages have no seqNo: what a part says tells it from the others."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

from engine.charging.kept.notices import ReportPart


def unnumbered(report: str, payload: dict[str, Any], rows: list[Any]) -> ReportPart:
    """A part of a report whose messages have no seqNo: what it says tells it from the others."""
    said = {name: value for name, value in payload.items() if name != "tbc"}
    digest = hashlib.blake2b(orjson.dumps(said, option=orjson.OPT_SORT_KEYS), digest_size=8).hexdigest()
    return ReportPart(report, payload["requestId"], digest, not payload.get("tbc", False), tuple(rows))
