"""Talks to Redis or Valkey for the journal: pipelines, scripts, and one kind of error for all that can pass.

redis-py's connections are used without its client: nothing here repeats a command by itself, because a command whose
answer got lost may have been performed. Connections are made on demand and kept; one whose answer is awaited when
something goes wrong is closed, never reused.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import Any, NamedTuple

import hiredis
from redis.asyncio.connection import AbstractConnection, ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError, ResponseError

from engine.errors import ConfigurationError, JournalUnavailable

Argument = str | bytes | int | float
Command = Sequence[Argument] | bytes
"""A command's arguments, or all of it as it is sent."""

_PASSING = frozenset(
    {"OOM", "MISCONF", "READONLY", "LOADING", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "NOREPLICAS", "BUSY"}
    | {"MOVED", "ASK", "UNBLOCKED", "EXECABORT", "NOAUTH", "NOPERM", "WRONGPASS"}
)
"""Error codes that say: not now. (The last three are the operator's, who may mend them while we wait.)"""


class Script(NamedTuple):
    """A Lua script of this package with the name under which the server keeps it."""

    text: str
    sha: str


def load_script(name: str) -> Script:
    """Read `lua/<name>.lua`."""
    text = (files("engine.journal") / "lua" / f"{name}.lua").read_text()
    return Script(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


class RedisLink:
    """Pipelines over connections to one server. `timeout_s` bounds each round trip, connecting included."""

    def __init__(self, url: str, *, timeout_s: float = 10.0, scripts: Sequence[Script] = ()) -> None:
        self._timeout_s = timeout_s
        self._scripts = scripts
        self._pool = ConnectionPool.from_url(
            url,
            retry=Retry(NoBackoff(), 0),
            retry_on_error=[],
            socket_timeout=None,
            socket_connect_timeout=timeout_s,
            protocol=2,
        )
        self._idle: list[AbstractConnection] = []
        self._busy: set[AbstractConnection] = set()

    async def call(self, *commands: Command, patience_s: float = 0.0) -> list[Any]:
        """Send all commands in one write and return their answers; `patience_s` is added for commands that block.

        Raises JournalUnavailable when the server is away or declines for the time being: whether the commands were
        performed is then unknown. Raises ConfigurationError for any other refusal.
        """
        replies = await self._exchange(commands, patience_s)
        if any(isinstance(error, NoScriptError) for error in _errors(commands, replies)):
            # The server forgot its scripts (a restart). What was performed is known by its number: say all of it again.
            await self._exchange([("SCRIPT", "LOAD", script.text) for script in self._scripts], 0.0)
            replies = await self._exchange(commands, patience_s)
        for error in _errors(commands, replies):
            raise _refusal(error) from error
        return replies

    async def _exchange(self, commands: Sequence[Command], patience_s: float) -> list[Any]:
        packed = [_packed(command) for command in commands]
        connection = await self._connection()
        self._busy.add(connection)
        try:
            async with asyncio.timeout(self._timeout_s + patience_s):
                await connection.send_packed_command(packed, check_health=False)
                replies = [await _reply(connection) for _ in packed]
        except BaseException as error:
            await connection.disconnect(nowait=True)
            if isinstance(error, TimeoutError):
                raise JournalUnavailable(
                    f"The journal did not answer within {self._timeout_s + patience_s} s."
                ) from error
            if isinstance(error, RedisError | OSError):
                await self._forget_idle()
                raise JournalUnavailable(f"The journal cannot be reached: {error}") from error
            raise
        finally:
            self._busy.discard(connection)
        self._idle.append(connection)
        return replies

    async def _connection(self) -> AbstractConnection:
        """One that waits for work, if the server has not closed it meanwhile, or a new one (connected on sending)."""
        while self._idle:
            connection = self._idle.pop()
            if not await connection.can_read():
                return connection
            await connection.disconnect(nowait=True)
        return self._pool.make_connection()  # type: ignore[no-untyped-call,no-any-return]

    async def _forget_idle(self) -> None:
        """After one connection broke the others most likely have too: make new ones, do not fail once with each."""
        idle, self._idle = self._idle, []
        for connection in idle:
            await connection.disconnect(nowait=True)

    async def aclose(self) -> None:
        """Close all connections, also those on which somebody waits."""
        for connection in [*self._idle, *self._busy]:
            await connection.disconnect(nowait=True)
        self._idle.clear()


def _packed(command: Command) -> bytes:
    # hiredis' own annotation says a tuple of one, it takes any.
    return command if isinstance(command, bytes) else hiredis.pack_command(tuple(command))  # type: ignore[arg-type]


async def _reply(connection: AbstractConnection) -> Any:
    try:
        return await connection.read_response()
    except ResponseError as error:
        return error


def _errors(commands: Sequence[Command], replies: list[Any]) -> Iterator[ResponseError]:
    """The refusals among the answers, also those inside an EXEC's answer."""
    for command, reply in zip(commands, replies, strict=True):
        if isinstance(reply, ResponseError):
            yield reply
        elif command[0] == "EXEC" and isinstance(reply, list):
            yield from (one for one in reply if isinstance(one, ResponseError))


def _refusal(error: ResponseError) -> Exception:
    code = getattr(error, "status_code", None) or str(error).partition(" ")[0]
    if code in _PASSING:
        return JournalUnavailable(f"The journal declines for now: {code} {str(error).removeprefix(code).strip()}")
    return ConfigurationError(
        f"The journal's store refused a command: {error}. Use Redis 7 or Valkey 7.2 or newer, for Raycharge alone."
    )
