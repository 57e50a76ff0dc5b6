"""Where orders to the provider are written down before they are given, and its words when they come.

One operation of a payment is asked at a time. It is in SQL under its key before the provider hears of it, and stays
`asked` until the answer is in SQL, too: whoever goes on after a kill finds it and asks by the same key.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.clock import SECOND, Clock
from engine.ids import new_id
from engine.payments.course import (
    OVER_UNPAID,
    PAYMENT,
    UNFINISHED,
    ZERO,
    Account,
    after_decision,
    after_told,
    contradiction,
    next_order,
    shortfall,
)
from engine.payments.port import AUTHORISE, CAPTURE, RAISE, REFUND, TRY_AGAIN, VOID, Answer, Refused, Told
from engine.starts.course import ENDED
from engine.stores.payments import open_items
from engine.stores.payments.rows import OPERATION, OperationRow, PaymentRow, append, locked, write, write_account
from engine.stores.sql.dialect import upsert
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.payments import payment_operations, payment_webhooks, payments
from engine.stores.sql.tables.starts import starts
from engine.stores.tokens.credit import owe_for

FIRST_PAUSE, LONGEST_PAUSE = SECOND, 300 * SECOND
CAPTURE_TRIES = 4
"""How often a capture is asked for anew where the bank did not answer the provider."""

VOID_TRIES = 5
WEBHOOKS_KEPT = 3600 * SECOND
"""Longer than a webhook's signature is believed."""

IDLE_LOOK, LOOK_LATER = 600 * SECOND, 15 * SECOND

_QUEUED, _ASKED, _DONE, _REFUSED = "queued", "asked", "done", "refused"


