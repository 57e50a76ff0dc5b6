"""The façade's ports in memory: for tests, and for trying the façade without a system behind it.

`ports(key)` gives a whole set. Rows are put in by hand (`MemoryLedger.rows`, `MemoryFleet.views`, …) or through the
port's own methods. They obey the same contract as the real ones: order, paging, NotFound and Conflict.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from typing import Any, TypeVar

from argon2 import PasswordHasher

from api.memory.security import MemoryAuthority, MemorySecrets
from api.ports.facade import (
    GAP,
    ChargePoint,
    CommandFilter,
    CommandRow,
    Component,
    FacadePorts,
    LiveEvent,
    MeterPoint,
    Position,
    Sample,
    SessionFilter,
    SessionRow,
    StatusRow,
    View,
)
from api.ports.messages import MemoryMessages
from api.ports.security_events import MemorySecurityEvents
from engine.access.scope import Scope
from engine.campaigns.memory import MemoryCampaigns
from engine.charging.operations import Operation
from engine.clock import SECOND, Clock, SystemClock
from engine.errors import NotFound, StoreUnavailable
from engine.ocpp.version import DEFAULT_SUBPROTOCOL, VERSIONS
from engine.stores.audit import keep_line
from engine.stores.business import open_business
from engine.stores.changes import PubSubChangeFeed
from engine.stores.files.exchange import FileExchange
from engine.stores.files.memory import MemoryCatalogue
from engine.stores.files.port import MemoryFiles
from engine.stores.installation_key import InstallationKey
from engine.stores.kept_book import HeardAtOnce
from engine.stores.passwords import Passwords
from engine.stores.pubsub import MemoryPubSub
from engine.stores.registry import NewChargePoint, Registry
from engine.stores.sql.engine import Database

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
    keep: Callable[[Mapping[str, Any]], Awaitable[None]] | None = None
    """Takes the audit log's lines, as the ledger does."""

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
        asked: Mapping[str, Any] | None = None,
    ) -> MemoryResult:
        self.asked.append(
            {"charge_point": charge_point, "action": action, "payload": payload, "timeout_s": timeout_s, "wait": wait}
            | {"requested_by": requested_by, "command_id": command_id}
        )
        if asked is not None and self.keep is not None:
            await self.keep(asked)
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
        asked: Mapping[str, Any] | None = None,
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
            asked=asked,
        )

    async def fresh_number(self) -> int:
        return next(self.numbers)

    async def hosts(self) -> Sequence[Mapping[str, Any]]:
        return self.members


class MemoryRegistry:
    """Charge points, put in and looked up."""

    def __init__(self, charge_points: Registry) -> None:
        self._charge_points = charge_points

    async def charge_point(self, charge_point: str) -> ChargePoint:
        return await self._charge_points.get(charge_point)

    async def add_charge_point(
        self, charge_point: str, *, name: str, isolation: str, password: str | bytes | None
    ) -> ChargePoint:
        """Register one."""
        return await self._charge_points.create(NewChargePoint(charge_point, name, isolation=isolation), password)

    async def retire_charge_point(self, charge_point: str) -> None:
        """Retire one."""
        await self._charge_points.retire(charge_point)


def _found(rows: Mapping[str, Row], key: str, what: str) -> Row:
    if key not in rows:
        raise NotFound(f"No {what} has this id.", field="id")
    return rows[key]


