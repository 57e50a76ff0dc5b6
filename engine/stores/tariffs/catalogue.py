"""Tariffs with their versions: drafts that may be changed, published versions that stay what they are.

A version is never changed once it is valid: changing a tariff is publishing a new version. What is not valid yet can be
withdrawn as if it had never been; withdrawing one in force ends it. Sessions that run keep what they have frozen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, func, insert, select, update
from sqlalchemy import delete as delete_rows
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.access.scope import EVERYWHERE, Scope
from engine.clock import SECOND, Clock
from engine.errors import Changed, Conflict, InvalidInput, NotFound
from engine.ids import new_id
from engine.stores.audit import note
from engine.stores.changes import TARIFF, Change, ChangeFeed
from engine.stores.listing import Listing, Wanted
from engine.stores.paging import Page, pattern
from engine.stores.sql.engine import Database
from engine.stores.sql.models import networks
from engine.stores.sql.tables.tariffs import tariff_assignments, tariff_versions, tariffs
from engine.stores.tariffs.rows import DRAFT, PUBLISHED, VERSION_COLUMNS, WITHDRAWN, TariffRow, VersionRow, version_of
from engine.tariffs.model import Tariff
from engine.tariffs.stored import stored_tariff

_BACKDATED = 300 * SECOND
"""So far back a version may begin: the time between a person's decision and the request."""

_COLUMNS = [tariffs.c[name] for name in ("id", "network_id", "name", "currency", "version", "created", "updated")]
_LISTING = Listing(
    {
        "name": (tariffs.c.name, str),
        "created": (tariffs.c.created, int),
        "updated": (tariffs.c.updated, int),
        "network": (tariffs.c.network_id, str),
        "currency": (tariffs.c.currency, str),
    },
    tariffs.c.id,
    "name",
)


@dataclass(frozen=True, slots=True)
class WhichTariffs:
    """Which tariffs are wanted: all that is given must hold. `text` is looked for in the name."""

    network: str | None = None
    currency: str | None = None
    text: str = ""

    def conditions(self) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = []
        if self.network is not None:
            found.append(tariffs.c.network_id == self.network)
        if self.currency is not None:
            found.append(tariffs.c.currency == self.currency)
        if self.text:
            found.append(tariffs.c.name.ilike(pattern(self.text), escape="\\"))
        return found


@dataclass(frozen=True, slots=True)
class Validity:
    """From when until before when (microseconds). Of None, the beginning is now and the end open."""

    since: int | None = None
    until: int | None = None


