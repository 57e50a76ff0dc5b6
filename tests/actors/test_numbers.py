"""Transaction numbers in stock."""

from __future__ import annotations

import pytest

from actors.numbers import BLOCK, LOW_WATER, TransactionNumbers
from engine.errors import JournalUnavailable, Unavailable
from engine.journal.memory import MemoryJournal
from tests.actors.world import until


async def test_numbers_never_come_twice_and_the_stock_is_refilled_in_time() -> None:
    journal = MemoryJournal()
    first, second = TransactionNumbers(journal), TransactionNumbers(journal)
    await first.fill()
    await second.fill()
    given = [first.take() for _ in range(BLOCK - LOW_WATER + 2)]
    await until(lambda: first._left > LOW_WATER, "refilled")
    given += [first.take() for _ in range(BLOCK)] + [second.take() for _ in range(LOW_WATER)]
    assert len(set(given)) == len(given)
    assert all(0 < number < 2**31 for number in given)


async def test_without_the_journal_the_stock_lasts_and_then_says_so() -> None:
    journal = MemoryJournal()
    numbers = TransactionNumbers(journal)
    journal.away = "no power"
    with pytest.raises(JournalUnavailable):
        await numbers.fill()
    journal.away = ""
    await numbers.fill()
    journal.away = "no power"
    assert len({numbers.take() for _ in range(BLOCK)}) == BLOCK
    with pytest.raises(Unavailable):
        numbers.take()
    journal.away = ""

    def refilled() -> bool:
        try:
            return numbers.take() > BLOCK
        except Unavailable:
            return False

    await until(refilled, "refilled")