@dataclass
class MemoryLedger:
    """Sessions and commands that are put in by hand, and the networks of charge points that belong to one."""

    rows: list[SessionRow] = field(default_factory=list)
    ended: list[CommandRow] = field(default_factory=list)
    networks: dict[str, str] = field(default_factory=dict)

    async def sessions(
        self, wanted: SessionFilter, *, scope: Scope, after: Position | None, limit: int
    ) -> Sequence[SessionRow]:
        found = [row for row in self.rows if _matches(row, wanted) and self._within(scope, row)]
        if not wanted.ascending:
            return _page(found, lambda row: (row.ordering, row.id), True, after, limit)
        # Those without a start come last in this order, too.
        last = 2**62
        place = None if after is None else (last if after[0] < 0 else after[0], after[1])
        return _page(found, lambda row: (last if row.started is None else row.started, row.id), False, place, limit)

    async def session(self, session: str, scope: Scope) -> SessionRow:
        return _found({row.id: row for row in self.rows if self._within(scope, row)}, session, "session")

    async def commands(
        self, charge_point: str, wanted: CommandFilter, *, after: Position | None, limit: int
    ) -> Sequence[CommandRow]:
        found = [row for row in self.ended if row.charge_point == charge_point and _asked_for(row, wanted)]
        return _page(found, lambda row: (row.requested, row.id), not wanted.ascending, after, limit)

    async def command(self, command: str, scope: Scope) -> CommandRow:
        return _found({row.id: row for row in self.ended if self._within(scope, row)}, command, "command")

    def _within(self, scope: Scope, row: SessionRow | CommandRow) -> bool:
        return scope.covers(self.networks.get(row.charge_point))


def _page(
    rows: list[Row], place: Callable[[Row], Position], descending: bool, after: Position | None, limit: int
) -> list[Row]:
    ordered = sorted(rows, key=place, reverse=descending)
    beyond = [row for row in ordered if after is None or (place(row) < after if descending else place(row) > after)]
    return beyond[:limit]


def _asked_for(row: CommandRow, wanted: CommandFilter) -> bool:
    return (
        wanted.action in (None, row.action)
        and wanted.state in (None, row.state)
        and wanted.outcome in (None, row.outcome)
        and wanted.requested_by in (None, row.requested_by)
        and (wanted.since is None or row.requested >= wanted.since)
        and (wanted.until is None or row.requested < wanted.until)
    )


def _matches(row: SessionRow, wanted: SessionFilter) -> bool:
    return (
        wanted.charge_point in (None, row.charge_point)
        and wanted.state in (None, row.state)
        and wanted.id_token in (None, row.id_token)
        and wanted.network in (None, row.network)
        and wanted.running in (None, row.stopped is None)
        and wanted.trouble in (None, bool(row.doubts))
        and (wanted.since is None or (row.started is not None and row.started >= wanted.since))
        and (wanted.until is None or (row.started is not None and row.started < wanted.until))
    )


@dataclass
class MemoryAnalytics:
    """Meter points by session and statuses by charge point, put in by hand."""

    points: dict[str, list[MeterPoint]] = field(default_factory=dict)
    told: dict[str, list[StatusRow]] = field(default_factory=dict)

    async def statuses(self, charge_point: str, *, since: int, until: int, limit: int) -> Sequence[StatusRow]:
        rows = [row for row in self.told.get(charge_point, ()) if since <= row.at < until]
        return sorted(rows, key=lambda row: row.at)[:limit]

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
        self.meters_wanted = 0

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
            yield GAP
            while (event := await queue.get()) is not None:
                yield event
            raise StoreUnavailable("The live feed was interrupted.")
        finally:
            self._readers.discard(queue)

    async def want_meters(self) -> None:
        """Nobody counts here who wants them: whoever publishes some has them told."""
        self.meters_wanted += 1
        try:
            await asyncio.Event().wait()
        finally:
            self.meters_wanted -= 1


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


def ports(signing_key: bytes, database: Database, clock: Clock | None = None) -> FacadePorts:
    """A whole set of empty ones. The operator's business has no twins: it is in `database`, which has its schema."""
    clock = clock or SystemClock()
    feed = HeardAtOnce(PubSubChangeFeed(MemoryPubSub()))
    # As cheap as argon2 can be: nothing is kept safe here.
    passwords = Passwords(hasher=PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    business = open_business(database, feed, InstallationKey(signing_key[:32]), passwords, clock)
    feed.books = (*business.books, business.offers)
    return FacadePorts(
        fleet=MemoryFleet(keep=partial(keep_line, database)),
        check_call=allow_any_call,
        registry=MemoryRegistry(business.charge_points),
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
        business=business,
        signing_key=signing_key,
        clock=clock,
    )
