"""The façade's ports in memory: for tests, and for trying the façade without a system behind it.

`ports(key)` gives a whole set. Rows are put in by hand (`MemoryLedger.rows`, `MemoryFleet.views`, …) or through the
port's own methods. They obey the same contract as the real ones: order, paging, NotFound and Conflict.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any, TypeVar

from api.message_log import MemoryMessages
from api.ports import (
    ChargePoint,
    CommandRow,
    Component,
    FacadePorts,
    LiveEvent,
    MeterPoint,
    Position,
    Sample,
    SessionFilter,
    SessionRow,
    Token,
    User,
    View,
)
from api.security_events import MemorySecurityEvents
from api.security_memory import MemoryAuthority, MemorySecrets
from engine.campaigns.memory import MemoryCampaigns
from engine.charging.operations import Operation
from engine.clock import SECOND, Clock, SystemClock
from engine.errors import Conflict, NotFound, StoreUnavailable
from engine.ocpp.version import DEFAULT_SUBPROTOCOL, VERSIONS
from engine.stores.files.exchange import FileExchange
from engine.stores.files.memory import MemoryCatalogue
from engine.stores.files.port import MemoryFiles

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class MemoryResult:
    """A CommandResult."""

    outcome: str
    payload: Any = None
    error_code: str = ""
    error_description: str = ""
    action: str = ""


@dataclass
class MemoryFleet:
    """Live states that are put in by hand. `answer` decides how commands end; `asked` keeps what was wanted."""

    views: dict[str, View] = field(default_factory=dict)
    members: list[Mapping[str, Any]] = field(default_factory=list)
    answer: Callable[[str, str, Mapping[str, Any]], tuple[str, Any]] = lambda *_: ("Accepted", {"status": "Accepted"})
    kept_views: dict[tuple[str, str], Any] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    async def state(self, charge_point: str) -> View | None:
        return self.views.get(charge_point)

    async def states(self, charge_points: Sequence[str]) -> dict[str, View]:
        return {name: self.views[name] for name in charge_points if name in self.views}

    async def kept(self, charge_point: str, what: str, request: int | None = None) -> Any:
        found = self.kept_views.get((charge_point, what))
        if request is None or found is None:
            return found
        return [row for row in found if row["request"] == request]

    async def command(
        self,
        charge_point: str,
        action: str,
        payload: Mapping[str, Any],
        *,
        timeout_s: float,
        wait: bool,
        requested_by: str,
        command_id: str,
    ) -> MemoryResult:
        self.asked.append(
            {"charge_point": charge_point, "action": action, "payload": payload, "timeout_s": timeout_s, "wait": wait}
            | {"requested_by": requested_by, "command_id": command_id}
        )
        if charge_point not in self.views and not wait:
            return MemoryResult("NotConnected", action=action)
        outcome, answer = self.answer(charge_point, action, payload)
        return MemoryResult(outcome, answer, action=action)

    async def operate(
        self,
        charge_point: str,
        operation: Operation,
        *,
        timeout_s: float,
        wait: bool,
        requested_by: str,
        command_id: str,
    ) -> MemoryResult:
        subprotocol = self.views.get(charge_point, {}).get("subprotocol", DEFAULT_SUBPROTOCOL)
        action, payload = VERSIONS[subprotocol].compose(operation)
        return await self.command(
            charge_point,
            action,
            payload,
            timeout_s=timeout_s,
            wait=wait,
            requested_by=requested_by,
            command_id=command_id,
        )

    async def fresh_number(self) -> int:
        return next(self.numbers)

    async def hosts(self) -> Sequence[Mapping[str, Any]]:
        return self.members


class MemoryRegistry:
    """Charge points, tokens and users in dictionaries. Passwords are kept as salted digests, as cheap as tests need."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._charge_points: dict[str, ChargePoint] = {}
        self._tokens: dict[str, Token] = {}
        self._users: dict[str, tuple[User, bytes]] = {}

    async def charge_points(self, *, after: str, limit: int, retired: bool = False) -> Sequence[ChargePoint]:
        wanted = (row for row in self._charge_points.values() if row.id > after and (retired or row.retired is None))
        return sorted(wanted, key=lambda row: row.id)[:limit]

    async def charge_point(self, charge_point: str) -> ChargePoint:
        return _found(self._charge_points, charge_point, "charge point")

    async def add_charge_point(
        self,
        charge_point: str,
        *,
        name: str,
        isolation: str,
        password: str | bytes | None,
        security_profile: int | None = None,
        certificate_name: str | None = None,
    ) -> ChargePoint:
        _free(self._charge_points, charge_point, "charge point")
        profile = int(password is not None) if security_profile is None else security_profile
        row = ChargePoint(
            charge_point, name, isolation, profile, self._clock.now(), certificate_name=certificate_name or None
        )
        return self._charge_points.setdefault(charge_point, row)

    async def change_charge_point(self, charge_point: str, changes: Mapping[str, Any]) -> ChargePoint:
        row = self._in_service(charge_point)
        plain = {name: value for name, value in changes.items() if name != "password"}
        if "password" in changes and "security_profile" not in changes:
            plain["security_profile"] = 0 if changes["password"] is None else max(row.security_profile, 1)
        self._charge_points[charge_point] = changed = replace(row, **plain)
        return changed

    async def retire_charge_point(self, charge_point: str) -> None:
        self._charge_points[charge_point] = replace(self._in_service(charge_point), retired=self._clock.now())

    def _in_service(self, charge_point: str) -> ChargePoint:
        row = _found(self._charge_points, charge_point, "charge point")
        if row.retired is not None:
            raise Conflict("This charge point has been retired.", field="id", remedy="Register a new one.")
        return row

    async def tokens(self, *, after: str, limit: int) -> Sequence[Token]:
        return sorted((row for row in self._tokens.values() if row.id > after), key=lambda row: row.id)[:limit]

    async def add_token(self, token: Token) -> Token:
        _free(self._tokens, token.id, "token")
        return self._tokens.setdefault(token.id, token)

    async def change_token(self, token: str, changes: Mapping[str, Any]) -> Token:
        self._tokens[token] = changed = replace(_found(self._tokens, token, "token"), **changes)
        return changed

    async def user(self, user_id: str) -> User:
        return _found(self._users, user_id, "user")[0]

    async def authenticate(self, email: str, password: str) -> User | None:
        for user, secret in self._users.values():
            if user.email == email.lower() and user.active and hmac.compare_digest(secret, _digest(user.id, password)):
                return user
        return None

    def put_user(self, user: User, password: str) -> User:
        """Add or replace a user."""
        self._users[user.id] = user, _digest(user.id, password)
        return user


