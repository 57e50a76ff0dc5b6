"""Faults are told once, though who watches and who delivers are killed. The long run: `make bench NAME=alerts`."""

from __future__ import annotations

import asyncio
import os
import random

import pytest

from loadtest.alert_delivery import run
from loadtest.installation import Installation
from loadtest.receivers import Receivers
from tests.system.letter_box import LetterBox

pytestmark = [pytest.mark.system, pytest.mark.timeout(400)]


async def test_each_alert_is_told_once_whoever_dies(system: Installation, letters: LetterBox) -> None:
    seed = int(os.environ.get("ALERT_SEED", random.randrange(2**32)))
    with Receivers(letters.arrived) as receivers:
        told = await asyncio.wait_for(run(system, receivers, stations=3, kills=2, seed=seed), 300)
    assert (told.lost, told.doubled, told.kills) == (0, 0, 2), f"seed {seed}: {told}"
    assert told.delivered == 4 * told.alerts > 0
    await asyncio.to_thread(system.until_ready)
