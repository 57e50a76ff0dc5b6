"""Takes starts along their course: looks at each, does the one thing that is next, and writes down what became of it.

Nothing is kept in memory but the tasks that wait for a station's answer. The remote start has its id in SQL before it
is sent; whoever goes on after a kill asks by the same id, and the charge point's actor tells how it ended instead of
sending it again. So a start survives a kill at any line, its deadlines too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress

import structlog

from engine.charging.events import CommandOutcome
from engine.charging.operations import IdToken, Operation, StartCharging, StopCharging
from engine.clock import SECOND, Clock
from engine.errors import InvalidInput, Unavailable
from engine.faults import reach
from engine.ids import new_id
from engine.starts.course import (
    CHARGING,
    COMMANDING,
    ENDED,
    START,
    AskPayment,
    Await,
    Charge,
    Command,
    End,
    LateStop,
    Step,
    StopSession,
    TakeConnector,
    next_step,
)
from engine.starts.surroundings import Fleet, SessionSeen, Surroundings
from engine.stores.payments.owed import Owed
from engine.stores.starts import LATE_FOR, StartRow, Starts

log = structlog.get_logger("starts")
LOOK_EVERY_S = 0.25
ANSWER_WITHIN_S = 30.0
STOP_AGAIN_AFTER = 20 * SECOND
STEPS = 6


Forget = Callable[[StartRow], Awaitable[None]]
"""What its token was made for is over."""


class StartRunner:
    """`run` works until it is told to stop; `advance` takes one start as far as it goes now."""

    def __init__(
        self, starts: Starts, surroundings: Surroundings, fleet: Fleet, owed: Owed, clock: Clock, forget: Forget
    ) -> None:
        self._starts, self._surroundings, self._fleet, self._owed = starts, surroundings, fleet, owed
        self._clock, self._forget = clock, forget
        self._asking: dict[str, asyncio.Task[None]] = {}

    async def run(self, stopping: asyncio.Event) -> None:
        """Raises StoreUnavailable: whoever runs it starts it again."""
        try:
            while not stopping.is_set():
                due = await self._starts.due()
                for start in due:
                    await self._advance_alone(start)
                if not due:
                    with suppress(TimeoutError):
                        await asyncio.wait_for(stopping.wait(), timeout=LOOK_EVERY_S)
        finally:
            await self.leave()

    async def leave(self) -> None:
        """Wait for no answer any more."""
        for task in list(self._asking.values()):
            task.cancel()
        await asyncio.gather(*self._asking.values(), return_exceptions=True)

    async def _advance_alone(self, start: str) -> None:
        """One start's trouble must not keep the others waiting."""
        try:
            await self.advance(start)
        except InvalidInput as error:
            log.error("start_not_advanced", start=start, error=error.message)
            row = await self._starts.get(start)
            await self._starts.look_later(row, self._clock.now() + 10 * SECOND)

    async def advance(self, start: str) -> StartRow:
        """Take it as far as it goes now, without waiting for the station."""
        row = await self._starts.get(start)
        for _ in range(STEPS):
            world, session = await self._surroundings.world(row)
            step = next_step(row.course, world, self._clock.now())
            after = await self._do(row, step, session)
            if after is None:
                row = await self._starts.get(start)
                continue
            if after is row:
                break
            row = after
        return row

    async def prepare(self, start: str) -> StartRow:
        """Only what comes before the charger is asked: end it if something is in the way, else ask for the payment."""
        row = await self._starts.get(start)
        world, session = await self._surroundings.world(row)
        step = next_step(row.course, world, self._clock.now())
        if isinstance(step, AskPayment | End):
            await self._do(row, step, session)
        return await self._starts.get(start)

    async def _do(self, row: StartRow, step: Step, session: SessionSeen | None) -> StartRow | None:
        """The row after the step; the same one if there is nothing more to do now; None to look anew."""
        if isinstance(step, AskPayment):
            return await self._starts.ask_payment(row)
        if isinstance(step, TakeConnector):
            return await self._take(row)
        if isinstance(step, Await):
            until = self._clock.now() + row.plug_in_within_s * SECOND
            state = START.arrows[row.state]["accepted"]
            return await self._starts.change(row, state=state, plug_in_by=until)
        if isinstance(step, Charge):
            assert session is not None
            log.info("start_charges", start=row.id, session=session.id)
            return await self._starts.charge(row, session.id)
        if isinstance(step, End):
            log.info("start_ended", start=row.id, how=step.how, detail=step.detail)
            return await self._end(row, step.how, step.detail)
        if isinstance(step, Command):
            operation = StartCharging(row.number, IdToken(row.id_token, row.token_kind or "Central"), row.evse)
            self._spawn(row.command, self._command(row, operation))
        elif isinstance(step, StopSession | LateStop):
            return await self._stop(row, step, session)
        elif row.state == ENDED:
            return await self._after_the_end(row, session)
        await self._starts.look_later(row, self._clock.now() + _pause(row))
        return row

    async def _take(self, row: StartRow) -> StartRow | None:
        reach("starts:before-connector")
        taken = await self._starts.take_connector(row, await self._fleet.fresh_number())
        if taken is not None:
            return taken
        holder = await self._starts.held(row.charge_point, row.evse, row.connector)
        return await self._end(row, "connector_taken", "another start") if holder not in ("", row.id) else None

    async def _end(self, row: StartRow, how: str, detail: str) -> StartRow | None:
        ended = await self._starts.end(row, how, detail)
        if ended is not None:
            await self._forget(ended)
        return ended

    # what the station is asked ---------------------------------------------------------------------------------------

    def _spawn(self, command: str, asking: Coroutine[None, None, None]) -> None:
        if command in self._asking:
            asking.close()
            return
        task = asyncio.create_task(asking)
        self._asking[command] = task
        task.add_done_callback(lambda _: self._asking.pop(command, None))

    async def _command(self, row: StartRow, operation: Operation) -> None:
        """Send the remote start and write down how that went."""
        reach("starts:before-command")
        outcome, detail = await self._operated(row, operation, row.command)
        reach("starts:after-command")
        while outcome:
            latest = await self._starts.get(row.id)
            if latest.state != COMMANDING or latest.outcome:
                return
            values = {"outcome": outcome, "detail": detail, "look_at": self._clock.now()}
            if await self._starts.change(latest, **values) is not None:
                return

    async def _operated(self, row: StartRow, operation: Operation, command: str) -> tuple[str, str]:
        """Outcome and detail; "" if no host answers, so that it has to be asked again."""
        try:
            ended = await self._fleet.operate(
                row.charge_point,
                operation,
                timeout_s=ANSWER_WITHIN_S,
                wait=False,
                requested_by=f"start {row.id}",
                command_id=command,
            )
        except InvalidInput as refused:
            return CommandOutcome.REJECTED, refused.message
        except Unavailable as away:
            log.warning("start_not_commanded", start=row.id, why=str(away))
            return "", ""
        return ended.outcome, ""

    async def _stop(self, row: StartRow, step: Step, session: SessionSeen | None) -> StartRow | None:
        """Ask for the session's end, again after a while: a stop that is repeated does no harm."""
        assert session is not None
        if isinstance(step, LateStop) and row.late_session != session.id:
            log.warning("late_session", start=row.id, session=session.id, ended_as=row.ended_as)
            return await self._starts.change(row, late_session=session.id)
        now = self._clock.now()
        if row.stop_not_before > now or not session.transaction:
            await self._starts.look_later(row, now + _pause(row))
            return row
        command, until = new_id(), now + STOP_AGAIN_AFTER
        asked = await self._starts.change(row, stop_command=command, stop_not_before=until, look_at=now + SECOND)
        if asked is not None:
            self._spawn(command, self._stopped(asked, session.transaction, command))
        return asked

    async def _stopped(self, row: StartRow, transaction: str, command: str) -> None:
        outcome, detail = await self._operated(row, StopCharging(transaction), command)
        log.info("start_stopped", start=row.id, outcome=outcome, detail=detail)

    async def _after_the_end(self, row: StartRow, session: SessionSeen | None) -> StartRow | None:
        """A session that came after the end has stopped: what it cost is finance's to see to."""
        await self._forget(row)
        now = self._clock.now()
        late = row.late_session or row.session or ("" if session is None else session.id)
        if late and not row.late_settled:
            owed = await self._owed.of(late)
            if owed is not None:
                await self._starts.unpaid(row, late, owed.receipt, owed.amount, owed.currency)
                return row
        over = row.late_settled or (not late and row.ended is not None and now - row.ended > LATE_FOR)
        await self._starts.look_later(row, None if over else now + _pause(row))
        return row


def _pause(row: StartRow) -> int:
    """How long until the next look, where nothing tells of a change before."""
    if row.state == ENDED:
        since = row.updated - (row.ended or row.updated)
        return min(max(2 * SECOND, since // 5), 60 * SECOND)
    return 3 * SECOND if row.state == CHARGING and not row.stop_because else SECOND
