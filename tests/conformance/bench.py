"""What one case works with: a charge point and tokens of its own, its stations, an operator, and eyes.

`commanded` is what most cases need: an operator's command, what the station was asked, its answer, how it ended.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from secrets import token_hex
from typing import Any, TypeVar

from tests.conformance.station import PATIENCE_S, Answer, Dial, Station
from tests.conformance.station16 import Station16
from tests.conformance.station201 import Station201
from tests.conformance.system import SystemUnderTest
from tests.conformance.verdict import CaseFailed, holds, same

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Commanded:
    """A command from the operator's hand to its end. `request` is what the station was asked."""

    request: dict[str, Any]
    ended: dict[str, Any]

    @property
    def id(self) -> str:
        return str(self.ended["id"])

    @property
    def outcome(self) -> str:
        return str(self.ended["outcome"])


class Bench:
    """One case's. `identity` is registered without a password, `valid` is a token that is Accepted everywhere."""

    def __init__(self, system: SystemUnderTest, case: str) -> None:
        self.system, self.case = system, case
        self.identity = f"{case.removesuffix('_CSMS').replace('_', '-')}-{token_hex(3)}"
        self.valid = ""
        self.stations: list[Station] = []
        self._tasks: list[asyncio.Task[Any]] = []

    async def __aenter__(self) -> Bench:
        await self.system.register(self.identity)
        self.valid = await self.token()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        try:
            if kind is None:
                for station in self.stations:
                    station.nothing_else()
        finally:
            await asyncio.gather(*(station.close() for station in self.stations), return_exceptions=True)

    # stations and what they need -------------------------------------------------------------------------------------

    async def station16(self, connectors: int = 1, *, connect: bool = True, **dial: Any) -> Station16:
        """A connected OCPP 1.6 station; `dial` as in `dial`."""
        return await self._joined(
            Station16(self.dial(**{"offered": ("ocpp1.6",), **dial}), self.valid, connectors), connect
        )

    async def station201(self, evses: int = 1, *, connect: bool = True, **dial: Any) -> Station201:
        """A connected OCPP 2.0.1 station (2.1 with offered=("ocpp2.1",)); `dial` as in `dial`."""
        return await self._joined(
            Station201(self.dial(**{"offered": ("ocpp2.0.1",), **dial}), self.valid, evses), connect
        )

    async def station(self, *offered: str, connect: bool = True, **dial: Any) -> Station:
        """A connected station that offers these subprotocols and knows no states."""
        return await self._joined(Station(self.dial(offered=offered, **dial)), connect)

    def dial(self, *, tls: Any = None, legacy: bool = False, **changes: Any) -> Dial:
        """How a station of this case connects: plain, without a password, unless changed (see `Dial`).

        `tls` is a context of `self.system.tls`; `legacy` the port that takes static RSA suites, too.
        """
        where = self.system.addresses
        url = where.ocpp if tls is None else where.ocpp_legacy_tls if legacy else where.ocpp_tls
        if not url:
            raise CaseFailed("this case needs TLS, and the system has no address for it")
        return replace(Dial(url, self.identity, (), tls=tls), **changes)

    async def token(self, status: str = "Accepted", *, tag: str = "", **more: Any) -> str:
        """Make a token of at most 20 characters and wait until every host knows it.

        `more` as in POST /tokens (`group`, `expires_at` …); `status` is what an Authorize then says: Accepted, Blocked
        or Expired.
        """
        tag = tag or f"T{token_hex(8)}".upper()
        if status == "Expired":
            more.setdefault("expires_at", "2020-01-01T00:00:00Z")
        kept = "Blocked" if status == "Blocked" else "Accepted"
        await self.system.rest.json("POST", "/tokens", json={"id_token": tag, "status": kept, **more})
        await self.system.known(tag, status)
        return tag

    async def register(self, suffix: str, **more: Any) -> str:
        """Another charge point of this case, as POST /charge-points takes it; its id."""
        identity = f"{self.identity}-{suffix}"
        await self.system.register(identity, **more)
        return identity

    async def _joined(self, station: T, connect: bool) -> T:
        assert isinstance(station, Station)
        self.stations.append(station)
        if connect:
            await station.connect()
        return station

    # the operator ----------------------------------------------------------------------------------------------------

    def send(
        self,
        action: str,
        payload: Mapping[str, Any] | None = None,
        *,
        identity: str = "",
        timeout_s: float = 60.0,
        **more: Any,
    ) -> asyncio.Task[dict[str, Any]]:
        """A command through the raw endpoint; the task gives how it ended."""
        body = {"action": action, "payload": dict(payload or {}), "timeout_s": timeout_s, **more}
        return self.ask("POST", f"/charge-points/{identity or self.identity}/commands", body)

    def ask(self, method: str, path: str, body: Any = None) -> asyncio.Task[Any]:
        """Any request below /api/v1, while the case goes on; the task gives the JSON of a good answer."""
        given = {} if body is None else {"json": body}
        task = asyncio.create_task(self.system.rest.json(method, path, **given), name=f"{method} {path}")
        self._tasks.append(task)
        return task

    async def commanded(
        self,
        station: Station,
        action: str,
        payload: Mapping[str, Any] | None = None,
        *,
        answer: Answer,
        outcome: str | None = "Accepted",
        wanted: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> Commanded:
        """Send `action` through the raw endpoint; the station is asked, `wanted` holds, it answers, and it ends so.

        The station has to be asked exactly what was sent, whatever `wanted` says. `outcome=None`: any.
        """
        task = self.send(action, payload, identity=station.identity, **more)
        told = await self._exchanged(station, action, task, answer, outcome, wanted)
        same(told.request, dict(payload or {}), f"what the station was asked as {action}")
        return told

    async def operated(
        self,
        station: Station,
        path: str,
        body: Any = None,
        *,
        action: str,
        answer: Answer,
        outcome: str | None = "Accepted",
        wanted: Mapping[str, Any] | None = None,
        method: str = "POST",
    ) -> Commanded:
        """The same through a typed endpoint of the charge point: `path` is what follows /charge-points/{id}."""
        task = self.ask(method, f"/charge-points/{station.identity}{path}", body)
        return await self._exchanged(station, action, task, answer, outcome, wanted)

    async def _exchanged(
        self,
        station: Station,
        action: str,
        task: asyncio.Task[dict[str, Any]],
        answer: Answer,
        outcome: str | None,
        wanted: Mapping[str, Any] | None,
    ) -> Commanded:
        expecting = asyncio.create_task(station.expect(action, answer, wanted=wanted), name=f"expecting {action}")
        self._tasks.append(expecting)
        await asyncio.wait({expecting, task}, return_when=asyncio.FIRST_COMPLETED)
        if task.done() and not expecting.done():
            raise CaseFailed(f"the station was not asked {action}; the command ended first: {task.result()!r}")
        request = expecting.result()
        ended = await self.within(task, f"waiting for the end of the command {action}")
        if outcome is not None:
            holds(ended, {"outcome": outcome}, f"the end of the command {action}")
        return Commanded(request, ended)

    async def within(self, task: Awaitable[T], what: str, timeout_s: float = 90.0) -> T:
        """The result of something that was begun. Raises CaseFailed when it takes too long."""
        try:
            return await asyncio.wait_for(task, timeout_s)
        except TimeoutError:
            raise CaseFailed(f"{what}: no end within {timeout_s:.0f} s") from None

    # eyes ------------------------------------------------------------------------------------------------------------

    async def get(self, path: str, **params: Any) -> Any:
        """The JSON of a GET below /api/v1."""
        return await self.system.rest.json("GET", path, params=params)

    async def live(self, identity: str = "") -> dict[str, Any]:
        """The live state of the charge point, straight from its actor."""
        state: dict[str, Any] = await self.get(f"/charge-points/{identity or self.identity}/state")
        return state

    async def connector(self, evse: int = 1, connector: int | None = None) -> dict[str, Any]:
        """The live state of one connector, in 1.6 by its number as `evse`; {} before it has reported."""
        for each in (await self.live())["connectors"]:
            if each["evse"] == evse and connector in (None, each["connector"]):
                found: dict[str, Any] = each
                return found
        return {}

    async def sessions(self, **params: Any) -> list[dict[str, Any]]:
        """The charge point's sessions in the ledger, newest first; `state="stopped"` for only these."""
        items: list[dict[str, Any]] = (await self.get("/sessions", charge_point=self.identity, **params))["items"]
        return items

    async def session(self, transaction: object, **wanted: Any) -> dict[str, Any]:
        """The ledger's session of a transaction, once `wanted` holds in it (`state="stopped"`, `reason="Remote"`)."""

        async def found() -> dict[str, Any] | None:
            for session in await self.sessions():
                if session["transaction"] == str(transaction) and wanted.items() <= session.items():
                    return session
            return None

        async def instead() -> Any:
            return await self.sessions()

        what = f"a session of transaction {transaction}" + (f" with {wanted}" if wanted else "")
        return await self.until(found, f"{what} in the ledger", instead=instead)

    async def kept(self, what: str) -> Any:
        """What is kept of the charge point: configuration, local-list, certificates, charging-profiles …"""
        return await self.get(f"/charge-points/{self.identity}/{what}")

    async def led_to(self, command: Commanded, **wanted: Any) -> dict[str, Any]:
        """What a command led to, once there is one in which `wanted` holds (`kind="session"`, `state="done"`)."""

        async def followed() -> list[dict[str, Any]]:
            # The ledger hears of a command a moment after its end.
            answer = await self.system.rest.request("GET", f"/commands/{command.id}")
            return [] if answer.status_code == 404 else list(answer.raise_for_status().json()["followed_by"])

        async def found() -> dict[str, Any] | None:
            return next((each for each in await followed() if wanted.items() <= each.items()), None)

        return await self.until(found, f"{wanted} in what the command led to", instead=followed)

    async def until(
        self,
        ask: Callable[[], Awaitable[T | None]],
        what: str,
        *,
        within_s: float = PATIENCE_S,
        instead: Callable[[], Awaitable[Any]] | None = None,
    ) -> T:
        """The first true answer of `ask`. Raises CaseFailed with the last answer, or with `instead`."""
        deadline = time.monotonic() + within_s
        while True:
            answer = await ask()
            if answer:
                return answer
            if time.monotonic() > deadline:
                shown = answer if instead is None else await instead()
                raise CaseFailed(f"not {what} within {within_s:.0f} s: {shown!r}")
            await asyncio.sleep(0.1)

    async def reached(self, what: str, look: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The charge point's live state, once `look` is true of it."""

        async def looked() -> dict[str, Any] | None:
            state = await self.live()
            return state if look(state) else None

        return await self.until(looked, what, instead=self.live)
