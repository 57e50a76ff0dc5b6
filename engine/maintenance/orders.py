"""Telling a station that a connector is out of operation, and in operation again: one command for each.

An order is a row before it is a command, and its id is the command's: whoever goes on after a kill asks by the same id
and is told how it ended.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, fields

import structlog
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.access.acting import acting
from engine.charging.events import CommandOutcome
from engine.charging.operations import ChangeAvailability
from engine.clock import SECOND, Clock
from engine.errors import InvalidInput, Unavailable
from engine.ids import new_id
from engine.maintenance.history import write_down
from engine.starts.surroundings import Fleet
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.maintenance import maintenance_orders

log = structlog.get_logger("maintenance")
WAITING, ENDED = "waiting", "ended"
LOOK_EVERY_S = 1.0
AT_ONCE = 20
ANSWER_WITHIN_S = 30.0
AGAIN_AFTER = 60 * SECOND
GIVE_UP_AFTER = 24 * 3600 * SECOND
"""How long an offline station is waited for."""

_O = maintenance_orders.c


@dataclass(frozen=True, slots=True)
class Order:
    """`state`: waiting or ended; `outcome` how the command ended, "" until then. Times in microseconds."""

    id: str
    job: str
    charge_point: str
    evse: int
    connector: int
    operative: bool
    state: str
    outcome: str
    detail: str
    created: int
    due: int
    ended: int | None


_COLUMNS = [_O[field.name] for field in fields(Order)]


async def give_order(
    connection: AsyncConnection, at: int, job: str, charge_point: str, evse: int, connector: int, operative: bool
) -> None:
    """Have the station told once the caller's transaction is committed; what was not sent yet is called off."""
    former = update(maintenance_orders).where(_O.job == job, _O.state == WAITING)
    await connection.execute(former.values(state=ENDED, outcome=CommandOutcome.SUPERSEDED, ended=at))
    row = {"id": new_id(), "job": job, "charge_point": charge_point, "evse": evse, "connector": connector}
    row |= {"operative": operative, "requested_by": acting().label or acting().id, "created": at, "due": at}
    await connection.execute(insert(maintenance_orders), row)


async def orders_of(connection: AsyncConnection, job: str) -> list[Order]:
    """All of a job, the oldest first."""
    rows = await connection.execute(select(*_COLUMNS).where(_O.job == job).order_by(_O.created, _O.id))
    return [Order(*row) for row in rows]


class OrderRunner:
    """Carries orders out. `run` works until it is told to stop; `carry_out_due` asks all stations whose turn it is."""

    def __init__(self, database: Database, fleet: Fleet, clock: Clock) -> None:
        self._database, self._fleet, self._clock = database, fleet, clock

    async def run(self, stopping: asyncio.Event) -> None:
        """Raises StoreUnavailable: whoever runs it starts it again."""
        while not stopping.is_set():
            if not await self.carry_out_due():
                with suppress(TimeoutError):
                    await asyncio.wait_for(stopping.wait(), timeout=LOOK_EVERY_S)

    async def carry_out_due(self) -> int:
        """Ask the stations of all orders that are due, at once: one that is slow keeps no other waiting."""
        query = select(*_COLUMNS, _O.requested_by).where(_O.state == WAITING, _O.due <= self._clock.now())
        async with self._database.read() as connection:
            rows = (await connection.execute(query.order_by(_O.due, _O.id).limit(AT_ONCE))).all()
        await asyncio.gather(*(self._carry_out(Order(*row[:-1]), row.requested_by) for row in rows))
        return len(rows)

    async def _carry_out(self, order: Order, requested_by: str) -> None:
        operation = ChangeAvailability(order.operative, order.evse, order.connector)
        try:
            ended = await self._fleet.operate(
                order.charge_point,
                operation,
                timeout_s=ANSWER_WITHIN_S,
                wait=False,
                requested_by=requested_by,
                command_id=order.id,
            )
        except InvalidInput as error:
            await self._end(order, CommandOutcome.FAILED, error.message)
        except Unavailable as error:
            await self._later(order, str(error))
        else:
            await self._after(order, ended.outcome)

    async def _after(self, order: Order, outcome: str) -> None:
        """A station that was not there was told nothing: it is asked again, by a new id, for a day."""
        away = outcome in (CommandOutcome.NOT_CONNECTED, CommandOutcome.EXPIRED)
        if away and self._clock.now() < order.created + GIVE_UP_AFTER:
            await self._later(order, "The charger is not connected.", new_id())
        else:
            await self._end(order, outcome, "")

    async def _later(self, order: Order, detail: str, id: str | None = None) -> None:
        async with self._database.write() as connection:
            ours = update(maintenance_orders).where(_O.id == order.id, _O.state == WAITING)
            due = self._clock.now() + AGAIN_AFTER
            await connection.execute(ours.values(id=id or order.id, due=due, detail=detail[:200]))

    async def _end(self, order: Order, outcome: str, detail: str) -> None:
        now, what = self._clock.now(), "in operation" if order.operative else "out of operation"
        async with self._database.write() as connection:
            ours = update(maintenance_orders).where(_O.id == order.id, _O.state == WAITING)
            values = {"state": ENDED, "outcome": outcome, "detail": detail[:200], "ended": now}
            if (await connection.execute(ours.values(**values))).rowcount:
                text = f"The charger was asked to take it {what}: {outcome}."
                await write_down(connection, now, order.job, "command", f"{text} {detail}".strip())
        log.info("maintenance_order_ended", job=order.job, command=order.id, outcome=outcome)
