"""Telling the hosts that something in the registry has changed, so that their caches follow within a second.

A change names what changed, never how: whoever cares reads it again. A message that gets lost (pub/sub keeps none) is
made up for by the age limit of the caches.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import orjson
import structlog

from engine.errors import StoreUnavailable
from engine.stores.pubsub import PubSub

CHANNEL = "rc:changes"
LIVE_CHANNEL = "rc:live-told"
"""What the live feed is told by others than the journal; it passes it on with a number of its own."""

CHARGE_POINT = "charge_point"
CREDENTIAL = "credential"
TOKEN = "token"
TOKEN_GROUP = "token_group"
TARIFF = "tariff"
ACCOUNT = "account"
ROLE = "role"
CERTIFICATE = "certificate"
NETWORK = "network"
STATION = "station"
ALL = "*"
"""As `key`: many changed at once, read all of this kind again."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Change:
    """`kind` is one of the above or a book's own, `key` the id of what has changed (tokens': network/id), or `ALL`."""

    kind: str
    key: str


@dataclass(frozen=True, slots=True)
class LiveChange(Change):
    """A change that is told whole, and to whoever follows the live feed instead of to the books.

    In the feed's form (engine/projections/live_feed.py): `kind` is its type, `at` in microseconds.
    """

    charge_point: str
    at: int
    data: Mapping[str, Any]

    @property
    def message(self) -> bytes:
        """As the live feed has it."""
        told = {"type": self.kind, "charge_point": self.charge_point, "at": self.at, "data": self.data}
        return orjson.dumps(told)


class ChangeFeed(Protocol):
    """How the registry announces and how hosts listen."""

    async def announce(self, changes: Sequence[Change]) -> None:
        """Tell the listeners. Never raises: the change itself is in SQL already."""
        ...

    def listen(self) -> AbstractAsyncContextManager[AsyncIterator[Change]]:
        """`async with feed.listen() as changes: async for change in changes`; read what you cache after entering."""
        ...


class PubSubChangeFeed:
    """The change feed over `pubsub.py`: with RedisPubSub between processes, with MemoryPubSub within one."""

    def __init__(self, bus: PubSub) -> None:
        self._bus = bus

    async def announce(self, changes: Sequence[Change]) -> None:
        live = [change for change in changes if isinstance(change, LiveChange)]
        told = [change for change in changes if not isinstance(change, LiveChange)]
        try:
            await self._bus.publish(LIVE_CHANNEL, [change.message for change in live])
            await self._bus.publish(CHANNEL, [orjson.dumps(asdict(change)) for change in told])
        except StoreUnavailable as error:
            log.warning("changes.unannounced", count=len(changes), error=str(error))

    @asynccontextmanager
    async def listen(self) -> AsyncIterator[AsyncIterator[Change]]:
        async with self._bus.listen(CHANNEL) as messages:
            yield _read(messages)


async def _read(messages: AsyncIterator[bytes]) -> AsyncIterator[Change]:
    async for message in messages:
        said = orjson.loads(message)
        yield Change(said["kind"], said["key"])
