"""What all actors of one host share, and the registry of those actors.

A host (a Ray actor) holds one runtime; a test may hold one without Ray. The runtime owns the journal's committer, the
timers, the token book and the actors by id. It knows neither sockets nor Ray.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import structlog

from actors.charge_point import ChargePointActor
from actors.commands import CommandWaiters, Ended
from actors.conversation import Conversation
from actors.enquiries import Enquiries
from actors.loop_watch import Freezer
from actors.numbers import TransactionNumbers
from actors.timers import Timers
from engine.charging.config import MachineConfig
from engine.charging.effects import Operate
from engine.charging.events import ActorFailed
from engine.charging.messages import CommandRequested
from engine.charging.operations import Operation, StartCharging
from engine.clock import SECOND, Clock, SystemClock
from engine.enquiries.configured import providers
from engine.errors import InvalidInput, JournalUnavailable, NotFound
from engine.ids import new_id, partition_of
from engine.journal.activation import Activation
from engine.journal.committer import Committer
from engine.journal.encoding import event_records
from engine.journal.port import Claim, Journal, Located
from engine.ocpp.frames import Limits
from engine.ocpp.port import Circumstances, OcppVersion
from engine.ocpp.quirks import TRIGGER_PATIENCE_S, TRIGGERS, Quirk, Tolerances, load_quirks
from engine.ocpp.version import DEFAULT_SUBPROTOCOL, VERSIONS
from engine.security.presence import signs_certificates
from engine.settings import Settings
from engine.stores.admissions import AdmissionBook, MemoryAdmissions
from engine.stores.tariffs.book import TariffBook, fallback_of
from engine.stores.tokens.book import UNKNOWN, TokenBook
from engine.tariffs.held import HeldTariffs

log = structlog.get_logger("runtime")
ADOPTIONS_AT_ONCE = 64
COMMAND_GRACE_S = 5.0
"""How much longer than its deadline a command's requester waits: the outcome has to be committed first."""


OURSELVES = "raycharge"
"""Who asked for a command that no person asked for."""


def _composed(operation: Operation, version: OcppVersion) -> tuple[str, dict[str, Any]]:
    action, payload = version.compose(operation)
    return action, version.validate_call(action, payload)


