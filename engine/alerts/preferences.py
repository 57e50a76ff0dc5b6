"""What each person wants to be told, and when, in SQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.access.scope import Scope
from engine.alerts.quiet_hours import Preference, checked
from engine.alerts.recipients import PREFERENCE_COLUMNS, preference_of
from engine.clock import Clock
from engine.errors import Changed, NotFound
from engine.stores.audit import note
from engine.stores.sql.dialect import upsert
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.alerts import alert_preferences
from engine.stores.sql.tables.deliveries import channels


class Preferences:
    """The repository. All methods raise StoreUnavailable while SQL does not answer."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def of(self, account: str) -> Preference:
        """Somebody's; what holds for everybody where they have said nothing."""
        async with self._database.read() as connection:
            return await _of(connection, account)

    async def change(
        self, account: str, changes: Mapping[str, Any], scope: Scope, *, version: int | None = None
    ) -> Preference:
        """Change some of it. Raises Changed, InvalidInput, NotFound for a channel that is not theirs to use."""
        now = self._clock.now()
        async with self._database.write() as connection:
            before = await _of(connection, account)
            if version is not None and version != before.version:
                raise Changed
            after = checked(replace(before, **changes, version=before.version + 1))
            await _need_channels(connection, after.channels, scope)
            values = asdict(after) | {"channels": list(after.channels), "updated": now}
            statement = upsert(connection.dialect.name, alert_preferences).values(values | {"account": account})
            await connection.execute(statement.on_conflict_do_update(index_elements=["account"], set_=values))
            states = [{k: v for k, v in asdict(each).items() if k != "version"} for each in (before, after)]
            await note(connection, now, "changed", "alert_preference", account, before=states[0], after=states[1])
        return after


async def _of(connection: AsyncConnection, account: str) -> Preference:
    query = select(*PREFERENCE_COLUMNS).where(alert_preferences.c.account == account)
    row = (await connection.execute(query)).one_or_none()
    return Preference() if row is None else preference_of(row)


async def _need_channels(connection: AsyncConnection, wanted: tuple[str, ...], scope: Scope) -> None:
    query = select(channels.c.id).where(channels.c.id.in_(wanted), scope.where(channels.c.network))
    missing = set(wanted) - set((await connection.execute(query)).scalars())
    if missing:
        raise NotFound(f"There is no channel {min(missing)!r}.", field="channels", remedy="List what there is for you.")
