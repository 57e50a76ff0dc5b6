"""Channels: where messages can go, whose they are, and how they have been doing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.access.scope import Scope
from engine.clock import SECOND, Clock
from engine.deliveries.sealing import ADDRESS, SECRET, Sealing, shown_address
from engine.deliveries.senders.chat import service_of
from engine.deliveries.senders.port import APPRISE, CHANNEL_KINDS, EMAIL, WEBHOOK, Target
from engine.deliveries.senders.receivers import Receivers
from engine.deliveries.senders.signing import fresh_secret, shown_secret
from engine.errors import Changed, Conflict, InvalidInput, NotFound
from engine.ids import new_id
from engine.outbox.letter import checked_address
from engine.stores.audit import note
from engine.stores.changes import Change
from engine.stores.installation_key import InstallationKey
from engine.stores.listing import Listing, Wanted
from engine.stores.paging import Page
from engine.stores.sql.engine import Database, announce_after
from engine.stores.sql.models import networks
from engine.stores.sql.tables.deliveries import channels

CHANNEL = "delivery_channel"
"""The kind of change that is announced of channels and subscriptions."""
BY_HAND = "by hand"
"""Why a channel is disabled that somebody has disabled."""
BOTH_VALID_S = 24 * 3600
"""How long the former secret signs beside a new one."""
MOST = 200
"""Channels of one network, and of the whole installation."""


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel as it may be shown. Times in microseconds; `failing_since` is when it last began to fail."""

    id: str
    network: str | None
    kind: str
    name: str
    shown: str
    enabled: bool
    disabled_because: str
    failures: int
    failing_since: int | None
    error: str
    paused_until: int | None
    last_success: int | None
    former_until: int | None
    created: int
    updated: int
    version: int


_COLUMNS = [channels.c[field.name] for field in fields(Channel)]
_LISTING = Listing({"name": (channels.c.name, str), "created": (channels.c.created, int)}, channels.c.id, "name")


class Channels:
    """The repository. All methods raise StoreUnavailable while SQL does not answer."""

    def __init__(self, database: Database, key: InstallationKey, clock: Clock) -> None:
        self._database, self._clock, self._sealing = database, clock, Sealing(key)

    async def page(self, scope: Scope, wanted: Wanted, *, network: str = "", kind: str = "") -> Page[Channel]:
        """Those in the scope; those of the whole installation only with all of it."""
        query = select(*_COLUMNS).where(scope.where(channels.c.network))
        for column, value in ((channels.c.network, network), (channels.c.kind, kind)):
            if value:
                query = query.where(column == value)
        async with self._database.read() as connection:
            return await _LISTING.page(connection, query, wanted, _channel)

    async def get(self, scope: Scope, id: str) -> Channel:
        """Raises NotFound."""
        async with self._database.read() as connection:
            return await known_channel(connection, scope, id)

    async def create(
        self, scope: Scope, receivers: Receivers, *, network: str | None, kind: str, name: str, address: str
    ) -> tuple[Channel, str]:
        """The channel, and a webhook's secret, which is told this once. Raises InvalidInput, NotFound, Conflict."""
        home, now, id = scope.home(network), self._clock.now(), new_id()
        checked = await _checked(receivers, kind, address)
        secret = fresh_secret() if kind == WEBHOOK else None
        row = {
            "id": id,
            "network": home,
            "kind": kind,
            "name": _named(name),
            **self._sealed(id, kind, checked),
            "secret": None if secret is None else self._sealing.seal(id, SECRET, secret),
            "created": now,
            "updated": now,
        }
        async with self._database.write() as connection:
            await _need_room(connection, home)
            await connection.execute(insert(channels), row)
            made = await known_channel(connection, scope, id)
            await note(connection, now, "created", "channel", id, network=home, after=_audited(made))
            announce_after(connection, [Change(CHANNEL, id)])
        return made, "" if secret is None else shown_secret(secret)

    async def change(
        self, scope: Scope, receivers: Receivers, id: str, changes: Mapping[str, Any], version: int | None = None
    ) -> Channel:
        """Change name, address or enabled; enabling starts it afresh. Raises NotFound, Changed, InvalidInput."""
        now = self._clock.now()
        known = await self.get(scope, id)
        address = await _checked(receivers, known.kind, changes["address"]) if "address" in changes else ""
        async with self._database.write() as connection:
            before = await known_channel(connection, scope, id, version=version, held=True)
            values: dict[str, Any] = {"updated": now, "version": before.version + 1}
            if "name" in changes:
                values["name"] = _named(changes["name"])
            if "address" in changes:
                values |= self._sealed(id, before.kind, address)
            if "enabled" in changes:
                values |= {"enabled": changes["enabled"], "disabled_because": "" if changes["enabled"] else BY_HAND}
            if changes.get("enabled") or "address" in changes:
                values |= {"failures": 0, "failing_since": None, "paused_until": None, "error": ""}
            await connection.execute(update(channels).where(channels.c.id == id).values(values))
            after = await known_channel(connection, scope, id)
            told = {"before": _audited(before), "after": _audited(after)}
            await note(connection, now, "changed", "channel", id, network=before.network, **told)
            announce_after(connection, [Change(CHANNEL, id)])
        return after

    async def remove(self, scope: Scope, id: str, version: int | None = None) -> None:
        """With its subscriptions and all that waits for it. Raises NotFound, Changed."""
        now = self._clock.now()
        async with self._database.write() as connection:
            before = await known_channel(connection, scope, id, version=version, held=True)
            await connection.execute(delete(channels).where(channels.c.id == id))
            await note(connection, now, "deleted", "channel", id, network=before.network, before=_audited(before))
            announce_after(connection, [Change(CHANNEL, id)])

    async def rotate(self, scope: Scope, id: str, version: int | None = None) -> tuple[Channel, str]:
        """A new secret, told this once; the former signs beside it for a day. Raises NotFound, Changed, Conflict."""
        now, secret = self._clock.now(), fresh_secret()
        async with self._database.write() as connection:
            before = await known_channel(connection, scope, id, version=version, held=True)
            if before.kind != WEBHOOK:
                raise Conflict("Only webhooks have a secret.", field="kind", remedy="Change the address instead.")
            await connection.execute(
                update(channels)
                .where(channels.c.id == id)
                .values(
                    former_secret=channels.c.secret,
                    former_until=now + BOTH_VALID_S * SECOND,
                    secret=self._sealing.seal(id, SECRET, secret),
                    updated=now,
                    version=before.version + 1,
                )
            )
            await note(connection, now, "rotated_secret", "channel", id, network=before.network)
            return await known_channel(connection, scope, id), shown_secret(secret)

    async def target(self, scope: Scope, id: str) -> Target:
        """Where it goes, in the clear, to send there. Raises NotFound, ConfigurationError."""
        async with self._database.read() as connection:
            await known_channel(connection, scope, id)
            row = (await connection.execute(select(*TARGET_COLUMNS).where(channels.c.id == id))).one()
        return opened_target(self._sealing, row, self._clock.now())

    async def note_test(self, scope: Scope, id: str, delivered: bool, error: str) -> None:
        """Write down that somebody has tried it."""
        async with self._database.write() as connection:
            known = await known_channel(connection, scope, id)
            after = {"delivered": delivered, "error": error}
            await note(connection, self._clock.now(), "tested", "channel", id, network=known.network, after=after)

    def _sealed(self, id: str, kind: str, address: str) -> dict[str, Any]:
        return {
            "address": self._sealing.seal(id, ADDRESS, address.encode()),
            "shown": shown_address(kind, address),
        }


