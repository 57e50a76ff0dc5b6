"""Long work in SQL: what was asked for, how far it is, how it ended.

waiting ── hold ──► running ──► done ──► (expires) forgotten, with its file
   ▲                  │  ├────► failed
   └── its worker died┘  └────► cancelled

An export begins again from its first row when its worker died, three times at most. What a façade does itself (an
import, whose body is gone with the request) fails then: `broken off`. Its rows were one transaction, so nothing of it
is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from engine.access.scope import Scope
from engine.clock import SECOND, Clock
from engine.errors import Conflict, NotFound
from engine.ids import new_id
from engine.stores import audit
from engine.stores.listing import Listing, Wanted
from engine.stores.paging import Page
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.long_work import long_work

WAITING, RUNNING, DONE, FAILED, CANCELLED = "waiting", "running", "done", "failed", "cancelled"
EXPORTS = ("sessions_export", "receipts_export", "audit_export")
IMPORTS = ("places_import", "tokens_import")
HOLD_US = 60 * SECOND
"""A worker that was not heard of for so long is dead; it says how far it is much more often."""

IMPORT_US = 600 * SECOND
"""The longest import: its façade says nothing before its end."""

KEPT_US = 86_400 * SECOND
"""How long the file can be fetched, and the line is shown, once the work has ended."""

ATTEMPTS = 3
AT_ONCE = 20
"""Exports of one account that may wait or run at the same time."""

BROKEN_OFF = "This was broken off by a restart; nothing of it was kept."
_T = long_work.c
_LISTING = Listing({"created": (_T.created, int)}, _T.id, "-created")


@dataclass(frozen=True, slots=True)
class Work:
    """One piece of work. Times in microseconds; `done` of `total` rows, None while nobody knows how many there are.

    `networks` None is the whole installation. `file` is "" where it made none.
    """

    id: str
    kind: str
    account: str
    networks: list[str] | None
    wish: dict[str, Any]
    state: str
    done: int
    total: int | None
    result: dict[str, Any] | None
    error: str
    file: str
    file_name: str
    size: int
    sha256: str
    created: int
    updated: int
    held_until: int
    ended: int | None
    expires: int | None
    attempts: int

    @property
    def scope(self) -> Scope:
        return Scope(None if self.networks is None else frozenset(self.networks))


_COLUMNS = [_T[field.name] for field in fields(Work)]


class LongWorks:
    """All methods raise StoreUnavailable while SQL does not answer."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def ask(self, kind: str, account: str, scope: Scope, wish: Mapping[str, Any]) -> Work:
        """Have an export made. Raises Conflict when the account has too many on their way."""
        open_ones = select(func.count()).where(_T.account == account, _T.state.in_((WAITING, RUNNING)))
        async with self._database.write() as connection:
            if (await connection.execute(open_ones)).scalar_one() >= AT_ONCE:
                raise Conflict(
                    f"You have {AT_ONCE} exports on their way.", field="kind", remedy="Wait for one, or cancel one."
                )
            made = await self._add(connection, kind, account, scope, wish, WAITING)
            # Data leave by it: whose log shows that is clear only where it is one network's.
            network = made.networks[0] if made.networks is not None and len(made.networks) == 1 else None
            await audit.note(connection, made.created, "asked_for", kind, made.id, network=network)
            return made

    async def begin(self, kind: str, account: str, scope: Scope, total: int | None, wish: Mapping[str, Any]) -> Work:
        """Note something that the caller begins to do itself; `finish` or `fail` ends it."""
        async with self._database.write() as connection:
            return await self._add(connection, kind, account, scope, wish, RUNNING, total)

    async def page(self, account: str, wanted: Wanted, *, state: str = "", kind: str = "") -> Page[Work]:
        """What this account has asked for, newest first."""
        query = select(*_COLUMNS).where(_T.account == account)
        for column, value in ((_T.state, state), (_T.kind, kind)):
            if value:
                query = query.where(column == value)
        async with self._database.read() as connection:
            return await _LISTING.page(connection, query, wanted, lambda row: Work(*row))

    async def get(self, id: str, account: str) -> Work:
        """Raises NotFound, also for somebody else's."""
        async with self._database.read() as connection:
            row = (await connection.execute(select(*_COLUMNS).where(_T.id == id, _T.account == account))).one_or_none()
        if row is None:
            raise NotFound("There is no such work of yours.", field="id", remedy="List what there is.")
        return Work(*row)

    async def cancel(self, id: str, account: str) -> Work:
        """Give an export up. Raises NotFound, Conflict for what has ended or cannot be given up."""
        known = await self.get(id, account)
        now = self._clock.now()
        ended = {"state": CANCELLED, "ended": now, "updated": now, "expires": now + KEPT_US}
        ours = (_T.id == id, _T.state.in_((WAITING, RUNNING)), _T.kind.in_(EXPORTS))
        async with self._database.write() as connection:
            changed = await connection.execute(update(long_work).where(*ours).values(**ended))
        if changed.rowcount != 1:
            raise Conflict(f"It is {known.state} and cannot be given up.", field="id", remedy="Look at it again.")
        return await self.get(id, account)

    async def hold(self) -> Work | None:
        """The export that waits longest, held for its worker; None if none waits."""
        now = self._clock.now()
        async with self._database.write() as connection:
            free = _T.state.in_((WAITING, RUNNING)) & (_T.held_until <= now) & _T.kind.in_(EXPORTS)
            query = select(*_COLUMNS).where(free).order_by(_T.created, _T.id).limit(1)
            row = (await connection.execute(query.with_for_update(skip_locked=True))).one_or_none()
            if row is None:
                return None
            held: dict[str, Any] = {"state": RUNNING, "attempts": row.attempts + 1, "held_until": now + HOLD_US}
            # It begins anew: what a dead worker had written is no file.
            held |= {"done": 0, "updated": now}
            await connection.execute(update(long_work).where(_T.id == row.id).values(**held))
        return Work(**{**row._mapping, **held})

    async def progress(self, work: Work, done: int, total: int | None) -> bool:
        """Say how far it is; False if it is not this worker's any more (cancelled, or taken over)."""
        now = self._clock.now()
        values = {"done": done, "total": total, "updated": now, "held_until": now + HOLD_US}
        return await self._mark(work, values)

    async def finish(self, work: Work, done: int, result: Mapping[str, Any], **file: Any) -> bool:
        """It is done: with `file`, `file_name`, `size` and `sha256` where it made one."""
        values = {"state": DONE, "done": done, "total": done, "result": dict(result), "error": "", **file}
        return await self._end(work, values)

    async def fail(self, work: Work, error: str, result: Mapping[str, Any] | None = None) -> bool:
        """It ended without what was asked for; `error` is for people."""
        told = None if result is None else dict(result)
        return await self._end(work, {"state": FAILED, "error": error.replace("\0", " ")[:500], "result": told})

    async def sweep(self) -> list[str]:
        """Forget what has expired, and say that what its façade left is broken off. The files that go with it."""
        now = self._clock.now()
        gone = (_T.expires <= now,)
        left = (_T.state == RUNNING, _T.held_until <= now, _T.kind.in_(IMPORTS))
        broken = {"state": FAILED, "error": BROKEN_OFF, "ended": now, "updated": now, "expires": now + KEPT_US}
        async with self._database.write() as connection:
            await connection.execute(update(long_work).where(*left).values(**broken))
            files = list((await connection.execute(select(_T.file).where(*gone, _T.file != ""))).scalars())
            await connection.execute(delete(long_work).where(*gone))
        return files

    async def _add(
        self,
        connection: Any,
        kind: str,
        account: str,
        scope: Scope,
        wish: Mapping[str, Any],
        state: str,
        total: int | None = None,
    ) -> Work:
        now = self._clock.now()
        networks = None if scope.networks is None else sorted(scope.networks)
        held = now + IMPORT_US if state == RUNNING else now
        ends = (None, "", "", "", 0, "", now, now, held, None, None, 0)
        made = Work(new_id(), kind, account, networks, dict(wish), state, 0, total, *ends)
        await connection.execute(insert(long_work), {field.name: getattr(made, field.name) for field in fields(Work)})
        return made

    async def _end(self, work: Work, values: Mapping[str, Any]) -> bool:
        now = self._clock.now()
        return await self._mark(work, {**values, "ended": now, "updated": now, "expires": now + KEPT_US})

    async def _mark(self, work: Work, values: Mapping[str, Any]) -> bool:
        ours = (_T.id == work.id, _T.state == RUNNING, _T.attempts == work.attempts)
        async with self._database.write() as connection:
            changed = await connection.execute(update(long_work).where(*ours).values(**values))
        return changed.rowcount == 1
