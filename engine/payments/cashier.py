"""Makes happen what is wished of payments: orders of the provider what is next, and looks how things stand.

It keeps nothing in memory. An order is in SQL under its key before the provider is asked; after a kill at any line the
next one who looks finds it there and asks by the same key. Two who look at one payment at once do no harm either.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

import structlog

from engine.errors import NotFound, ProviderAway
from engine.faults import reach
from engine.payments.port import AUTHORISE, CAPTURE, RAISE, REFUND, VOID, Answer, NewPayment, PaymentProvider
from engine.stores.payments.desk import Desk
from engine.stores.payments.rows import OperationRow, PaymentRow
from engine.stores.payments.wishes import Payments

log = structlog.get_logger("cashier")
LOOK_EVERY_S = 0.3
AT_ONCE = 8
STEPS = 6
"""Most orders of one payment in a row: a raise, a capture and a refund may follow each other at once."""


class Cashier:
    """`run` works until it is told to stop; `settle` does what is to be done for one payment now."""

    def __init__(self, desk: Desk, payments: Payments, provider: PaymentProvider) -> None:
        self._desk, self._payments, self._provider = desk, payments, provider

    async def run(self, stopping: asyncio.Event) -> None:
        """Raises StoreUnavailable: whoever runs it starts it again."""
        while not stopping.is_set():
            due = await self._desk.due()
            limit = asyncio.Semaphore(AT_ONCE)

            async def one(payment: str, limit: asyncio.Semaphore = limit) -> None:
                async with limit:
                    await self.settle(payment)

            await asyncio.gather(*(one(payment) for payment in due))
            if not due:
                with suppress(TimeoutError):
                    await asyncio.wait_for(stopping.wait(), timeout=LOOK_EVERY_S)

    async def settle(self, payment: str) -> PaymentRow:
        """Order what can be ordered now, one after the other; if there was nothing, look how the payment stands."""
        for step in range(STEPS):
            row, operation = await self._desk.begin(payment)
            if operation is None:
                return await self._look(row) if step == 0 else row
            if not self._desk.is_due(operation):
                return row
            reach(f"payments:{operation.kind}-before-call")
            try:
                answer = await self._ask(row, operation)
            except ProviderAway as away:
                log.warning("provider_away", payment=payment, order=operation.kind, why=str(away))
                await self._desk.postpone(operation, str(away))
                return row
            reach(f"payments:{operation.kind}-after-call")
            await self._desk.finish(operation, answer, self._provider.name)
            log.info("ordered", payment=payment, order=operation.kind, answer=type(answer).__name__)
        return await self._payments.get(payment)

    async def _look(self, row: PaymentRow) -> PaymentRow:
        """What the provider says now. A payment that it cannot be asked about yet stays as it is."""
        if not row.reference:
            return row
        try:
            told = await self._provider.look(row.reference)
        except (ProviderAway, NotFound) as away:
            log.warning("provider_away", payment=row.id, order="look", why=str(away))
            await self._desk.look_later(row.id)
            return row
        return await self._desk.told(row.id, told)

    async def _ask(self, row: PaymentRow, operation: OperationRow) -> Answer:
        key, amount, provider = operation.id, operation.amount, self._provider
        if operation.kind == AUTHORISE:
            new = NewPayment(row.id, amount, row.currency, row.description, row.return_url)
            return await provider.authorise(key, new)
        if operation.kind == RAISE:
            return await provider.raise_to(key, row.reference, amount)
        if operation.kind == CAPTURE:
            return await provider.capture(key, row.reference, amount)
        if operation.kind == VOID:
            return await provider.void(key, row.reference)
        assert operation.kind == REFUND
        return await provider.refund(key, row.reference, amount)
