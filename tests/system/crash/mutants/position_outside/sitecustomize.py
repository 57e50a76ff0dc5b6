"""Mutant: the ledger moves its position in a transaction of its own, before the one with the rows."""

from __future__ import annotations

from collections.abc import Sequence

from engine.faults import reach
from engine.journal.port import Entry
from engine.projections.dead_letters import DeadLetter, bury
from engine.projections.ledger import NAME, Ledger
from engine.projections.positions import move_position


async def _apply(self: Ledger, entries: Sequence[Entry]) -> None:
    letters: list[DeadLetter] = []
    changes = list(self._read(entries, letters))
    moved = {entry.partition: entry.number for entry in entries}
    async with self._database.write() as connection:
        for partition, number in moved.items():
            await move_position(connection, NAME, partition, self._positions[partition], number)
    self._positions.update(moved)
    async with self._database.write() as connection:
        await self._write(connection, changes, letters)
        await bury(connection, letters)
        reach("ledger:after-rows-before-commit")


Ledger.apply = _apply  # type: ignore[method-assign]