class Desk:
    """The repository behind `engine.payments.cashier`. All methods raise StoreUnavailable while SQL does not answer."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def due(self, limit: int = 50) -> list[str]:
        """The payments that are to be looked at now, the longest due first."""
        query = select(payments.c.id).where(payments.c.look_at <= self._clock.now())
        async with self._database.read() as connection:
            return list((await connection.execute(query.order_by(payments.c.look_at).limit(limit))).scalars())

    async def begin(self, payment: str) -> tuple[PaymentRow, OperationRow | None]:
        """The payment, and the operation to ask for: the one that is asked already, or else the next one.

        None where nothing is to be ordered. It may have to wait for its turn: see `is_due`.
        """
        now = self._clock.now()
        async with self._database.write() as connection:
            row = await locked(connection, payment)
            operation = await _asked(connection, payment)
            return row, operation or await self._next(connection, row, now)

    def is_due(self, operation: OperationRow) -> bool:
        """Whether it may be asked for now; after the provider was away it waits."""
        return operation.not_before <= self._clock.now()

    async def _next(self, connection: AsyncConnection, row: PaymentRow, now: int) -> OperationRow | None:
        refund = await _queued_refund(connection, row.id)
        order = next_order(row.account, ZERO if refund is None else refund.amount)
        if order is None:
            return None
        if order.kind == REFUND and refund is not None:
            taken = update(payment_operations).where(payment_operations.c.id == refund.id)
            await connection.execute(taken.values(state=_ASKED, holds=row.id))
            await append(connection, row.id, now, "asked", order=REFUND, key=refund.id, amount=refund.amount)
            return replace(refund, state=_ASKED)
        cause = row.receipt if order.kind == CAPTURE else ""
        made = OperationRow(new_id(), row.id, order.kind, order.amount, cause, _ASKED, 0, 0, "", now, None)
        values = {field.name: getattr(made, field.name) for field in fields(made)}
        await connection.execute(insert(payment_operations), values | {"holds": row.id})
        await append(connection, row.id, now, "asked", order=order.kind, key=made.id, amount=order.amount)
        return made

    async def postpone(self, operation: OperationRow, why: str) -> None:
        """The provider did not answer: ask again by the same key, later and later."""
        now = self._clock.now()
        until = now + min(FIRST_PAUSE << min(operation.attempts, 10), LONGEST_PAUSE)
        async with self._database.write() as connection:
            await locked(connection, operation.payment)
            query = update(payment_operations).where(
                payment_operations.c.id == operation.id, payment_operations.c.state == _ASKED
            )
            await connection.execute(query.values(attempts=operation.attempts + 1, not_before=until, reason=why[:200]))
            await connection.execute(update(payments).where(payments.c.id == operation.payment).values(look_at=until))
            if operation.attempts == 0:
                await append(connection, operation.payment, now, "away", order=operation.kind, key=operation.id)

    async def finish(self, operation: OperationRow, answer: Answer, provider: str) -> PaymentRow:
        """The provider has answered. An answer that is written already (whoever else asked by this key) changes
        nothing."""
        now = self._clock.now()
        async with self._database.write() as connection:
            row = await locked(connection, operation.payment)
            query = update(payment_operations).where(
                payment_operations.c.id == operation.id, payment_operations.c.state == _ASKED
            )
            refused = isinstance(answer, Refused)
            reason = answer.reason if isinstance(answer, Refused) else ""
            ended = {"state": _REFUSED if refused else _DONE, "holds": None, "ended": now, "reason": reason}
            if (await connection.execute(query.values(**ended))).rowcount == 0:
                return row
            told = answer.told if isinstance(answer, Refused) else answer
            row = await write(connection, row, now, provider=provider, reference=told.reference or row.reference)
            kind = "refused" if refused else "done"
            await append(connection, row.id, now, kind, order=operation.kind, key=operation.id, reason=reason)
            account = row.account
            if refused:
                account = await self._after_refusal(connection, row, operation, reason, now)
                row = await write_account(connection, row, account, now)
            return await self._told(connection, row, told, now)

    async def _after_refusal(
        self, connection: AsyncConnection, row: PaymentRow, operation: OperationRow, reason: str, now: int
    ) -> Account:
        account = row.account
        if operation.kind == AUTHORISE:
            return replace(account, state=PAYMENT.after(account.state, "declined") or account.state, reason=reason)
        if operation.kind == RAISE:
            return replace(account, raise_refused=True, wanted=account.authorised, reason=reason)
        if operation.kind == CAPTURE:
            return replace(
                account, state=PAYMENT.after(account.state, "capture_failed") or account.state, reason=reason
            )
        if operation.kind == REFUND:
            await self._open(connection, row, open_items.REFUND_FAILED, operation.id, operation.amount, reason, now)
        if operation.kind == VOID and await _count(connection, row.id, VOID, _REFUSED) >= VOID_TRIES:
            await self._open(connection, row, open_items.VOID_FAILED, row.id, row.authorised, reason, now)
            return replace(account, state=PAYMENT.after(account.state, "failed") or account.state, reason=reason)
        return account

    async def told(self, payment: str, told: Told) -> PaymentRow:
        """The provider has told how the payment stands."""
        async with self._database.write() as connection:
            return await self._told(connection, await locked(connection, payment), told, self._clock.now())

    async def _told(self, connection: AsyncConnection, row: PaymentRow, told: Told, now: int) -> PaymentRow:
        account = row.account
        if told.sequence > account.sequence and (why := contradiction(account, told)):
            await append(connection, row.id, now, "contradicted", why=why, status=told.status, captured=told.captured)
        after = after_told(account, told)
        if after is not account:
            amounts = {"authorised": told.authorised, "captured": told.captured, "refunded": told.refunded}
            await append(connection, row.id, now, "told", status=told.status, reason=told.reason, **amounts)
            paid = (after.captured - account.captured) - (after.refunded - account.refunded)
            await owe_for(connection, row.session, -paid, now)
            if row.start and after.state != row.state:
                # Whoever waits for this payment need not wait for the next look.
                await connection.execute(
                    update(starts).where(starts.c.id == row.start, starts.c.state != ENDED).values(look_at=now)
                )
            row = await write_account(connection, row, after, now)
            row = await write(connection, row, now, action_url=told.action_url)
        if row.state == "capture_failed" and row.reason == TRY_AGAIN:
            row = await self._capture_again(connection, row, now)
        await self._open_what_is_missing(connection, row, now)
        return await write(connection, row, now, look_at=await _look_at(connection, row, now))

    async def _capture_again(self, connection: AsyncConnection, row: PaymentRow, now: int) -> PaymentRow:
        """The bank did not answer the provider: a new capture, some time later, a few times."""
        tried = await _count(connection, row.id, CAPTURE)
        account = after_decision(row.account, open_items.RETRIED)
        if tried >= CAPTURE_TRIES or account is None:
            return row
        order = next_order(account)
        if order is None or order.kind != CAPTURE:
            return row
        until = now + (FIRST_PAUSE << 2 * tried)
        made = OperationRow(new_id(), row.id, CAPTURE, order.amount, row.receipt, _ASKED, 0, until, "", now, None)
        values = {field.name: getattr(made, field.name) for field in fields(made)}
        await connection.execute(insert(payment_operations), values | {"holds": row.id})
        await append(connection, row.id, now, "asked", order=CAPTURE, key=made.id, amount=order.amount)
        return await write_account(connection, row, replace(account, reason=""), now)

    async def _open_what_is_missing(self, connection: AsyncConnection, row: PaymentRow, now: int) -> None:
        """Money that a receipt asks for and that no further step will bring is finance's to see to."""
        if not row.due:
            return
        if row.state == "capture_failed" or (row.state in OVER_UNPAID and not row.released):
            captures = select(func.max(payment_operations.c.created)).where(
                payment_operations.c.payment == row.id, payment_operations.c.kind == CAPTURE
            )
            last = (await connection.execute(captures)).scalar_one()
            await self._open(connection, row, open_items.CAPTURE_FAILED, f"{row.id}:{last}", row.due, row.reason, now)
        elif (missing := shortfall(row.account)) > 0:
            await self._open(connection, row, open_items.SHORTFALL, row.id, missing, "raise_refused", now)

    async def _open(
        self, connection: AsyncConnection, row: PaymentRow, kind: str, subject: str, amount: Any, why: str, now: int
    ) -> None:
        about = {name: getattr(row, name) for name in ("network", "session", "receipt", "driver", "currency")}
        await open_items.add(
            connection,
            self._database.dialect,
            now,
            kind,
            subject,
            payment=row.id,
            amount=amount,
            detail=why,
            **about,
        )

    async def look_later(self, payment: str) -> None:
        """It could not be looked at now."""
        async with self._database.write() as connection:
            await connection.execute(
                update(payments).where(payments.c.id == payment).values(look_at=self._clock.now() + LOOK_LATER)
            )

    # webhooks --------------------------------------------------------------------------------------------------------

    async def hinted(self, event: str, reference: str) -> bool:
        """A webhook was taken: look at the payment now. False if this one was taken before, or is about none of
        ours."""
        now = self._clock.now()
        async with self._database.write() as connection:
            taken = upsert(self._database.dialect, payment_webhooks).values(id=event, received=now)
            if (await connection.execute(taken.on_conflict_do_nothing(index_elements=["id"]))).rowcount == 0:
                return False
            await connection.execute(delete(payment_webhooks).where(payment_webhooks.c.received < now - WEBHOOKS_KEPT))
            ours = update(payments).where(payments.c.reference == reference)
            return (await connection.execute(ours.values(look_at=now))).rowcount == 1


