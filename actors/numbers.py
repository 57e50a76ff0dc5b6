"""Numbers in stock, for transactions and for what operations make: reserved in blocks, so that a Start never waits."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import structlog

from engine.errors import Unavailable
from engine.journal.port import Journal

log = structlog.get_logger("numbers")
BLOCK = 1_000
LOW_WATER = 500


class TransactionNumbers:
    """Hands out numbers that were never given before. Gaps are harmless; a number twice would not be."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._stock: list[range] = []
        self._current: Iterator[int] = iter(())
        self._left = 0
        self._filling: asyncio.Task[None] | None = None

    async def fill(self) -> None:
        """Reserve a block. Raises JournalUnavailable."""
        block = await self._journal.reserve_numbers(BLOCK)
        self._stock.append(block)
        self._left += len(block)

    def take(self) -> int:
        """The next number. Raises Unavailable when the stock has run out while the journal is away."""
        if self._left < LOW_WATER and self._filling is None:
            self._filling = asyncio.create_task(self._refill())
        while True:
            number = next(self._current, None)
            if number is not None:
                self._left -= 1
                return number
            if not self._stock:
                raise Unavailable("No transaction number is left while the journal is away.")
            self._current = iter(self._stock.pop(0))

    async def take_when_there(self) -> int:
        """The next number, reserved first if there is none in stock. Raises JournalUnavailable."""
        while True:
            try:
                return self.take()
            except Unavailable:
                await self.fill()

    async def _refill(self) -> None:
        try:
            await self.fill()
        except Unavailable as error:
            log.warning("numbers_not_refilled", error=str(error))
        finally:
            self._filling = None
