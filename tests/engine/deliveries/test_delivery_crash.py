"""A worker that is killed with messages in hand loses none, and receivers know what comes again by its id."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from pathlib import Path
from typing import Any

import pytest

from engine.clock import SystemClock
from engine.deliveries.queue import enqueue
from engine.stores.sql.engine import Database
from tests.engine.deliveries.receiver import webhook_receiver
from tests.engine.deliveries.rows import queued
from tests.engine.deliveries.world import World, world
from tests.engine.outbox.mail_server import mail_server
from tests.warm import Warm

LEASE_S = "3.0"


async def put(here: World, count: int) -> None:
    for number in range(count):
        async with here.database.write() as connection:
            said: dict[str, Any] = {
                "network": None,
                "kind": "alert.opened",
                "subject": f"m{number}",
                "payload": {"n": number},
            }
            await enqueue(connection, SystemClock().now(), key=f"k{number}", **said)


@pytest.mark.parametrize("point", ["deliveries:held", "deliveries:sent-before-mark"])
async def test_a_kill_at_its_worst_moment(point: str, database: Database, database_url: str, tmp_path: Path) -> None:
    async with webhook_receiver() as hooks, mail_server() as mails, world(database) as here:
        await here.channel(hooks.url)
        await here.channel("ops@example.org", "email")
        await put(here, 1)
        command = ("tests.engine.deliveries.deliverer", database_url, mails.url, LEASE_S)
        armed = os.environ | {"RAYCHARGE_FAULT_POINT": point, "RAYCHARGE_FAULT_DIR": str(tmp_path)}
        assert await Warm(*command, env=armed).wait() == -signal.SIGKILL
        assert await Warm(*command, env=armed).wait() == 0
        rows = {row.channel: row for row in await queued(database)}
        assert {row.state for row in rows.values()} == {"delivered"}
        by_id = {row.id for row in rows.values()}
        seen = set(hooks.ids) | {str(mail["Message-ID"])[1:].partition("@")[0] for mail in mails.inbox}
        assert seen == by_id, "each has arrived, and under its own id only"
        if point == "deliveries:held":
            assert (len(hooks.got), len(mails.inbox)) == (1, 1), "what was not sent yet comes once"


async def test_random_kills_lose_nothing(database: Database, database_url: str) -> None:
    count, luck = 24, random.Random(5)
    async with webhook_receiver() as hooks, mail_server() as mails, world(database) as here:
        await here.channel(hooks.url)
        await here.channel("ops@example.org", "email")
        await put(here, count)
        command = ("tests.engine.deliveries.deliverer", database_url, mails.url, LEASE_S)
        for _ in range(2):
            wanted = len(hooks.got) + luck.randint(1, 9)
            process = Warm(*command)
            while len(hooks.got) < wanted and process.returncode is None:  # noqa: ASYNC110 - looked at closely
                await asyncio.sleep(0.001)
            if process.returncode is None:
                process.kill()
            assert await process.wait() in (0, -signal.SIGKILL)
        assert await Warm(*command).wait() == 0
        assert {row.state for row in await queued(database)} == {"delivered"}
        assert sorted({each.json["data"]["n"] for each in hooks.got}) == list(range(count))
        assert len(set(hooks.ids)) == count
        assert len({mail["Message-ID"] for mail in mails.inbox}) == count