def _digest(salt: str, password: str) -> bytes:
    return hashlib.sha256(f"{salt}\0{password}".encode()).digest()


def _found(rows: Mapping[str, Row], key: str, what: str) -> Row:
    if key not in rows:
        raise NotFound(f"No {what} has this id.", field="id")
    return rows[key]


def _free(rows: Mapping[str, Any], key: str, what: str) -> None:
    if key in rows:
        raise Conflict(f"There is a {what} with this id.", field="id", remedy="Choose another id.")


@dataclass
class MemoryLedger:
    """Sessions and commands that are put in by hand."""

    rows: list[SessionRow] = field(default_factory=list)
    ended: list[CommandRow] = field(default_factory=list)

    async def sessions(self, wanted: SessionFilter, *, after: Position | None, limit: int) -> Sequence[SessionRow]:
        found = [row for row in self.rows if _matches(row, wanted)]
        found.sort(key=lambda row: (row.ordering, row.id), reverse=True)
        return [row for row in found if after is None or (row.ordering, row.id) < after][:limit]

    async def session(self, session: str) -> SessionRow:
        return _found({row.id: row for row in self.rows}, session, "session")

    async def commands(self, charge_point: str, *, after: Position | None, limit: int) -> Sequence[CommandRow]:
        found = [row for row in self.ended if row.charge_point == charge_point]
        found.sort(key=lambda row: (row.requested, row.id), reverse=True)
        return [row for row in found if after is None or (row.requested, row.id) < after][:limit]

    async def command(self, command: str) -> CommandRow:
        return _found({row.id: row for row in self.ended}, command, "command")


