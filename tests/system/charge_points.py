"""Charge points that no other test uses."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from secrets import token_hex

from loadtest.installation import Installation


async def registered(
    system: Installation,
    prefix: str,
    *,
    isolation: str = "shared",
    password: str | None = None,
    tokens: Sequence[str] = (),
) -> str:
    """Register a charge point whose id begins with `prefix`, and tokens that are accepted everywhere."""
    identity = f"{prefix}-{token_hex(3)}"
    await asyncio.to_thread(system.register, [identity], isolation=isolation, password=password, tokens=tokens)
    return identity


def rows(system: Installation, table: str, charge_point: str, where: str = "1") -> int:
    """How many rows ClickHouse has of a charge point: a plain count."""
    ((count,),) = system.clickhouse(f"SELECT count() FROM {table} WHERE charge_point = '{charge_point}' AND {where}")
    return int(count)
