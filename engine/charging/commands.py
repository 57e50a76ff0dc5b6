"""Commands in flight: one CALL at a time, in the order they came, each ended exactly once (design, section 5).

"Sent" is in the snapshot and in the journal before the frame leaves; a sent command is never sent again. When the
connection over which it went is gone, its answer can come no more (OCPP-J answers on the connection of the call), so it
ends in TimedOut at once instead of keeping the others waiting.
"""

from __future__ import annotations

from engine.charging import admission, correlation, deviations
from engine.charging.config import MachineConfig
from engine.charging.effects import Append, CancelTimer, CommandEnded, Effect, SendCall, SetTimer
from engine.charging.events import CommandAsked, CommandChanged, CommandOutcome
from engine.charging.intents import COST, RESET
from engine.charging.kept import learning
from engine.charging.messages import CallAnswered, CallRefused, CommandRequested, Json
from engine.charging.secrecy import is_hidden, redacted
from engine.charging.state import CORE, ChargePointState, Command
from engine.charging.transitions import COMMAND
from engine.clock import SECOND

COMMANDS_TIMER = "commands"

_CANNOT = frozenset({"NotImplemented", "NotSupported"})

KEPT_ENDED = 32
"""How many ended commands are remembered, to know a late answer and a request that is asked again."""


def requested(
    state: ChargePointState, message: CommandRequested, now: int, config: MachineConfig, effects: list[Effect]
) -> None:
    """Queue a command, or end it at once where it cannot be carried out. Asked again, it is told how it ended."""
    if message.command in state.ended:
        effects.append(CommandEnded(message.command, state.ended[message.command]))
        return
    if any(command.command == message.command for command in state.commands):
        return
    command = Command(
        message.command,
        message.action,
        message.payload,
        message.deadline,
        message.requested_by,
        subprotocol=message.subprotocol,
        patience_s=message.patience_s,
        intent=message.intent,
    )
    replaced = [other for other in state.commands if _duplicates(command, other)]
    if message.asked is not None:
        effects.append(Append(CommandAsked(state.charge_point, message.command, now, message.asked)))
    effects.append(Append(_event(state, command, "requested", "", now)))
    state.commands.append(command)
    for other in replaced:
        _end(state, other, CommandOutcome.SUPERSEDED, now, config, effects)
    if message.deadline <= now:
        _end(state, command, CommandOutcome.EXPIRED, now, config, effects)
    elif not message.wait and state.link != "connected":
        _end(state, command, CommandOutcome.NOT_CONNECTED, now, config, effects)
    elif not message.wait and admission.held_back(state, command.intent):
        _end(state, command, CommandOutcome.REJECTED, now, config, effects)
    state.dirty.add(CORE)
    send_next(state, now, config, effects)


def _duplicates(new: Command, other: Command) -> bool:
    """A reset that waits is replaced by the same reset: two of them would restart the station twice.

    A cost that waits is replaced by the newer cost of its transaction.
    """
    if other.state != "requested" or new.intent.kind != other.intent.kind:
        return False
    if new.intent.kind == COST:
        return new.intent.transaction == other.intent.transaction
    return new.intent.kind == RESET and dict(new.payload) == dict(other.payload)


def withdraw_costs(
    state: ChargePointState, transaction: str, now: int, config: MachineConfig, effects: list[Effect]
) -> None:
    """The transaction has ended: what it had cost before is no news any more."""
    for command in list(state.commands):
        waits = command.state == "requested" and command.intent.kind == COST
        if waits and command.intent.transaction == transaction:
            _end(state, command, CommandOutcome.SUPERSEDED, now, config, effects)


def _foreign(state: ChargePointState, command: Command) -> bool:
    """The station has come back with another version than that in whose words the command waits."""
    return command.subprotocol not in ("", state.subprotocol)


def send_next(state: ChargePointState, now: int, config: MachineConfig, effects: list[Effect]) -> None:
    """Send the first command that may go, if none is under way; set the timer to the next deadline."""
    if state.link == "connected" and not any(command.state == "sent" for command in state.commands):
        for command in list(state.commands):
            if command.deadline <= now:
                _end(state, command, CommandOutcome.EXPIRED, now, config, effects)
            elif _foreign(state, command):
                _end(state, command, CommandOutcome.REJECTED, now, config, effects)
            elif not admission.held_back(state, command.intent):
                _send(state, command, now, config, effects)
                break
    arm(state, effects)


