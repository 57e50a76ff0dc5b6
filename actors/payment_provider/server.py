"""The provider's API for merchants and its page for payers, over HTTP.

`POST /v1/payments` and `/v1/payments/{id}/raise|capture|void|refund` with an `Idempotency-Key` and a bearer key answer
the payment, or 402 with a reason; `GET /v1/payments/{id}` tells how it stands. `/pay/{page}` is the payer's.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from aiohttp import web

from actors.payment_provider.books import Books, OrderRefused, Row, shown
from actors.payment_provider.cards import behaviour
from actors.payment_provider.pages import POLICY, card_page, challenge_page, over_page
from actors.payment_provider.webhooks import Webhooks
from engine.clock import Clock, SystemClock

SLOWLY_S = 2.5
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Merchant:
    """Who may order: its key, where webhooks go, and what they are signed with."""

    api_key: str
    webhook_url: str
    webhook_secret: bytes


class PaymentServer:
    """`start` serves until `stop`. With port 0 the kernel chooses one: see `port`."""

    def __init__(
        self, folder: Path, bind: str, port: int, merchant: Merchant, public_url: str = "", clock: Clock | None = None
    ) -> None:
        self._bind, self.port, self._merchant, self._public_url = bind, port, merchant, public_url
        self._clock = clock or SystemClock()
        self.books = Books(folder, self._clock)
        self._runner: web.AppRunner | None = None
        self._telling: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Raises OSError if the port cannot be had."""
        app = web.Application(middlewares=[self._guard], client_max_size=65_536)
        app.router.add_post("/v1/payments", self._open)
        app.router.add_post("/v1/payments/{id}/{do:raise|capture|void|refund}", self._order)
        app.router.add_get("/v1/payments/{id}", self._show)
        app.router.add_get("/pay/{page}", self._page)
        app.router.add_post("/pay/{page}", self._paid)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._bind, self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        if self._merchant.webhook_url:
            webhooks = Webhooks(self.books, self._merchant.webhook_url, self._merchant.webhook_secret, self._clock)
            self._telling = asyncio.create_task(webhooks.run())

    async def stop(self) -> None:
        if self._telling is not None:
            self._telling.cancel()
            await asyncio.gather(self._telling, return_exceptions=True)
        if self._runner is not None:
            await self._runner.cleanup()
        self.books.close()

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            if request.path.startswith("/v1/"):
                given = request.headers.get("Authorization", "").encode()
                if not hmac.compare_digest(given, f"Bearer {self._merchant.api_key}".encode()):
                    raise OrderRefused(401, "unauthenticated")
            return await handler(request)
        except OrderRefused as refused:
            return web.json_response({"reason": refused.reason}, status=refused.status)

    # for merchants ---------------------------------------------------------------------------------------------------

    async def _open(self, request: web.Request) -> web.Response:
        body = await _body(request, ("own_id", "amount", "currency", "description", "return_url"))
        _amount(body["amount"])
        return self._answer(self.books.order(_key(request), body, lambda: self.books.open(body)))

    async def _order(self, request: web.Request) -> web.Response:
        kind, payment = request.match_info["do"], request.match_info["id"]
        self.books.payment(payment)
        body = await _body(request, () if kind == "void" else ("amount",))
        amount = Decimal(0) if kind == "void" else _amount(body["amount"])
        works: Mapping[str, Callable[[], Row]] = {
            "raise": lambda: self.books.raised(payment, amount),
            "capture": lambda: self.books.captured(payment, amount),
            "void": lambda: self.books.voided(payment),
            "refund": lambda: self.books.refunded(payment, amount),
        }
        asked = {"do": kind, "payment": payment, "amount": str(amount)}
        answered = self.books.order(_key(request), asked, works[kind])
        await self._take_time(payment)
        return self._answer(answered)

    async def _show(self, request: web.Request) -> web.Response:
        row = self.books.payment(request.match_info["id"])
        await self._take_time(row["id"])
        return self._answer((200, shown(row)))

    async def _take_time(self, payment: str) -> None:
        if self.books.payment(payment)["behaviour"] == "slow":
            await asyncio.sleep(SLOWLY_S)

    def _answer(self, answered: tuple[int, Mapping[str, Any]]) -> web.Response:
        status, body = answered
        whole = dict(body)
        for part in (whole, whole.get("payment")):
            if isinstance(part, dict) and "page" in part:
                page = part.pop("page")
                part["action_url"] = f"{self._base()}/pay/{page}" if part["status"] == "action_required" else ""
        return web.json_response(whole, status=status)

    def _base(self) -> str:
        return self._public_url or f"http://{self._bind}:{self.port}"

    # for payers ------------------------------------------------------------------------------------------------------

    async def _page(self, request: web.Request) -> web.Response:
        row = self.books.page(request.match_info["page"])
        if row["status"] != "action_required":
            return _html(over_page(row))
        return _html(challenge_page(row) if row["behaviour"] == "challenge" else card_page(row))

    async def _paid(self, request: web.Request) -> web.Response:
        page, form = request.match_info["page"], await request.post()
        row, wish = self.books.page(page), form.get("do", "pay")
        if wish in ("cancel", "deny"):
            row = self.books.turn_down(page, "payer_cancelled" if wish == "cancel" else "authentication_failed")
        elif wish == "confirm":
            row = self.books.pay(page, row["behaviour"], row["last_digits"], confirmed=True)
        else:
            number = str(form.get("card", ""))
            does = behaviour(number)
            if not does:
                return _html(card_page(row, "This is no card number."), 422)
            row = self.books.pay(page, does, number.strip()[-4:])
        if row["status"] == "action_required":
            raise web.HTTPSeeOther(request.path)
        raise web.HTTPSeeOther(row["return_url"] or request.path)


def _html(text: str, status: int = 200) -> web.Response:
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return web.Response(text=text, content_type="text/html", status=status, headers=headers)


def _key(request: web.Request) -> str:
    key = request.headers.get("Idempotency-Key", "")
    if not 8 <= len(key) <= 200:
        raise OrderRefused(400, "Idempotency-Key is missing")
    return key


async def _body(request: web.Request, names: tuple[str, ...]) -> dict[str, str]:
    try:
        body = await request.json()
        return {name: str(body[name]) for name in names}
    except (ValueError, KeyError, TypeError) as error:
        raise OrderRefused(400, f"{error!r}") from error


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation as error:
        raise OrderRefused(400, "amount is no number") from error
    if not amount.is_finite() or amount <= 0:
        raise OrderRefused(400, "amount is not positive")
    return amount
