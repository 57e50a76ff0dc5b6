"""Imports as work with progress: noted when they begin, ended with what came of them, whoever looks meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from api.access.principal import Principal
from api.web.context import Context
from engine.access.scope import Scope
from engine.errors import RaychargeError


class Noted:
    """How an import ended: `done` with its numbers, or `refused` for so many bad lines."""

    def __init__(self, rows: int) -> None:
        self.rows, self.result, self.error = rows, {"rows": rows}, ""

    def done(self, **numbers: Any) -> None:
        self.result |= numbers

    def refused(self, faults: int) -> None:
        self.result |= {"faults": faults}
        self.error = f"{faults} lines cannot be imported; nothing was."


@asynccontextmanager
async def noted(here: Context, caller: Principal, scope: Scope, kind: str, rows: int) -> AsyncIterator[Noted]:
    """Note an import of so many rows around the block that carries it out."""
    works, told = here.ports.business.long_works, Noted(rows)
    work = await works.begin(kind, caller.account, scope, rows, {})
    try:
        yield told
    except RaychargeError as error:
        await works.fail(work, str(error))
        raise
    if told.error:
        await works.fail(work, told.error, told.result)
    else:
        await works.finish(work, rows, told.result)
