"""Telling other processes something at once, for those who listen just now: Redis pub/sub and its in-memory twin.

Nothing is kept: who was away has missed it, and reads the state instead. Nothing that must not be lost goes this way.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol

from redis.asyncio import Redis
from redis.exceptions import RedisError

from engine.errors import StoreUnavailable

QUEUE = 10_000
"""Messages that a slow listener of the in-memory twin may be behind before it loses the oldest."""


class PubSub(Protocol):
    """All methods raise StoreUnavailable when the server does not answer."""

    async def publish(self, channel: str, messages: Sequence[bytes]) -> None:
        """Send the messages, in order, in one round trip."""
        ...

    async def listeners(self, channel: str) -> int:
        """How many listen to the channel at the moment."""
        ...

    async def listened(self, prefix: str) -> set[str]:
        """The channels with this beginning that somebody listens to at the moment."""
        ...

    def listen(self, channel: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """`async with bus.listen(channel) as messages: async for message in messages`; subscribed once entered."""
        ...

    async def aclose(self) -> None: ...


class RedisPubSub:
    """The real one. `client` must be made with `decode_responses=False`; `from_url` does so."""

    def __init__(self, client: Redis) -> None:
        self._client = client

    @classmethod
    def from_url(cls, url: str) -> RedisPubSub:
        # A Unix socket has no keep-alive, and redis-py refuses the option there.
        options = {} if url.startswith("unix:") else {"socket_keepalive": True}
        return cls(Redis.from_url(url, socket_connect_timeout=5, **options))

    async def publish(self, channel: str, messages: Sequence[bytes]) -> None:
        if not messages:
            return
        try:
            async with self._client.pipeline(transaction=False) as pipeline:
                for message in messages:
                    pipeline.publish(channel, message)
                await pipeline.execute()
        except (RedisError, OSError) as error:
            raise StoreUnavailable(f"Redis does not take messages: {error}") from error

    async def listeners(self, channel: str) -> int:
        try:
            replies = await self._client.pubsub_numsub(channel)
        except (RedisError, OSError) as error:
            raise StoreUnavailable(f"Redis does not answer: {error}") from error
        return sum(int(count) for _, count in replies)

    async def listened(self, prefix: str) -> set[str]:
        try:
            found = await self._client.pubsub_channels(re.sub(r"([*?\[\]\\])", r"\\\1", prefix) + "*")
        except (RedisError, OSError) as error:
            raise StoreUnavailable(f"Redis does not answer: {error}") from error
        return {name if isinstance(name, str) else name.decode("utf-8", "replace") for name in found}

    @asynccontextmanager
    async def listen(self, channel: str) -> AsyncIterator[AsyncIterator[bytes]]:
        pubsub: Any = self._client.pubsub(ignore_subscribe_messages=False)
        try:
            await pubsub.subscribe(channel)
            confirmed = None
            while confirmed is None:
                confirmed = await pubsub.get_message(timeout=5)
            yield _messages(pubsub)
        except (RedisError, OSError) as error:
            raise StoreUnavailable(f"Redis does not answer: {error}") from error
        finally:
            await pubsub.aclose()

    async def aclose(self) -> None:
        await self._client.aclose()


async def _messages(pubsub: Any) -> AsyncIterator[bytes]:
    try:
        async for message in pubsub.listen():
            if message["type"] == "message":
                yield message["data"]
    except (RedisError, OSError) as error:
        raise StoreUnavailable(f"Redis does not answer: {error}") from error


class MemoryPubSub:
    """The twin within one event loop."""

    def __init__(self) -> None:
        self._queues: dict[str, list[asyncio.Queue[bytes]]] = {}

    async def publish(self, channel: str, messages: Sequence[bytes]) -> None:
        for queue in self._queues.get(channel, ()):
            for message in messages:
                if queue.full():
                    queue.get_nowait()
                queue.put_nowait(message)

    async def listeners(self, channel: str) -> int:
        return len(self._queues.get(channel, ()))

    async def listened(self, prefix: str) -> set[str]:
        return {channel for channel, queues in self._queues.items() if queues and channel.startswith(prefix)}

    @asynccontextmanager
    async def listen(self, channel: str) -> AsyncIterator[AsyncIterator[bytes]]:
        queue: asyncio.Queue[bytes] = asyncio.Queue(QUEUE)
        self._queues.setdefault(channel, []).append(queue)
        try:
            yield _taken(queue)
        finally:
            self._queues[channel].remove(queue)

    async def aclose(self) -> None:
        self._queues.clear()


async def _taken(queue: asyncio.Queue[bytes]) -> AsyncIterator[bytes]:
    while True:
        yield await queue.get()
