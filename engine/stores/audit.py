"""The audit log: who changed or commanded what, when, from where, and what it was before. Append-only.

`note` writes into the caller's own transaction: a change without its line, or a line without its change, cannot be.
What changes nothing in SQL, a charge point's command, takes its line along (`line_for`), and the ledger writes it.
Secrets never get here: callers leave password hashes, keys and tokens out of `before` and `after`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import orjson
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.access.acting import acting
from engine.access.scope import Scope
from engine.errors import NotFound
from engine.ids import new_id
from engine.stores.listing import Listing, Wanted
from engine.stores.paging import Page
from engine.stores.sql.dialect import upsert
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.audit import audit_log


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One line. `at` in microseconds; `network` None is the whole installation's."""

    id: str
    at: int
    actor_kind: str
    actor: str
    actor_label: str
    address: str
    correlation: str
    action: str
    kind: str
    subject: str
    network: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which lines are wanted, None: any. `since` ≤ at < `until`, microseconds."""

    actor: str | None = None
    actor_kind: str | None = None
    action: str | None = None
    kind: str | None = None
    subject: str | None = None
    network: str | None = None
    correlation: str | None = None
    since: int | None = None
    until: int | None = None


_COLUMNS = [audit_log.c[field.name] for field in fields(AuditLine)]
_LISTING = Listing({"at": (audit_log.c.at, int)}, audit_log.c.id, "-at")
_EQUAL = ("actor", "actor_kind", "action", "kind", "subject", "network", "correlation")


class AuditLog:
    """Reads the log. All methods raise StoreUnavailable while SQL does not answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, filter: AuditFilter, scope: Scope, wanted: Wanted) -> Page[AuditLine]:
        """The lines of the networks in `scope`; those of the whole installation only with all of it."""
        table = audit_log.c
        query = select(*_COLUMNS).where(scope.where(table.network))
        for name in _EQUAL:
            if (value := getattr(filter, name)) is not None:
                query = query.where(table[name] == value)
        if filter.since is not None:
            query = query.where(table.at >= filter.since)
        if filter.until is not None:
            query = query.where(table.at < filter.until)
        async with self._database.read() as connection:
            return await _LISTING.page(connection, query, wanted, lambda row: AuditLine(*row))

    async def get(self, line: str, scope: Scope) -> AuditLine:
        """Raises NotFound."""
        query = select(*_COLUMNS).where(audit_log.c.id == line, scope.where(audit_log.c.network))
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            raise NotFound("There is no such line in the audit log.", field="id", remedy="See the list.")
        return AuditLine(*row)


async def note(
    connection: AsyncConnection,
    at: int,
    action: str,
    kind: str,
    subject: str,
    *,
    network: str | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Write one line at `at` (microseconds). `action` is the verb (created, changed, deleted, …), `kind` the noun.

    `network` is whose log shows it, None that of the whole installation. With both `before` and `after` only what
    differs between them is kept. Both words are written with underscores.
    """
    await note_all(connection, at, action, kind, [(subject, network, before, after)])


async def note_all(
    connection: AsyncConnection,
    at: int,
    action: str,
    kind: str,
    changes: Sequence[tuple[str, str | None, Mapping[str, Any] | None, Mapping[str, Any] | None]],
) -> None:
    """The same for many at once: a line for each (subject, network, before, after)."""
    if rows := _lines(at, action, kind, changes):
        await connection.execute(insert(audit_log), rows)


def line_for(
    at: int, action: str, kind: str, subject: str, *, network: str | None = None, after: Mapping[str, Any]
) -> dict[str, Any]:
    """A line that does not go through the caller's transaction, as the columns of its row. JSON throughout."""
    (line,) = _lines(at, action, kind, [(subject, network, None, after)])
    # PostgreSQL takes no NUL: whoever sends one must not stay out of the log.
    told: dict[str, Any] = orjson.loads(orjson.dumps(line, default=str).replace(rb"\u0000", rb"\ufffd"))
    return told


async def keep_line(database: Database, line: Mapping[str, Any]) -> None:
    """Write a line of `line_for`, unless it is there. Raises StoreUnavailable."""
    async with database.write() as connection:
        await connection.execute(upsert(database.dialect, audit_log).on_conflict_do_nothing(), dict(line))


def _lines(
    at: int,
    action: str,
    kind: str,
    changes: Sequence[tuple[str, str | None, Mapping[str, Any] | None, Mapping[str, Any] | None]],
) -> list[dict[str, Any]]:
    who = acting()
    common = {
        "at": at,
        "actor_kind": who.kind,
        "actor": who.id,
        "actor_label": who.label,
        "address": who.address,
        "correlation": who.correlation,
        "action": action.replace(" ", "_"),
        "kind": kind.replace(" ", "_").lower(),
    }
    rows = []
    for subject, network, before, after in changes:
        if before is not None and after is not None:
            changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
            before = {name: value for name, value in before.items() if name in changed}
            after = {name: value for name, value in after.items() if name in changed}
        told = {"before": None if before is None else dict(before), "after": None if after is None else dict(after)}
        rows.append({**common, "id": new_id(), "subject": subject, "network": network, **told})
    return rows