class Tariffs:
    """The repository. All methods raise StoreUnavailable; what lies outside of `scope` is not found."""

    def __init__(self, database: Database, feed: ChangeFeed, clock: Clock) -> None:
        self._database, self._feed, self._clock = database, feed, clock

    async def create(
        self,
        network: str,
        content: Tariff,
        *,
        name: str = "",
        scope: Scope = EVERYWHERE,
        publish: Validity | None = None,
    ) -> TariffRow:
        """A tariff with its first version, a draft unless it is to be published. Raises NotFound for the network."""
        now, tariff = self._clock.now(), new_id()
        scope.need(network)
        row = TariffRow(tariff, network, name or content.name, content.currency, 1, now, now)
        first = _draft(row, content, 1, now)
        if publish is not None:
            first = _published(first, publish, now)
        async with self._database.write() as connection:
            known = await connection.execute(select(networks.c.id).where(networks.c.id == network))
            if known.one_or_none() is None:
                raise NotFound("There is no such network.", field="network", remedy="List what there is for you.")
            await connection.execute(insert(tariffs), _values(row))
            await connection.execute(insert(tariff_versions), _version_values(first))
            shown = {"name": row.name, "currency": row.currency} | _audited(first)
            await note(connection, now, "created", "tariff", tariff, network=network, after=shown)
        await self._feed.announce([Change(TARIFF, tariff)])
        return replace(row, versions=(first,))

    async def get(self, tariff: str, *, scope: Scope = EVERYWHERE) -> TariffRow:
        """Raises NotFound."""
        async with self._database.read() as connection:
            return await _get(connection, tariff, scope)

    async def page(self, which: WhichTariffs, wanted: Wanted, *, scope: Scope = EVERYWHERE) -> Page[TariffRow]:
        """Tariffs with their versions, in the order wanted."""
        query = select(*_COLUMNS).where(scope.where(tariffs.c.network_id), *which.conditions())
        async with self._database.read() as connection:
            found = await _LISTING.page(connection, query, wanted, lambda row: TariffRow(*row))
            versions = await _versions(connection, [row.id for row in found.items])
        shown = [replace(row, versions=tuple(versions.get(row.id, ()))) for row in found.items]
        return Page(shown, found.cursor)

    async def rename(
        self, tariff: str, name: str, *, scope: Scope = EVERYWHERE, version: int | None = None
    ) -> TariffRow:
        """What the staff calls it; versions keep the name that they were written with. Raises NotFound, Changed."""
        now = self._clock.now()
        async with self._database.write() as connection:
            row = await _get(connection, tariff, scope)
            _check(row.version, version)
            changed = replace(row, name=name, version=row.version + 1, updated=now)
            values = {"name": name, "version": changed.version, "updated": now}
            await connection.execute(update(tariffs).where(tariffs.c.id == tariff).values(values))
            before, after = {"name": row.name}, {"name": name}
            await note(connection, now, "changed", "tariff", tariff, network=row.network, before=before, after=after)
        return changed

    async def delete(self, tariff: str, *, scope: Scope = EVERYWHERE, version: int | None = None) -> None:
        """Only one that never held and is assigned nowhere. Raises NotFound, Changed, Conflict."""
        now = self._clock.now()
        async with self._database.write() as connection:
            row = await _get(connection, tariff, scope)
            _check(row.version, version)
            if any(each.in_force is not None for each in row.versions):
                raise Conflict(
                    "A version of this tariff is in force, was or will be.", remedy="Withdraw it and keep the tariff."
                )
            assigned = select(func.count()).select_from(tariff_assignments)
            assigned = assigned.where(tariff_assignments.c.tariff == tariff)
            if (await connection.execute(assigned)).scalar_one():
                raise Conflict("The tariff is assigned somewhere.", remedy="End its assignments and keep the tariff.")
            await connection.execute(delete_rows(tariffs).where(tariffs.c.id == tariff))
            await note(connection, now, "deleted", "tariff", tariff, network=row.network, before={"name": row.name})

    async def add_version(
        self, tariff: str, content: Tariff, *, scope: Scope = EVERYWHERE, publish: Validity | None = None
    ) -> VersionRow:
        """The next version, a draft unless it is to be published. Raises NotFound, InvalidInput."""
        now = self._clock.now()
        async with self._database.write() as connection:
            row = await _get(connection, tariff, scope)
            made = _draft(row, content, 1 + max((each.number for each in row.versions), default=0), now)
            if publish is not None:
                made = _published(made, publish, now)
            await connection.execute(insert(tariff_versions), _version_values(made))
            await note(
                connection, now, "created", "tariff_version", made_id(made), network=row.network, after=_audited(made)
            )
        await self._feed.announce([Change(TARIFF, tariff)])
        return made

    async def version(self, tariff: str, number: int, *, scope: Scope = EVERYWHERE) -> VersionRow:
        """Raises NotFound."""
        async with self._database.read() as connection:
            return _numbered(await _get(connection, tariff, scope), number)

    async def change_draft(
        self, tariff: str, number: int, content: Tariff, *, scope: Scope = EVERYWHERE, version: int | None = None
    ) -> VersionRow:
        """Write a draft anew. Raises NotFound, Changed, Conflict for what is published or withdrawn."""

        def changed(row: TariffRow, before: VersionRow, now: int) -> VersionRow:
            _need_draft(before)
            drafted = _draft(row, content, number, before.created)
            return replace(drafted, version=before.version + 1, updated=now)

        return await self._changed(tariff, number, scope, version, "changed", changed)

    async def publish(
        self, tariff: str, number: int, validity: Validity, *, scope: Scope = EVERYWHERE, version: int | None = None
    ) -> VersionRow:
        """Have a draft hold from a time on, which is not past. Raises NotFound, Changed, Conflict, InvalidInput."""

        def published(_: TariffRow, before: VersionRow, now: int) -> VersionRow:
            _need_draft(before)
            return replace(_published(before, validity, now), version=before.version + 1)

        return await self._changed(tariff, number, scope, version, "published", published)

    async def withdraw(
        self, tariff: str, number: int, *, scope: Scope = EVERYWHERE, version: int | None = None
    ) -> VersionRow:
        """End a version now, or undo what does not hold yet. Raises NotFound, Changed, Conflict if it has ended."""

        def withdrawn(_: TariffRow, before: VersionRow, now: int) -> VersionRow:
            ended = before.valid_until is not None and before.valid_until <= now
            if before.state == WITHDRAWN or (before.begun(now) and ended):
                raise Conflict("This version has ended already.", remedy="Leave it: what has held is kept.")
            until = now if before.begun(now) else before.valid_from
            return replace(before, state=WITHDRAWN, valid_until=until, version=before.version + 1, updated=now)

        return await self._changed(tariff, number, scope, version, "withdrawn", withdrawn)

    async def _changed(
        self, tariff: str, number: int, scope: Scope, version: int | None, action: str, change: Any
    ) -> VersionRow:
        now = self._clock.now()
        async with self._database.write() as connection:
            row = await _get(connection, tariff, scope)
            before = _numbered(row, number)
            _check(before.version, version)
            after: VersionRow = change(row, before, now)
            table = tariff_versions.c
            mine = (table.tariff == tariff, table.number == number)
            await connection.execute(update(tariff_versions).where(*mine).values(_version_values(after)))
            await note(
                connection,
                now,
                action,
                "tariff_version",
                made_id(after),
                network=row.network,
                before=_audited(before),
                after=_audited(after),
            )
        await self._feed.announce([Change(TARIFF, tariff)])
        return after


