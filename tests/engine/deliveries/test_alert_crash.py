"""From a station's fault to two receivers, while who watches and who delivers are killed at random: each alert once.

Two processes over a real database, a webhook's receiver and a mail server. Without Ray; with all of it:
tests/system/test_alert_delivery.py, and `make bench NAME=alerts` for long.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from asyncio.subprocess import Process
from collections import Counter
from collections.abc import Callable

import pytest

from engine.access.scope import EVERYWHERE
from engine.alerts.rule_book import Rules
from engine.clock import SECOND, SystemClock
from engine.deliveries.log import DeliveryLog
from engine.stores.sql.engine import Database
from tests.engine.deliveries.receiver import webhook_receiver
from tests.engine.deliveries.watch_process import FAULTS
from tests.engine.deliveries.world import world
from tests.engine.outbox.mail_server import mail_server

KILLS = 3
TOLD = ["alert.opened", "alert.resolved"]


async def until_it_ends(start: Callable[[], asyncio.Future[Process]], kills: int, chance: random.Random) -> int:
    """Start it again each time it was killed, and in the end let it be. Returns how often it was."""
    done = 0
    for turn in range(kills + 1):
        process = await start()
        if turn < kills:
            try:
                # From before its first line to the middle of its work.
                await asyncio.wait_for(process.wait(), chance.uniform(0.5, 6.0))
            except TimeoutError:
                process.kill()
                done += 1
        assert await process.wait() in (0, -signal.SIGKILL)
    return done


@pytest.mark.long
async def test_each_alert_is_told_once_to_each_receiver(database: Database, database_url: str) -> None:
    seed = int(os.environ.get("ALERT_SEED", random.randrange(2**32)))
    chance = random.Random(seed)
    clock = SystemClock()
    rules = Rules(database, clock)
    await rules.change("faulted", None, {"hold_s": 0, "clear_s": 0, "opens_job": False}, EVERYWHERE)
    began = str(clock.now() - 3600 * SECOND)
    async with webhook_receiver() as hooks, mail_server() as mails, world(database) as here:
        await here.channel(hooks.url, kinds=TOLD)
        await here.channel("ops@example.org", "email", kinds=TOLD)

        def run(module: str, *arguments: str) -> Callable[[], asyncio.Future[Process]]:
            command = (sys.executable, "-m", f"tests.engine.deliveries.{module}", database_url, *arguments)
            return lambda: asyncio.ensure_future(asyncio.create_subprocess_exec(*command))

        watching = until_it_ends(run("watch_process", began), KILLS, chance)
        delivering = until_it_ends(run("deliverer", mails.url, "3.0"), KILLS, chance)
        await asyncio.gather(watching, delivering)
        # The last of both may have ended in either order.
        await until_it_ends(run("deliverer", mails.url, "3.0"), 0, chance)
        assert (await DeliveryLog(database, clock).backlog()).waiting == 0, f"seed {seed}"
        by_id = {each.headers["webhook-id"]: each.json for each in hooks.got}
        told = Counter((each["type"], each["data"]["id"]) for each in by_id.values())
        assert set(told.values()) == {1}, f"seed {seed}: told under two ids"
        assert Counter(kind for kind, _ in told) == dict.fromkeys(TOLD, FAULTS), f"seed {seed}"
        letters = {str(mail["Message-ID"]): str(mail["Subject"]) for mail in mails.inbox}
        assert len(letters) == 2 * FAULTS, f"seed {seed}"
