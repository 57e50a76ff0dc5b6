"""A till for tests: our side in SQL, the local provider over real HTTP, a payer at its page, billing's rows by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
from aiohttp import web
from sqlalchemy import insert

from actors.payment_provider.server import Merchant, PaymentServer
from engine.clock import SECOND, Clock, ManualClock, SystemClock
from engine.errors import Unauthenticated
from engine.ids import new_id
from engine.payments.cashier import Cashier
from engine.payments.http_provider import HttpProvider
from engine.stores.payments.desk import Desk
from engine.stores.payments.open_items import OpenItems
from engine.stores.payments.owed import Owed
from engine.stores.payments.rows import PaymentRow
from engine.stores.payments.wishes import Payments
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.billing import issuers, receipts, settlements

KEY, SECRET = "a-key-for-tests", b"a-secret-for-tests"
PAYS = "4242 4242 4242 4242"


class Door:
    """Where webhooks arrive: checked, noted, and whatever came of each kept in `answers`."""

    def __init__(self) -> None:
        self.answers: list[str] = []
        self.bodies: list[tuple[dict[str, str], bytes]] = []
        self.provider: HttpProvider | None = None
        self.desk: Desk | None = None
        self._runner: web.AppRunner | None = None
        self.url = ""

    async def open(self) -> None:
        app = web.Application()
        app.router.add_post("/hook", self._take)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/hook"

    async def _take(self, request: web.Request) -> web.Response:
        assert self.provider is not None
        assert self.desk is not None
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.bodies.append((headers, body))
        try:
            hint = self.provider.hint(headers, body, SystemClock().now())
        except Unauthenticated:
            self.answers.append("refused")
            return web.Response(status=401)
        self.answers.append("taken" if await self.desk.hinted(hint.event, hint.reference) else "known")
        return web.Response()

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()


@dataclass
class Shop:
    """`bank` is the provider's server; `provider` our adapter to it."""

    database: Database
    clock: Clock
    bank: PaymentServer
    provider: HttpProvider
    door: Door
    payments: Payments
    desk: Desk
    cashier: Cashier
    items: OpenItems
    owed: Owed

    @classmethod
    async def open(cls, database: Database, folder: Path, clock: Clock | None = None) -> Shop:
        clock = clock or SystemClock()
        door = Door()
        await door.open()
        bank = PaymentServer(folder / "bank", "127.0.0.1", 0, Merchant(KEY, door.url, SECRET), clock=clock)
        await bank.start()
        provider = HttpProvider("local", f"http://127.0.0.1:{bank.port}", KEY, SECRET)
        payments, desk = Payments(database, clock), Desk(database, clock)
        door.provider, door.desk = provider, desk
        items, owed = OpenItems(database, clock), Owed(database)
        cashier = Cashier(desk, payments, provider)
        return cls(database, clock, bank, provider, door, payments, desk, cashier, items, owed)

    async def close(self) -> None:
        await self.provider.aclose()
        await self.bank.stop()
        await self.door.close()

    async def payment(self, hold: str = "30", card: str | None = PAYS, *, session: str = "") -> str:
        """A payment that was asked for and, with a card, paid at the provider's page and looked at."""
        async with self.database.write() as connection:
            payment = await self.payments.open(
                connection,
                network="default",
                start="",
                driver="d1",
                currency="EUR",
                hold=Decimal(hold),
                description="Charging at CP-1",
                return_url="",
            )
            await self.payments.ask(connection, payment)
            if session:
                await self.payments.belongs_to(connection, payment, session)
        await self.cashier.settle(payment)
        if card is not None:
            await self.pay(payment, card)
            await self.cashier.settle(payment)
        return payment

    async def pay(self, payment: str, card: str = PAYS, do: str = "pay") -> httpx.Response:
        """The payer at the provider's page."""
        row = await self.payments.get(payment)
        async with httpx.AsyncClient(trust_env=False, follow_redirects=True) as payer:
            return await payer.post(row.action_url, data={"card": card, "do": do})

    async def row(self, payment: str) -> PaymentRow:
        return await self.payments.get(payment)

    async def until(self, payment: str, there: Callable[[PaymentRow], bool], within_s: float = 10.0) -> PaymentRow:
        """Work as the back office does until the payment is so."""
        stopping = asyncio.Event()
        working = asyncio.create_task(self.cashier.run(stopping))
        try:
            async with asyncio.timeout(within_s):
                while not there(row := await self.row(payment)):
                    if isinstance(self.clock, ManualClock):
                        self.clock.advance(1.0)
                    await asyncio.sleep(0.02)
            return row
        finally:
            stopping.set()
            await working

    def taken(self, row: PaymentRow) -> list[str]:
        """The amounts of all captures that the bank has carried out."""
        return self.bank.books.calls("capture", row.reference)

    async def kinds(self, payment: str) -> list[str]:
        return [event.kind for event in await self.payments.events(payment)]


async def bill(database: Database, session: str, gross: int | None, *, kind: str = "receipt", revision: int = 0) -> str:
    """What billing writes of a settled session: its receipt or credit note over so many cents; None: it was free."""
    made = new_id()
    async with database.write() as connection:
        if kind == "receipt" and revision == 0:
            values: dict[str, Any] = {"session": session, "network": "default", "charge_point": "CP-1", "facts": {}}
            values |= {"outcome": "free" if gross is None else "receipt", "ended": SECOND, "settled": SECOND}
            await connection.execute(insert(settlements), values)
            if (await connection.execute(issuers.select())).first() is None:
                await connection.execute(insert(issuers), _issuer())
        if gross is not None:
            await connection.execute(insert(receipts), _receipt(made, session, gross, kind, revision))
    return made


def _issuer() -> dict[str, Any]:
    return {
        "id": "i1",
        "network": "default",
        "name": "Raycharge",
        "address": [],
        "country": "DE",
        "tax_ids": [],
        "tax_regime": "VAT",
        "currency": "EUR",
        "time_zone": "UTC",
        "number_format": "R{n}",
        "credit_format": "C{n}",
        "created": SECOND,
    }


def _receipt(id: str, session: str, gross: int, kind: str, revision: int) -> dict[str, Any]:
    return {
        "id": id,
        "kind": kind,
        "session": session,
        "revision": revision,
        "issuer": "i1",
        "number": id,
        "period": "",
        "sequence": int(id[:8], 16),
        "network": "default",
        "charge_point": "CP-1",
        "driver": "d1",
        "currency": "EUR",
        "net": gross,
        "tax": 0,
        "gross": gross,
        "energy_wh": 1,
        "started": SECOND,
        "ended": SECOND,
        "issued": SECOND + revision,
        "day": "2026-01-01",
        "document": {},
    }
