"""What the business wants of a payment, and reading it: opened with a start, released or charged when that has ended,
raised meanwhile, given back afterwards. The cashier makes it happen."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal

from sqlalchemy import insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.access.scope import EVERYWHERE, Scope
from engine.clock import Clock
from engine.errors import Changed, InvalidInput
from engine.ids import new_id
from engine.payments.course import LIVE
from engine.payments.port import REFUND
from engine.stores.audit import note
from engine.stores.listing import Listing, Wanted
from engine.stores.paging import Page
from engine.stores.payments import open_items, rows
from engine.stores.payments.rows import EVENT, OPERATION, PAYMENT, EventRow, OperationRow, PaymentRow
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.payments import payment_events, payment_operations, payments
from engine.tariffs.money import rounded

_LISTING = Listing(
    {"created": (payments.c.created, int), "updated": (payments.c.updated, int), "state": (payments.c.state, str)},
    payments.c.id,
    "-created",
)


class Payments:
    """The repository. All methods raise StoreUnavailable while SQL does not answer."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def open(
        self,
        connection: AsyncConnection,
        *,
        network: str,
        start: str,
        driver: str,
        currency: str,
        hold: Decimal,
        description: str,
        return_url: str,
    ) -> str:
        """In the caller's transaction: a payment for a start. Nothing is asked of the provider yet."""
        now = self._clock.now()
        values = {
            "id": new_id(),
            "network": network,
            "purpose": "start",
            "start": start,
            "driver": driver,
            "currency": currency,
            "wanted": hold,
            "authorised": Decimal(0),
            "captured": Decimal(0),
            "refunded": Decimal(0),
            "state": "requested",
            "description": description,
            "return_url": return_url,
            "created": now,
            "updated": now,
        }
        await connection.execute(insert(payments), values)
        await rows.append(connection, str(values["id"]), now, "opened", hold=hold, currency=currency)
        return str(values["id"])

    # reading ---------------------------------------------------------------------------------------------------------

    async def get(self, payment: str, scope: Scope = EVERYWHERE) -> PaymentRow:
        """Raises NotFound."""
        query = select(*PAYMENT).where(payments.c.id == payment, scope.where(payments.c.network))
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            raise rows.unknown()
        return PaymentRow(*row)

    async def page(
        self,
        scope: Scope,
        wanted: Wanted,
        *,
        state: str = "",
        session: str = "",
        start: str = "",
        driver: str = "",
        since: int | None = None,
        until: int | None = None,
    ) -> Page[PaymentRow]:
        """The newest first, unless `wanted` says otherwise."""
        query = select(*PAYMENT).where(scope.where(payments.c.network))
        named = ((payments.c.state, state), (payments.c.session, session), (payments.c.start, start))
        for column, value in (*named, (payments.c.driver, driver)):
            if value:
                query = query.where(column == value)
        if since is not None:
            query = query.where(payments.c.created >= since)
        if until is not None:
            query = query.where(payments.c.created < until)
        async with self._database.read() as connection:
            return await _LISTING.page(connection, query, wanted, lambda row: PaymentRow(*row))

    async def events(self, payment: str) -> list[EventRow]:
        """What has happened to it, in order."""
        query = select(*EVENT).where(payment_events.c.payment == payment).order_by(payment_events.c.number)
        async with self._database.read() as connection:
            return [EventRow(*row) for row in await connection.execute(query)]

    async def operations(self, payment: str) -> list[OperationRow]:
        """What was ordered of the provider, in order."""
        query = select(*OPERATION).where(payment_operations.c.payment == payment)
        query = query.order_by(payment_operations.c.created, payment_operations.c.id)
        async with self._database.read() as connection:
            return [OperationRow(*row) for row in await connection.execute(query)]

    # what is to become of it -----------------------------------------------------------------------------------------

    async def ask(self, connection: AsyncConnection, payment: str) -> None:
        """In the caller's transaction: have the cashier ask for the authorisation now."""
        now = self._clock.now()
        row = await rows.locked(connection, payment)
        await rows.write(connection, row, now, look_at=now)

    async def release(self, connection: AsyncConnection, payment: str, why: str) -> None:
        """In the caller's transaction: nothing will be charged, what is held goes back. Again is nothing more."""
        now = self._clock.now()
        row = await rows.locked(connection, payment)
        if row.released or row.state not in LIVE or row.due:
            return
        asked = select(payment_operations.c.id).where(payment_operations.c.payment == payment).limit(1)
        if (await connection.execute(asked)).first() is None:
            # The provider has never heard of it: there is nobody to be told.
            await rows.write(connection, row, now, released=True, state="voided", look_at=None)
        else:
            await rows.write(connection, row, now, released=True, look_at=now)
        await rows.append(connection, payment, now, "released", why=why)

    async def belongs_to(self, connection: AsyncConnection, payment: str, session: str) -> None:
        """In the caller's transaction: the session that it is for."""
        row = await rows.locked(connection, payment)
        await rows.write(connection, row, self._clock.now(), session=session)

    async def charge(self, payment: str, receipt: str, gross: Decimal, currency: str) -> None:
        """Billing has come to an end: take `gross`, or give all back where it is nothing. Again is nothing more.

        A receipt in another currency cannot be paid by it: that is an open item, and what is held goes back.
        """
        now = self._clock.now()
        async with self._database.write() as connection:
            row = await rows.locked(connection, payment)
            if row.due is not None or row.released:
                return
            if gross and row.currency != currency:
                await rows.write(connection, row, now, released=True, look_at=now)
                await rows.append(connection, payment, now, "released", why="the receipt is in another currency")
                about = {name: getattr(row, name) for name in ("network", "session", "driver")}
                about |= {"receipt": receipt, "amount": gross, "currency": currency, "detail": "other_currency"}
                kind, dialect = open_items.CAPTURE_FAILED, self._database.dialect
                await open_items.add(connection, dialect, now, kind, receipt, payment=payment, **about)
                return
            row = await rows.write(connection, row, now, receipt=receipt, due=gross, look_at=now)
            await rows.append(connection, payment, now, "charged", receipt=receipt, gross=gross)

    async def credited(self, payment: str, credit_note: str, owed: Decimal) -> None:
        """A credit note was issued, after which `owed` is owed in all: give back what was taken beyond it.

        Where more is owed than was taken, that is an open item: nothing can be taken twice from one payment.
        """
        now = self._clock.now()
        async with self._database.write() as connection:
            row = await rows.locked(connection, payment)
            back = row.captured - row.refunded - await self._promised(connection, payment) - owed
            state = "queued" if back > 0 else "done"
            order = OperationRow(
                new_id(), payment, REFUND, max(back, Decimal(0)), credit_note, state, 0, 0, "", now, None
            )
            await connection.execute(
                insert(payment_operations), {field.name: getattr(order, field.name) for field in fields(order)}
            )
            row = await rows.write(connection, row, now, look_at=now)
            await rows.append(connection, payment, now, "refund wanted", amount=order.amount, cause=credit_note)
            if back < 0:
                about = {name: getattr(row, name) for name in ("network", "session", "driver", "currency", "receipt")}
                kind, dialect = open_items.SHORTFALL, self._database.dialect
                about |= {"payment": payment, "amount": -back, "detail": "corrected"}
                await open_items.add(connection, dialect, now, kind, credit_note, **about)

    async def want_more(self, payment: str, amount: Decimal) -> None:
        """Have `amount` held in all, if it is more than is wanted already and the bank has not refused more."""
        now = self._clock.now()
        async with self._database.write() as connection:
            row = await rows.locked(connection, payment)
            if row.state == "authorised" and not row.raise_refused and amount > row.wanted:
                await rows.write(connection, row, now, wanted=amount, look_at=now)

    async def refund(
        self, payment: str, amount: Decimal, cause: str, scope: Scope = EVERYWHERE, *, version: int | None = None
    ) -> PaymentRow:
        """Have `amount` given back, once for each `cause` (a credit note, a request's id). Raises NotFound,
        InvalidInput beyond what was taken and not given back, Changed."""
        now = self._clock.now()
        async with self._database.write() as connection:
            row = await rows.locked(connection, payment)
            scope.need(row.network, "payment")
            if version is not None and version != row.version:
                raise Changed
            same = select(payment_operations.c.amount).where(
                payment_operations.c.payment == payment,
                payment_operations.c.kind == REFUND,
                payment_operations.c.cause == cause,
            )
            if (await connection.execute(same)).first() is not None:
                return row
            await self._check_refund(connection, row, amount)
            order = OperationRow(new_id(), payment, REFUND, amount, cause, "queued", 0, 0, "", now, None)
            await connection.execute(
                insert(payment_operations), {field.name: getattr(order, field.name) for field in fields(order)}
            )
            after = await rows.write(connection, row, now, look_at=now)
            await rows.append(connection, payment, now, "refund wanted", amount=amount, cause=cause)
            await note(
                connection,
                now,
                "refunded",
                "payment",
                payment,
                network=row.network,
                after={"amount": str(amount), "currency": row.currency, "cause": cause},
            )
        return after

    async def _check_refund(self, connection: AsyncConnection, row: PaymentRow, amount: Decimal) -> None:
        left = row.captured - row.refunded - await self._promised(connection, row.id)
        if amount <= 0 or amount > left:
            raise InvalidInput(
                f"{amount} {row.currency} cannot be given back.",
                field="amount",
                remedy=f"Give an amount above 0, at most {left}." if left else "Nothing is left to be given back.",
            )
        if rounded(amount, row.currency) != amount:
            raise InvalidInput(
                f"{row.currency} has no such fraction.", field="amount", remedy="Give an amount that can be paid."
            )

    async def _promised(self, connection: AsyncConnection, payment: str) -> Decimal:
        """What is to be given back and is not yet."""
        under_way = select(payment_operations.c.amount).where(
            payment_operations.c.payment == payment,
            payment_operations.c.kind == REFUND,
            or_(payment_operations.c.state == "queued", payment_operations.c.state == "asked"),
        )
        return sum((await connection.execute(under_way)).scalars(), Decimal(0))

    async def of_session(self, session: str) -> PaymentRow | None:
        """The payment that was charged, or is to be, for a session."""
        query = select(*PAYMENT).where(payments.c.session == session).order_by(payments.c.created.desc()).limit(1)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else PaymentRow(*row)
