"""The delivery log is kept for some days, counted for the metrics, and shown to whom its channels belong."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from engine.access.scope import EVERYWHERE, Scope
from engine.deliveries.log import Backlog, DeliveryFilter
from engine.errors import NotFound
from engine.stores.listing import Wanted
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.deliveries import attempts
from tests.engine.deliveries.receiver import webhook_receiver
from tests.engine.deliveries.world import LOOPBACK, World, world


async def tries(here: World) -> int:
    async with here.database.read() as connection:
        return int((await connection.execute(select(func.count()).select_from(attempts))).scalar_one())


async def test_what_is_over_is_kept_for_some_days_with_its_tries(database: Database) -> None:
    async with webhook_receiver() as receiver, world(database) as here:
        await here.channel(receiver.url)
        await here.put("old")
        await here.deliver()
        here.clock.advance(20 * 86_400)
        await here.put("young")
        await here.deliver()
        assert await here.log.sweep(30) == 0
        here.clock.advance(11 * 86_400)
        assert await here.log.sweep(30) == 1
        assert await here.log.sweep(30) == 0
        assert ([each.key for each in await here.all()], await tries(here)) == (["young"], 1)


async def test_what_waits_for_a_disabled_channel_is_given_up_after_two_days(database: Database) -> None:
    async with world(database) as here:
        channel, _ = await here.channel("http://127.0.0.1:9/")
        await here.put("a")
        await here.channels.change(EVERYWHERE, LOOPBACK, channel.id, {"enabled": False})
        assert await here.deliver() == 0
        assert await here.log.backlog() == Backlog(1, 0, here.clock.now())
        here.clock.advance(2 * 86_400 + 1)
        assert await here.log.sweep(30) == 1
        (dead,) = await here.all()
        assert (dead.state, dead.error) == ("dead", "Its channel is disabled.")
        assert await here.log.backlog() == Backlog(0, 1, None)


async def test_a_network_sees_its_own_channels_deliveries_only(database: Database) -> None:
    async with world(database) as here:
        await here.channel("http://127.0.0.1:9/", network="default")
        await here.channel("http://127.0.0.1:9/")
        await here.put("a", network="default")
        mine = Scope(frozenset({"default"}))
        page = await here.log.page(mine, Wanted(), DeliveryFilter())
        (own,) = page.items
        (other,) = [each for each in await here.all() if each.id != own.id]
        with pytest.raises(NotFound):
            await here.log.get(mine, other.id)
        with pytest.raises(NotFound):
            await here.log.replay_all(mine, other.channel, 0, None)