def made_id(row: VersionRow) -> str:
    """How the audit log names a version."""
    return f"{row.tariff}:{row.number}"


def _draft(row: TariffRow, content: Tariff, number: int, now: int) -> VersionRow:
    """The tariff's id, number and currency are ours to say, its name unless it has one of its own."""
    if content.currency != row.currency:
        raise InvalidInput(
            f"This tariff is in {row.currency}.", field="currency", remedy="Make another tariff for another currency."
        )
    written = replace(content, id=row.id, version=number, name=content.name or row.name)
    return VersionRow(row.id, number, DRAFT, None, None, written, 1, None, now, now)


def _published(draft: VersionRow, validity: Validity, now: int) -> VersionRow:
    since = now if validity.since is None else validity.since
    if since < now - _BACKDATED:
        raise InvalidInput(
            "A version cannot hold from a time that is past: sessions have begun without it.",
            field="valid_from",
            remedy="Use a time from now on, or leave it out for now.",
        )
    since = max(since, now)
    if validity.until is not None and validity.until <= since:
        raise InvalidInput(
            "The version would end before it begins.", field="valid_until", remedy="Use a time after valid_from."
        )
    return replace(draft, state=PUBLISHED, valid_from=since, valid_until=validity.until, published=now, updated=now)


def _need_draft(row: VersionRow) -> None:
    if row.state != DRAFT:
        raise Conflict(f"This version is {row.state}.", remedy="Make a new version.")


def _numbered(row: TariffRow, number: int) -> VersionRow:
    for version in row.versions:
        if version.number == number:
            return version
    raise NotFound("This tariff has no version of this number.", field="number", remedy="See the tariff's versions.")


def _check(version: int, wanted: int | None) -> None:
    if wanted is not None and wanted != version:
        raise Changed


async def _get(connection: AsyncConnection, tariff: str, scope: Scope) -> TariffRow:
    query = select(*_COLUMNS).where(tariffs.c.id == tariff, scope.where(tariffs.c.network_id))
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise NotFound("There is no such tariff.", field="id", remedy="List what there is for you.")
    return replace(TariffRow(*row), versions=tuple((await _versions(connection, [tariff])).get(tariff, ())))


async def _versions(connection: AsyncConnection, names: Sequence[str]) -> dict[str, list[VersionRow]]:
    found: dict[str, list[VersionRow]] = {}
    query = select(*VERSION_COLUMNS).where(tariff_versions.c.tariff.in_(names))
    for row in await connection.execute(query.order_by(tariff_versions.c.number.desc())):
        found.setdefault(row.tariff, []).append(version_of(row))
    return found


def _values(row: TariffRow) -> dict[str, Any]:
    values = {name: value for name, value in asdict(row).items() if name not in ("versions", "network")}
    return values | {"network_id": row.network}


def _version_values(row: VersionRow) -> dict[str, Any]:
    names = [column.name for column in VERSION_COLUMNS]
    return {name: getattr(row, name) for name in names} | {"content": stored_tariff(row.content)}


def _audited(row: VersionRow) -> dict[str, Any]:
    shown = {name: getattr(row, name) for name in ("number", "state", "valid_from", "valid_until")}
    return shown | {"content": stored_tariff(row.content)}
