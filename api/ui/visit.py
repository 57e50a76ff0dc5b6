"""One look at one page: who looks, in which language and theme, at which network, and their way to the API."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Literal
from weakref import WeakKeyDictionary

import structlog
from fastapi import Request
from nicegui import Client, background_tasks, ui
from nicegui.elements.mixins.text_element import TextElement

from api.access.principal import Principal
from api.live.sight import Sight
from api.ui.client import Api
from api.ui.texts import OF_CLIENT
from api.web.context import Context
from engine.errors import Forbidden, Unauthenticated, Unavailable

log = structlog.get_logger("api.ui")
THEMES = ("auto", "light", "dark")
First = Literal["later", "now", "opened"]


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who makes a request for a page, before there is one. `principal` is None without a valid login."""

    context: Context
    rest: Any
    principal: Principal | None
    token: str
    address: str
    agent: str
    language: str
    theme: str
    network: str

    def api(self) -> Api:
        return Api(self.rest, self.token, self.address, self.agent)


ASKING: ContextVar[Visitor] = ContextVar("visitor")
"""Who makes the request that is being answered."""


@dataclass(eq=False)
class Visit:
    """A page that is open in a browser, from its making until the browser leaves it."""

    visitor: Visitor
    client: Client
    path: str
    api: Api
    principal: Principal
    head: ui.element | None = None
    title: TextElement | None = None
    networks: dict[str, str] = field(default_factory=dict)
    """Network → its name, of all that the person sees."""
    tasks: set[asyncio.Task[Any]] = field(default_factory=set)

    @classmethod
    def begin(cls, request: Request, client: Client, principal: Principal) -> Visit:
        visitor: Visitor = request.state.visitor
        visit = cls(visitor, client, request.url.path, visitor.api(), principal)
        _visits[client], OF_CLIENT[client] = visit, visitor.language
        client.on_delete(visit.end)
        return visit

    async def prepare(self) -> None:
        """Ask what every page's frame needs. Raises ProblemError."""
        if self.may("networks:read"):
            rows = await self.api.pages("/networks", at_most=500)
            self.networks = {row["id"]: row["name"] for row in rows}

    @property
    def context(self) -> Context:
        return self.visitor.context

    @property
    def signed_in(self) -> bool:
        return bool(self.principal.id)

    @property
    def network(self) -> str:
        """The network that the person has chosen in the header; "" for all that they see."""
        return self.visitor.network

    @property
    def query(self) -> Mapping[str, str]:
        """What stands behind the question mark in the page's address."""
        return dict(self.client.request.query_params)

    def may(self, permission: str) -> bool:
        """Whether they may anywhere. Where exactly is for the API to say."""
        return permission in self.principal.permissions

    def where(self, **more: Any) -> dict[str, Any]:
        """Parameters of a list: those given, in the chosen network."""
        return {"network": self.network or None, **more}

    def retitle(self, title: str) -> None:
        """Another title than the page was registered with, once it is known what the page is about."""
        ui.page_title(f"{title} · Raycharge")
        if self.title is not None:
            self.title.text = title

    def actions(self) -> ui.element:
        """The place beside the page's title, for buttons: `with visit.actions(): …`."""
        assert self.head is not None
        with self.head:
            return ui.element("div").classes("rc-actions")

    def sight(self, operation: str) -> Sight:
        """What they may be told live, by the permission that this operation needs. Raises Forbidden."""
        scope = self.principal.need(operation)
        sight = Sight(self.context.ports.business.places, scope, self.again, operation, self.context.recheck_s)

        async def until_end() -> None:
            await sight.wait_for_end()
            sight.end()

        self.keep(until_end())
        return sight

    async def again(self) -> Principal:
        """Who they are now. Raises Unauthenticated."""
        return await self.context.logins.check(f"Bearer {self.visitor.token}")

    def keep(self, work: Awaitable[Any]) -> asyncio.Task[Any]:
        """Have something done while the page is open. It ends with the page."""

        async def within() -> None:
            with self.client:
                await work

        task = background_tasks.create(within(), name=f"page {self.path}")
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    def every(self, seconds: float, work: Callable[[], Awaitable[None]], first: First = "later") -> None:
        """Have something done again and again while the page is open.

        `first` says when: "later" for what the page shows already, "now" while the page is being made, "opened" once
        the browser has it, for what it must not wait for. The API's refusals are shown by whoever asks; its absence is
        waited out.
        """
        opened = asyncio.Event()
        if first == "opened":
            self.client.on_connect(opened.set)
        else:
            opened.set()
        self.keep(self._repeat(seconds, work, opened, seconds if first == "later" else 0.0))

    async def _repeat(
        self, seconds: float, work: Callable[[], Awaitable[None]], opened: asyncio.Event, pause: float
    ) -> None:
        await opened.wait()
        await asyncio.sleep(pause)
        while True:
            try:
                await work()
            except Unavailable as error:
                log.warning("page_not_renewed", page=self.path, error=str(error))
            await asyncio.sleep(seconds)

    async def watch_login(self) -> None:
        """Send the browser to sign in once the login is over."""
        while True:
            await asyncio.sleep(self.context.recheck_s)
            try:
                self.principal = await self.again()
            except (Unauthenticated, Forbidden):
                ui.navigate.to(f"/sign-in?then={self.path}&why=ended")
                return
            except Unavailable as error:
                log.warning("permission_not_checked", error=str(error))

    def end(self) -> None:
        for task in list(self.tasks):
            task.cancel()


_visits: WeakKeyDictionary[Client, Visit] = WeakKeyDictionary()


def visit() -> Visit:
    """The visit of the page that is being made, or whose event is handled. Raises KeyError outside of one."""
    return _visits[ui.context.client]