async def _asked(connection: AsyncConnection, payment: str) -> OperationRow | None:
    query = select(*OPERATION).where(payment_operations.c.holds == payment)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else OperationRow(*row)


async def _queued_refund(connection: AsyncConnection, payment: str) -> OperationRow | None:
    query = select(*OPERATION).where(payment_operations.c.payment == payment, payment_operations.c.state == _QUEUED)
    query = query.order_by(payment_operations.c.created, payment_operations.c.id).limit(1)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else OperationRow(*row)


async def _count(connection: AsyncConnection, payment: str, kind: str, state: str = "") -> int:
    query = select(func.count()).select_from(payment_operations)
    query = query.where(payment_operations.c.payment == payment, payment_operations.c.kind == kind)
    if state:
        query = query.where(payment_operations.c.state == state)
    return int((await connection.execute(query)).scalar_one())


async def _look_at(connection: AsyncConnection, row: PaymentRow, now: int) -> int | None:
    """When to look again, if no webhook comes before: at once where something is to be ordered, often while the payer
    or the bank is at it, seldom while money is just held; None where nothing will happen by itself."""
    asked = await _asked(connection, row.id)
    if asked is not None:
        return asked.not_before
    refused = await _count(connection, row.id, VOID, _REFUSED)
    refund = await _queued_refund(connection, row.id)
    order = next_order(row.account, ZERO if refund is None else refund.amount)
    if order is not None:
        return now + refused * 60 * SECOND if order.kind == VOID else now
    if row.state in UNFINISHED or row.state == "capturing":
        return now + min(max(2 * SECOND, (now - row.created) // 10), 60 * SECOND)
    return now + IDLE_LOOK if row.state == "authorised" else None