class Runtime:
    """Everything of a host but its sockets. `on_taken_over(host, charge_point, epoch)` tells a former holder."""

    def __init__(
        self,
        name: str,
        incarnation: str,
        settings: Settings,
        journal: Journal,
        tokens: TokenBook,
        *,
        admissions: AdmissionBook | None = None,
        tariffs: TariffBook | None = None,
        clock: Clock | None = None,
        on_taken_over: Callable[[str, str, int], None] | None = None,
        on_lost: Callable[[BaseException], None] | None = None,
    ) -> None:
        self.name = name
        self.incarnation = incarnation
        self.settings = settings
        self.journal = journal
        self.tokens = tokens
        self.admissions = admissions or AdmissionBook(MemoryAdmissions())
        self.tariffs = tariffs or TariffBook(fallback=fallback_of(settings))
        self.clock = clock or SystemClock()
        self.timers = Timers(self.clock)
        self.commands = CommandWaiters()
        self.numbers = TransactionNumbers(journal)
        self.committer = Committer(journal, incarnation, on_lost=on_lost)
        self.freezer = Freezer()
        self.limits = Limits(settings.max_frame_bytes, settings.max_json_depth)
        self.machine = MachineConfig(
            heartbeat_interval_s=settings.heartbeat_interval_s,
            offline_grace_s=settings.offline_grace_s,
            call_timeout_s=settings.call_timeout_s,
            signs_certificates=signs_certificates(settings),
        )
        self.tariffs.follow(self._tariffs_changed)
        self.circumstances = Circumstances(0, lambda _: UNKNOWN, self.numbers.take, new_id)
        self.message_log = settings.message_log
        self.quirks = load_quirks(settings.quirks)
        self.enquiries = Enquiries(providers(settings, self.clock))
        self.actors: dict[str, ChargePointActor] = {}
        self.actor_failures = 0
        self.quarantines = 0
        self.activations = 0
        self._on_taken_over = on_taken_over

    def _tariffs_changed(self, held: HeldTariffs) -> None:
        """Sessions that begin from now on are priced by these."""
        self.machine = replace(self.machine, tariffs=held)

    async def start(self) -> None:
        """Reserve transaction numbers: the first Start must not wait for them. Raises JournalUnavailable."""
        await self.numbers.fill()

    async def stop(self) -> None:
        """Commit what is under way (as long as the journal answers) and end."""
        try:
            await asyncio.wait_for(self.committer.flush(), timeout=5.0)
        except TimeoutError:
            log.warning("stopped_with_backlog", bytes=self.committer.backlog_bytes)
        self.timers.stop()
        self.freezer.stop()
        await self.committer.aclose()
        await self.enquiries.aclose()

    def tolerances_of(self, actor: ChargePointActor) -> Tolerances | None:
        """What a station of this make needs, by its last boot; None if it needs nothing special."""
        boot = actor.state.boot
        if boot is None:
            return self.quirks.of(actor.id)
        return self.quirks.of(actor.id, boot.vendor, boot.model, boot.firmware)

    def machine_of(self, charge_point: str) -> MachineConfig:
        """The machine's settings for this charge point: an operator may have it wait at its next boot."""
        registration = self.admissions.registration(charge_point)
        return self.machine if registration is None else replace(self.machine, registration=registration)

    # actors ----------------------------------------------------------------------------------------------------------

    def actor(self, charge_point: str, *, over: int | None = None) -> ChargePointActor:
        """The charge point's actor in this host, made and claiming if there is none."""
        actor = self.actors.get(charge_point)
        if actor is None:
            actor = self.actors[charge_point] = ChargePointActor(self, charge_point)
            actor.activate(over)
        return actor

    async def still_ours(self, charge_point: str) -> None:
        """Before a reconnect is taken for one to this very activation: end ours if another host has claimed since."""
        actor = self.actors.get(charge_point)
        if actor is None or not self.committer.available:
            return
        try:
            located = await asyncio.wait_for(self.journal.locate(charge_point), timeout=2.0)
        except (JournalUnavailable, TimeoutError):
            return
        if located is not None and actor.phase == "live" and located.epoch > actor.activation.epoch:
            actor.stale(actor.activation.epoch)

    async def adopt(self, held: list[Located]) -> int:
        """Wake up actors that the directory gives to a host that is no more; those claimed meanwhile are left alone."""
        gate = asyncio.Semaphore(ADOPTIONS_AT_ONCE)

        async def wake(located: Located) -> bool:
            async with gate:
                if located.charge_point in self.actors:
                    return False
                return await self.actor(located.charge_point, over=located.epoch).activated()

        woken = await asyncio.gather(*(wake(located) for located in held))
        return sum(woken)

    def release(self, charge_point: str, epoch: int) -> None:
        """Another host has claimed with `epoch`: end ours if it is older."""
        actor = self.actors.get(charge_point)
        if actor is not None and actor.phase == "live" and actor.activation.epoch < epoch:
            actor.stale(actor.activation.epoch)

    # what actors call ------------------------------------------------------------------------------------------------

    def new_activation(self, actor: ChargePointActor, epoch: int) -> Activation:
        """One epoch's side of the committer."""
        partition = partition_of(actor.id, self.journal.partitions)
        return Activation(actor.id, partition, epoch, on_stale=partial(actor.stale, epoch))

    def new_conversation(self, subprotocol: str) -> Conversation:
        """The RPC of one connection."""
        return Conversation(self, VERSIONS[subprotocol])

    async def claim(self, charge_point: str, over: int | None) -> Claim:
        """Claim in the directory; the former holder, if it is another host, is told."""
        claim = await self.journal.claim(charge_point, self.name, self.incarnation, over=over)
        if claim.won and claim.previous and claim.previous != self.name and self._on_taken_over is not None:
            self._on_taken_over(claim.previous, charge_point, claim.epoch)
        return claim

    def restored(self, actor: ChargePointActor, claim: Claim) -> None:
        """An actor has come to life."""
        self.tokens.open.at(actor.id, actor.state)
        self.activations += 1
        self.freezer.activated()

    def forget(self, actor: ChargePointActor) -> None:
        """An actor has ended."""
        if self.actors.get(actor.id) is actor:
            del self.actors[actor.id]
            self.commands.left(actor.id)
            self.tokens.open.gone(actor.id)

    def quarantined(self, actor: ChargePointActor, error: str) -> None:
        """Too many failures: put on record under the epoch that the actor last had."""
        self.quarantines += 1
        log.error("actor_quarantined", charge_point=actor.id, error=error[:500])
        event = ActorFailed(actor.id, self.clock.now(), "quarantined", error[:2000])
        self.committer.enqueue(actor.activation, event_records(event))

    # commands --------------------------------------------------------------------------------------------------------

    async def command(
        self,
        charge_point: str,
        command: str,
        action: str,
        payload: dict[str, Any],
        timeout_s: float,
        wait: bool,
        requested_by: str,
        asked: Mapping[str, Any] | None = None,
    ) -> Ended:
        """Have a command carried out and return its outcome. Raises NotFound if another host has the activation."""
        call = action, payload
        return await self._carried_out(charge_point, command, lambda _: call, timeout_s, wait, requested_by, asked)

    async def operate(
        self,
        charge_point: str,
        command: str,
        operation: Operation,
        timeout_s: float,
        wait: bool,
        requested_by: str,
        asked: Mapping[str, Any] | None = None,
    ) -> Ended:
        """As `command`, for an operation in the words of the version that the station speaks (or last spoke).

        Raises InvalidInput where that version cannot do it.
        """

        if isinstance(operation, StartCharging):
            token = operation.id_token.text
            if self.tokens.standing(token, charge_point).status == "Invalid":
                # Made for this start alone, maybe: the station will ask about it before the change is heard of.
                await self.tokens.learn(token, charge_point)
        composed = partial(_composed, operation)
        return await self._carried_out(charge_point, command, composed, timeout_s, wait, requested_by, asked)

    def own_command(self, actor: ChargePointActor, effect: Operate) -> CommandRequested | None:
        """What a machine wants of its station; None where the station's version has no words for it."""
        composed = partial(_composed, effect.operation)
        try:
            return self._requested(actor, effect.command, composed, effect.deadline, False, OURSELVES)
        except InvalidInput as error:
            log.info("operation_without_words", charge_point=actor.id, kind=effect.operation.kind, why=error.message)
            return None

    async def _carried_out(
        self,
        charge_point: str,
        command: str,
        compose: Callable[[OcppVersion], tuple[str, dict[str, Any]]],
        timeout_s: float,
        wait: bool,
        requested_by: str,
        asked: Mapping[str, Any] | None = None,
    ) -> Ended:
        located = await self.journal.locate(charge_point) if charge_point not in self.actors else None
        if located is not None and located.host != self.name and located.host in await self.journal.leases():
            # It is alive and has the socket: waking the actor up here would take the station away from it.
            raise NotFound(f"{charge_point} is activated in {located.host}.")
        actor = self.actor(charge_point, over=located.epoch if located is not None else 0)
        if not await actor.activated():
            raise NotFound(f"{charge_point} is activated elsewhere.")
        deadline = self.clock.now() + int(timeout_s * SECOND)
        request = self._requested(actor, command, compose, deadline, wait, requested_by, asked)
        ended = asyncio.ensure_future(self.commands.wait(command, charge_point, timeout_s + COMMAND_GRACE_S))
        # The waiter must be there before the machine can end the command.
        await asyncio.sleep(0)
        actor.step(request)
        return replace(await ended, action=request.action)

    def _requested(
        self,
        actor: ChargePointActor,
        command: str,
        compose: Callable[[OcppVersion], tuple[str, dict[str, Any]]],
        deadline: int,
        wait: bool,
        requested_by: str,
        asked: Mapping[str, Any] | None = None,
    ) -> CommandRequested:
        """The request with what the station's version knows of such a call. Raises InvalidInput."""
        subprotocol = actor.state.subprotocol or DEFAULT_SUBPROTOCOL
        version = VERSIONS.get(subprotocol, VERSIONS[DEFAULT_SUBPROTOCOL])
        action, payload = compose(version)
        intent, patience_s = version.intent(action, payload), version.timeout_s(action)
        tolerances = self.tolerances_of(actor)
        if action in TRIGGERS and tolerances is not None and Quirk.NO_TRIGGERS in tolerances.quirks:
            patience_s = TRIGGER_PATIENCE_S
        return CommandRequested(
            command, action, payload, deadline, wait, requested_by, intent, patience_s, actor.state.subprotocol, asked
        )

    # for people ------------------------------------------------------------------------------------------------------

    def describe(self, limit: int, after: str) -> list[dict[str, Any]]:
        """Logical actors in order of id."""
        ids = sorted(key for key in self.actors if key > after)[:limit]
        return [self.actors[key].describe() for key in ids]