def _matches(row: SessionRow, wanted: SessionFilter) -> bool:
    return (
        wanted.charge_point in (None, row.charge_point)
        and wanted.state in (None, row.state)
        and (wanted.since is None or (row.started is not None and row.started >= wanted.since))
        and (wanted.until is None or (row.started is not None and row.started < wanted.until))
    )


@dataclass
class MemoryAnalytics:
    """Meter points by session, put in by hand."""

    points: dict[str, list[MeterPoint]] = field(default_factory=dict)

    async def meter_curve(
        self, session: SessionRow, *, measurand: str | None, step_s: int | None, limit: int
    ) -> Sequence[MeterPoint]:
        found = [p for p in self.points.get(session.id, ()) if measurand in (None, p.measurand)]
        found.sort(key=lambda point: point.at)
        if step_s is None:
            return found[:limit]
        steps: dict[tuple[Any, ...], MeterPoint] = {}
        for point in found:
            key = (point.at // (step_s * SECOND), point.measurand, point.phase, point.location, point.unit)
            samples = steps[key].samples + point.samples if key in steps else point.samples
            steps[key] = replace(point, samples=samples)
        return sorted(steps.values(), key=lambda point: point.at)[:limit]


class MemoryLive:
    """A live feed within one process: `publish` reaches everyone who reads `events` at that moment."""

    def __init__(self) -> None:
        self._readers: set[asyncio.Queue[LiveEvent | None]] = set()

    @property
    def readers(self) -> int:
        return len(self._readers)

    def publish(self, event: LiveEvent) -> None:
        for queue in self._readers:
            queue.put_nowait(event)

    def interrupt(self) -> None:
        """Break off for everyone who reads now, as when Redis goes away."""
        for queue in self._readers:
            queue.put_nowait(None)

    async def events(self) -> AsyncIterator[LiveEvent]:
        queue: asyncio.Queue[LiveEvent | None] = asyncio.Queue()
        self._readers.add(queue)
        try:
            while (event := await queue.get()) is not None:
                yield event
            raise StoreUnavailable("The live feed was interrupted.")
        finally:
            self._readers.discard(queue)


@dataclass
class MemoryFrames:
    """One live feed of frames a charge point, made when it is asked for."""

    feeds: dict[str, MemoryLive] = field(default_factory=dict)

    def __call__(self, charge_point: str) -> MemoryLive:
        return self.feeds.setdefault(charge_point, MemoryLive())


@dataclass
class MemoryHealth:
    """Components that are put in by hand."""

    parts: list[Component] = field(default_factory=list)
    reason: str = ""

    async def components(self) -> Sequence[Component]:
        return self.parts

    def not_durable(self) -> str:
        return self.reason


@dataclass
class MemoryMetrics:
    """Samples that are put in by hand."""

    samples: list[Sample] = field(default_factory=list)

    async def collect(self) -> Sequence[Sample]:
        return self.samples


def allow_any_call(subprotocol: str, action: str, payload: Mapping[str, Any]) -> None:
    """A CallCheck that knows no schema."""


def ports(signing_key: bytes, clock: Clock | None = None) -> FacadePorts:
    """A whole set of empty ones."""
    clock = clock or SystemClock()
    return FacadePorts(
        fleet=MemoryFleet(),
        check_call=allow_any_call,
        registry=MemoryRegistry(clock),
        ledger=MemoryLedger(),
        analytics=MemoryAnalytics(),
        messages=MemoryMessages(),
        live=MemoryLive(),
        frames=MemoryFrames(),
        files=FileExchange(MemoryFiles(), MemoryCatalogue(), "http://facade", clock=clock),
        health=MemoryHealth(),
        metrics=MemoryMetrics(),
        campaigns=MemoryCampaigns(),
        secrets=MemorySecrets(),
        authority=MemoryAuthority(clock),
        security_events=MemorySecurityEvents(),
        signing_key=signing_key,
        clock=clock,
    )
