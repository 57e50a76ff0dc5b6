"""Subscriptions: which messages a channel gets, and what is kept in memory of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.access.scope import Scope
from engine.clock import Clock
from engine.deliveries.channels import CHANNEL, Channel, known_channel
from engine.deliveries.kinds import checked_kinds, checked_severity, wants
from engine.errors import Changed, Conflict, InvalidInput, NotFound
from engine.ids import new_id
from engine.stores.audit import note
from engine.stores.changes import Change
from engine.stores.kept_book import KeptBook
from engine.stores.listing import Listing, Wanted
from engine.stores.paging import Page
from engine.stores.sql.engine import Database, announce_after
from engine.stores.sql.models import networks
from engine.stores.sql.tables.deliveries import channels, subscriptions

MOST = 50
"""Subscriptions of one channel."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """`network` narrows an installation's channel to one network. `severity` is the least, "" any."""

    id: str
    channel: str
    network: str | None
    kinds: Sequence[str]
    severity: str
    created: int
    updated: int
    version: int


_COLUMNS = [subscriptions.c[field.name] for field in fields(Subscription)]
_LISTING = Listing({"created": (subscriptions.c.created, int)}, subscriptions.c.id, "created")


class Subscriptions:
    """The repository. All methods raise StoreUnavailable while SQL does not answer."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def page(self, scope: Scope, wanted: Wanted, *, channel: str = "") -> Page[Subscription]:
        """Those of channels in the scope."""
        query = select(*_COLUMNS).join(channels, channels.c.id == subscriptions.c.channel)
        query = query.where(scope.where(channels.c.network))
        if channel:
            query = query.where(subscriptions.c.channel == channel)
        async with self._database.read() as connection:
            return await _LISTING.page(connection, query, wanted, _subscription)

    async def get(self, scope: Scope, id: str) -> Subscription:
        """Raises NotFound."""
        async with self._database.read() as connection:
            return await _known(connection, scope, id)

    async def create(
        self, scope: Scope, channel: str, kinds: Sequence[str], severity: str = "", network: str | None = None
    ) -> Subscription:
        """Raises NotFound (channel or network), InvalidInput, Conflict."""
        now, id = self._clock.now(), new_id()
        said = {"kinds": checked_kinds(kinds), "severity": checked_severity(severity)}
        async with self._database.write() as connection:
            home = await known_channel(connection, scope, channel)
            where = await _narrowed(connection, home, network)
            count = select(func.count()).where(subscriptions.c.channel == channel)
            if (await connection.execute(count)).scalar_one() >= MOST:
                raise Conflict(f"The channel has {MOST} subscriptions.", field="channel", remedy="Delete one of them.")
            row = {"id": id, "channel": channel, "network": where, **said, "created": now, "updated": now}
            await connection.execute(insert(subscriptions), row)
            made = await _known(connection, scope, id)
            await note(connection, now, "created", "subscription", id, network=home.network, after=_audited(made))
            announce_after(connection, [Change(CHANNEL, channel)])
        return made

    async def change(
        self, scope: Scope, id: str, changes: Mapping[str, Any], version: int | None = None
    ) -> Subscription:
        """Change kinds, severity or network. Raises NotFound, Changed, InvalidInput."""
        now = self._clock.now()
        async with self._database.write() as connection:
            before = await _known(connection, scope, id, version)
            home = await known_channel(connection, scope, before.channel)
            values: dict[str, Any] = {"updated": now, "version": before.version + 1}
            if "kinds" in changes:
                values["kinds"] = checked_kinds(changes["kinds"])
            if "severity" in changes:
                values["severity"] = checked_severity(changes["severity"])
            if "network" in changes:
                values["network"] = await _narrowed(connection, home, changes["network"])
            await connection.execute(update(subscriptions).where(subscriptions.c.id == id).values(values))
            after = await _known(connection, scope, id)
            told = {"before": _audited(before), "after": _audited(after)}
            await note(connection, now, "changed", "subscription", id, network=home.network, **told)
            announce_after(connection, [Change(CHANNEL, before.channel)])
        return after

    async def remove(self, scope: Scope, id: str, version: int | None = None) -> None:
        """What is in the queue already still goes out. Raises NotFound, Changed."""
        now = self._clock.now()
        async with self._database.write() as connection:
            before = await _known(connection, scope, id, version)
            home = await known_channel(connection, scope, before.channel)
            await connection.execute(delete(subscriptions).where(subscriptions.c.id == id))
            await note(connection, now, "deleted", "subscription", id, network=home.network, before=_audited(before))
            announce_after(connection, [Change(CHANNEL, before.channel)])


class SubscriptionBook(KeptBook):
    """What anybody wants at all, in memory: whoever would have to work for a message looks here first.

    It may be a second behind; the rows that `enqueue` reads decide. Until it is read, everything is taken to be wanted.
    """

    kind = CHANNEL

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database
        self._wanted: frozenset[str] | None = None

    async def read(self) -> None:
        """Read all subscriptions of channels that are enabled."""
        query = select(subscriptions.c.kinds).join(channels, channels.c.id == subscriptions.c.channel)
        async with self._database.read() as connection:
            rows = await connection.execute(query.where(channels.c.enabled))
            self._wanted = frozenset(kind for row in rows for kind in row.kinds)

    def wanted(self, kind: str) -> bool:
        """Whether anybody, in whatever network, wants messages of this kind."""
        return self._wanted is None or wants(tuple(self._wanted), "", kind, "")


async def _narrowed(connection: AsyncConnection, channel: Channel, network: str | None) -> str | None:
    """Which network a subscription is about. Raises InvalidInput for another than its channel's, NotFound."""
    if channel.network is not None:
        if network not in (None, channel.network):
            raise InvalidInput(
                "The channel is another network's.", field="network", remedy=f"Leave it out or say {channel.network}."
            )
        return channel.network
    if network is not None:
        found = await connection.execute(select(networks.c.id).where(networks.c.id == network))
        if found.one_or_none() is None:
            raise NotFound("There is no such network.", field="network", remedy="List what there is for you.")
    return network


async def _known(connection: AsyncConnection, scope: Scope, id: str, version: int | None = None) -> Subscription:
    query = select(*_COLUMNS).join(channels, channels.c.id == subscriptions.c.channel)
    query = query.where(subscriptions.c.id == id, scope.where(channels.c.network))
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise NotFound("There is no such subscription.", field="id", remedy="List what there is for you.")
    if version is not None and version != row.version:
        raise Changed
    return _subscription(row)


def _audited(subscription: Subscription) -> dict[str, Any]:
    told = {name: getattr(subscription, name) for name in ("channel", "network", "severity")}
    return told | {"kinds": list(subscription.kinds)}


def _subscription(row: Any) -> Subscription:
    return Subscription(*(row._mapping[column] for column in _COLUMNS))
