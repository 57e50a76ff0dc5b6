"""What happens to payments because of what happens to sessions: charged when the receipt is there, given back when
nothing is owed or a credit note is issued, raised while the price nears what is held, and the session stopped there.

It only writes down what is wanted; the cashier and the starts' runner make it happen. It looks again and again, so
that nothing depends on being told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog

from engine.faults import reach
from engine.payments.limit import RaiseTo, StopNow, next_limit
from engine.stores.payments.owed import Owed, Running
from engine.stores.payments.policies import PaymentPolicies
from engine.stores.payments.wishes import Payments
from engine.stores.starts import StartRow, Starts

log = structlog.get_logger("collector")
LOOK_EVERY_S = 1.0
LIMIT = "limit"
"""Why a session is stopped: no more could be held for it."""

RunningPrice = Callable[[str], Awaitable[Running | None]]
"""What a session (its id) has cost so far; None where that is not known."""


class Collector:
    """`run` works until it is told to stop; `look` does it once."""

    def __init__(
        self, owed: Owed, payments: Payments, starts: Starts, policies: PaymentPolicies, running: RunningPrice
    ) -> None:
        self._owed, self._payments, self._starts = owed, payments, starts
        self._policies, self._running = policies, running

    async def run(self, stopping: asyncio.Event) -> None:
        """Raises StoreUnavailable: whoever runs it starts it again."""
        while not stopping.is_set():
            await self.look()
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), timeout=LOOK_EVERY_S)

    async def look(self) -> None:
        for payment, session in await self._owed.to_be_charged():
            owed = await self._owed.of(session)
            if owed is not None:
                reach("payments:before-charge")
                log.info("payment_charged", payment=payment, session=session, gross=str(owed.amount))
                await self._payments.charge(payment, owed.receipt, owed.amount, owed.currency)
        for payment, session, credit_note in await self._owed.credited():
            owed = await self._owed.of(session)
            if owed is not None:
                await self._payments.credited(payment, credit_note, owed.amount)
        for start in await self._starts.charging():
            await self._hold_on(start)

    async def _hold_on(self, start: StartRow) -> None:
        """See to it that what a session costs is held."""
        running = await self._running(start.session)
        if running is None or start.stop_because:
            return
        payment = await self._payments.get(start.payment)
        if payment.currency != running.currency:
            return
        step = next_limit(payment.account, running.amount, await self._policies.of(start.network))
        if isinstance(step, RaiseTo):
            await self._payments.want_more(payment.id, step.amount)
        elif isinstance(step, StopNow):
            log.info("session_at_its_limit", start=start.id, session=start.session, running=str(running.amount))
            await self._starts.stop(start.id, LIMIT, by_person=False)