TARGET_COLUMNS = [channels.c[name] for name in ("id", "kind", "address", "secret", "former_secret", "former_until")]


def opened_target(sealing: Sealing, row: Any, now: int) -> Target:
    """The target of a row of `TARGET_COLUMNS`. Raises ConfigurationError."""
    former = row.former_secret if row.former_until is not None and row.former_until > now else None
    address = sealing.opened(row.id, ADDRESS, row.address).decode()
    return Target(row.kind, address, sealing.secrets(row.id, (row.secret, former)))


async def known_channel(
    connection: AsyncConnection, scope: Scope, id: str, *, version: int | None = None, held: bool = False
) -> Channel:
    """One in the scope. Raises NotFound, Changed."""
    query = select(*_COLUMNS).where(channels.c.id == id, scope.where(channels.c.network))
    row = (await connection.execute(query.with_for_update() if held else query)).one_or_none()
    if row is None:
        raise NotFound("There is no such channel.", field="channel", remedy="List what there is for you.")
    if version is not None and version != row.version:
        raise Changed
    return _channel(row)


async def _checked(receivers: Receivers, kind: str, address: str) -> str:
    """The address, if a channel of this kind can have it. Raises InvalidInput."""
    if kind not in CHANNEL_KINDS:
        raise InvalidInput(
            f"There is no kind of channel {kind!r}.", field="kind", remedy=f"Use one of {', '.join(CHANNEL_KINDS)}."
        )
    if kind == EMAIL:
        return checked_address(address)
    address = address.strip()
    if kind == APPRISE:
        await asyncio.to_thread(service_of, address)
    else:
        receivers.check_url(address)
    return address


def _named(name: str) -> str:
    if not (named := " ".join(name.split())):
        raise InvalidInput("A channel needs a name.", field="name", remedy="Say what it is for.")
    return named


async def _need_room(connection: AsyncConnection, network: str | None) -> None:
    if network is not None:
        if (await connection.execute(select(networks.c.id).where(networks.c.id == network))).one_or_none() is None:
            raise NotFound("There is no such network.", field="network", remedy="List what there is for you.")
        mine = channels.c.network == network
    else:
        mine = channels.c.network.is_(None)
    if (await connection.execute(select(func.count()).where(mine))).scalar_one() >= MOST:
        raise Conflict(f"There are {MOST} channels already.", field="network", remedy="Delete one that is of no use.")


def _audited(channel: Channel) -> dict[str, Any]:
    return {name: getattr(channel, name) for name in ("kind", "name", "shown", "enabled")}


def _channel(row: Any) -> Channel:
    return Channel(*(row._mapping[column] for column in _COLUMNS))
