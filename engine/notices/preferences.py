"""What each driver wants to be told of, and how: the defaults, and what they have chosen otherwise."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.clock import Clock, SystemClock
from engine.errors import InvalidInput
from engine.notices.kinds import CHANNELS, DEFAULTS, EMAIL, FIXED, KINDS, OF_PROFILE
from engine.stores.audit import note
from engine.stores.sql.dialect import upsert
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.notices import notice_preferences
from engine.stores.sql.tables.tokens import drivers

_P = notice_preferences.c
Choice = dict[tuple[str, str], bool]
"""(kind, channel) → whether it is wanted."""


class Preferences:
    """All methods raise StoreUnavailable while SQL does not answer."""

    def __init__(self, database: Database, clock: Clock | None = None) -> None:
        self._database, self._clock = database, clock or SystemClock()

    async def of(self, driver: str) -> Choice:
        """What the driver wants, every kind and channel."""
        async with self._database.read() as connection:
            return await choice_of(connection, driver)

    async def choose(self, driver: str, network: str, changes: Mapping[tuple[str, str], bool]) -> Choice:
        """Change some of them. Raises InvalidInput for what there is not or cannot be chosen."""
        for kind, channel in changes:
            if kind not in KINDS or channel not in CHANNELS:
                raise InvalidInput(f"Nobody is told of {kind} by {channel}.", field="kind", remedy="See the list.")
            if (kind, channel) in FIXED:
                raise InvalidInput(
                    "The receipt's letter is not chosen here.",
                    field="channel",
                    remedy="Say in your profile whether receipts are sent by e-mail.",
                )
        async with self._database.write() as connection:
            for (kind, channel), wanted in changes.items():
                row = {"driver": driver, "kind": kind, "channel": channel, "wanted": wanted}
                statement = upsert(connection.dialect.name, notice_preferences).values(row)
                keys = ["driver", "kind", "channel"]
                statement = statement.on_conflict_do_update(index_elements=keys, set_={"wanted": wanted})
                await connection.execute(statement)
            told = {"fields": sorted(f"{kind}.{channel}" for kind, channel in changes)}
            now = self._clock.now()
            await note(connection, now, "changed", "notice_preferences", driver, network=network, after=told)
            return await choice_of(connection, driver)


async def choice_of(connection: AsyncConnection, driver: str) -> Choice:
    """As `Preferences.of`, in the caller's transaction."""
    profile = (await connection.execute(select(drivers.c.notify).where(drivers.c.id == driver))).scalar_one_or_none()
    found: Choice = dict(DEFAULTS)
    if (profile or {}).get("charging", False):
        found |= {(kind, EMAIL): True for kind in OF_PROFILE}
    rows = await connection.execute(select(_P.kind, _P.channel, _P.wanted).where(_P.driver == driver))
    for kind, channel, wanted in rows:
        if (kind, channel) in found:
            found[kind, channel] = bool(wanted)
    return found


async def forget_choice(connection: AsyncConnection, driver: str) -> None:
    """Delete all that the driver has chosen."""
    await connection.execute(delete(notice_preferences).where(_P.driver == driver))
