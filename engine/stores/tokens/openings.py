"""Keeps a host's `OpenSessions` true of the other hosts: the live feed's channel, and the ledger for what it missed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import orjson
import structlog
from sqlalchemy import select

from engine.clock import Clock, SystemClock
from engine.errors import StoreUnavailable
from engine.projections import openings
from engine.stores.pubsub import PubSub
from engine.stores.sql.engine import Database
from engine.stores.sql.models import sessions
from engine.stores.tokens.open_sessions import SILENT, Open, OpenSessions

log = structlog.get_logger("openings")
REFRESH_S = 60.0
PAUSE_S = 1.0


class Openings:
    """Reads into `open_sessions`."""

    def __init__(
        self, open_sessions: OpenSessions, database: Database, bus: PubSub, clock: Clock | None = None
    ) -> None:
        self._open, self._database, self._bus = open_sessions, database, bus
        self._clock = clock or SystemClock()

    async def read(self) -> None:
        """Read all open sessions from the ledger. Raises StoreUnavailable."""
        now, s = self._clock.now(), sessions.c
        query = select(s.id, s.charge_point, s.id_token, s.authorisation, s.updated)
        query = query.where(s.stopped.is_(None), s.updated > now - SILENT, s.id_token != "")
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        found = (Open(r.id, r.charge_point, r.id_token.lower(), r.updated) for r in rows if openings.counts(r[3]))
        self._open.read(found, now)

    async def keep_current(self) -> None:
        """Follow the feed, and read the ledger at each beginning, after each gap and every minute; for ever."""
        while True:
            try:
                async with self._bus.listen(openings.CHANNEL) as messages:
                    await self.read()
                    await self._follow(messages)
            except StoreUnavailable as error:
                log.warning("openings_away", error=str(error))
            await asyncio.sleep(PAUSE_S)

    async def _follow(self, messages: AsyncIterator[bytes]) -> None:
        refreshing = asyncio.create_task(self._refresh())
        try:
            async for message in messages:
                if message == openings.GAP:
                    await self.read()
                else:
                    self._hear(message)
        finally:
            refreshing.cancel()
            await asyncio.gather(refreshing, return_exceptions=True)

    def _hear(self, message: bytes) -> None:
        session, charge_point, id_token, opens, received = orjson.loads(message)
        if opens:
            self._open.heard(Open(session, charge_point, id_token.lower(), received))
        else:
            self._open.ended(session, self._clock.now())

    async def _refresh(self) -> None:
        while True:
            await asyncio.sleep(REFRESH_S)
            try:
                await self.read()
            except StoreUnavailable as error:
                log.warning("open_sessions_not_read", error=str(error))
