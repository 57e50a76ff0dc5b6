"""Mutant: the ledger moves its position in a transaction of its own, before the one with the rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.projections import ledger
from engine.projections.positions import move_position

_commit = ledger.Ledger._commit


async def _nothing(*_: object) -> None:
    """The rows' transaction leaves the position alone."""


async def _position_first(
    self: ledger.Ledger, moved: dict[int, int], changes: Sequence[Any], letters: list[Any], *, careful: bool
) -> None:
    async with self._database.write() as connection:
        for partition, number in moved.items():
            await move_position(connection, ledger.NAME, partition, self._positions[partition], number)
    self._positions.update(moved)
    await _commit(self, moved, changes, letters, careful=careful)


ledger.move_position = _nothing  # type: ignore[assignment]
ledger.Ledger._commit = _position_first  # type: ignore[method-assign]