def _send(state: ChargePointState, command: Command, now: int, config: MachineConfig, effects: list[Effect]) -> None:
    command.state = COMMAND.follow(command.state, "sent", strict=config.strict) or "sent"
    patience = command.patience_s or config.call_timeout_s
    command.expires = min(command.deadline, now + int(patience * SECOND))
    payload, command.payload = command.payload, redacted(command.payload)
    window = config.patient_window_s if command.intent.patient else config.correlation_window_s
    until = now + int(window * SECOND)
    correlation.expect(state, command.command, command.intent, until)
    admission.invite(state, command.intent, until)
    state.dirty.add(CORE)
    effects.append(Append(_event(state, command, "sent", "", now)))
    effects.append(SendCall(command.command, command.action, payload, command.expires))


def arm(state: ChargePointState, effects: list[Effect]) -> None:
    """Set the timer to the earliest deadline of all commands in flight."""
    if state.commands:
        effects.append(SetTimer(COMMANDS_TIMER, min(command.expires or command.deadline for command in state.commands)))


def deadline_reached(state: ChargePointState, now: int, config: MachineConfig, effects: list[Effect]) -> None:
    """End what was sent and not answered in time, and what waited too long; then go on with the next."""
    for command in list(state.commands):
        if command.state == "sent" and command.expires <= now:
            _end(state, command, CommandOutcome.TIMED_OUT, now, config, effects)
        elif command.state == "requested" and command.deadline <= now:
            _end(state, command, CommandOutcome.EXPIRED, now, config, effects)
    send_next(state, now, config, effects)


def connection_lost(state: ChargePointState, now: int, config: MachineConfig, effects: list[Effect]) -> None:
    """The connection is another or none: what was sent ends in TimedOut."""
    for command in list(state.commands):
        if command.state == "sent":
            _end(state, command, CommandOutcome.TIMED_OUT, now, config, effects)


def restored(state: ChargePointState, now: int, config: MachineConfig, effects: list[Effect]) -> None:
    """After a restart: end what cannot be sent any more, because its secret was kept in memory only."""
    for command in list(state.commands):
        if command.state == "requested" and is_hidden(command.payload):
            _end(state, command, CommandOutcome.NOT_CONNECTED, now, config, effects)


def answered(
    state: ChargePointState, message: CallAnswered, now: int, config: MachineConfig, effects: list[Effect]
) -> None:
    """The station's CALLRESULT: Accepted, Rejected or Failed, as its version reads it."""
    command = _sent(state, message.command, now, effects)
    if command is None:
        return
    state.last_seen = now
    for fact in message.facts:
        learning.learn(state, fact, command.command, now, effects)
    _end(state, command, message.outcome, now, config, effects, message.payload)
    send_next(state, now, config, effects)


def refused(
    state: ChargePointState, message: CallRefused, now: int, config: MachineConfig, effects: list[Effect]
) -> None:
    """The station's CALLERROR: Failed."""
    command = _sent(state, message.command, now, effects)
    if command is None:
        return
    state.last_seen = now
    details = {"code": message.code, "description": message.description, "details": message.details}
    error = (message.code, message.description)
    if command.intent.kind == COST and message.code in _CANNOT:
        state.shows_no_cost = True
    _end(state, command, CommandOutcome.FAILED, now, config, effects, details, error)
    send_next(state, now, config, effects)


def _sent(state: ChargePointState, command_id: str, now: int, effects: list[Effect]) -> Command | None:
    for command in state.commands:
        if command.command == command_id and command.state == "sent":
            return command
    deviations.note(state, deviations.LATE_ANSWER, command_id, now, effects)
    return None


def _end(
    state: ChargePointState,
    command: Command,
    outcome: str,
    now: int,
    config: MachineConfig,
    effects: list[Effect],
    answer: Json = None,
    error: tuple[str, str] = ("", ""),
) -> None:
    command.state = COMMAND.follow(command.state, outcome, strict=config.strict) or "ended"
    state.commands.remove(command)
    state.ended[command.command] = outcome
    if len(state.ended) > KEPT_ENDED:
        del state.ended[next(iter(state.ended))]
    if outcome in (CommandOutcome.REJECTED, CommandOutcome.FAILED):
        correlation.expect_no_more(state, command.command)
    state.dirty.add(CORE)
    shown = redacted(answer)
    effects.append(Append(_event(state, command, "ended", outcome, now, shown, error)))
    effects.append(CommandEnded(command.command, outcome, shown))
    if not state.commands:
        effects.append(CancelTimer(COMMANDS_TIMER))


def _event(
    state: ChargePointState,
    command: Command,
    phase: str,
    outcome: str,
    now: int,
    answer: Json = None,
    error: tuple[str, str] = ("", ""),
) -> CommandChanged:
    return CommandChanged(
        state.charge_point,
        command.command,
        command.action,
        phase,
        outcome,
        command.requested_by,
        command.deadline,
        now,
        redacted(command.payload),
        answer,
        *error,
    )
