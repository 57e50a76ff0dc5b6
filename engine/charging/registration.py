"""BootNotification, Heartbeat, Authorize and DataTransfer: what a station says before and beside charging."""

from __future__ import annotations

from engine.charging import commands
from engine.charging.config import MachineConfig
from engine.charging.correlation import take_expected_boot
from engine.charging.effects import Append, Effect, Reply
from engine.charging.events import BootReported
from engine.charging.messages import (
    AuthorizeAnswer,
    AuthorizeAsked,
    BootAnswer,
    Booted,
    DataTransferAnswer,
    DataTransferred,
    Heartbeat,
    HeartbeatAnswer,
)
from engine.charging.state import CORE, ChargePointState
from engine.charging.transitions import REGISTRATION

_UNKNOWN_VENDOR = Reply(DataTransferAnswer("UnknownVendorId"))


def booted(state: ChargePointState, message: Booted, now: int, config: MachineConfig, effects: list[Effect]) -> None:
    """Answer with the registration's status. A boot ends no transaction and no command: it resets nothing durable.

    While the journal is away the answer is Pending and nothing is written: the station boots again after the interval,
    and writing would only pile up what that next boot tells anyway (invariant 1).
    """
    status = config.registration if message.durable else "Pending"
    registration = REGISTRATION.follow(state.registration, status, strict=config.strict) or state.registration
    state.last_seen = now
    interval = config.heartbeat_interval_s if status == "Accepted" else config.pending_interval_s
    if not message.durable:
        state.registration = registration
        effects.append(Reply(BootAnswer(status, interval, now), durable=False))
        return
    cause = take_expected_boot(state, message.reason, now)
    state.registration, state.boot, state.booted = registration, message, now
    state.shows_no_cost = False
    if status == "Accepted":
        state.invited.clear()
    state.dirty.add(CORE)
    effects.append(Append(_event(state.charge_point, message, status, now, cause)))
    effects.append(Reply(BootAnswer(status, interval, now)))
    commands.send_next(state, now, config, effects)


def _event(charge_point: str, message: Booted, status: str, now: int, command: str) -> BootReported:
    return BootReported(
        charge_point,
        now,
        status,
        message.vendor,
        message.model,
        message.serial,
        message.firmware,
        message.iccid,
        message.imsi,
        message.meter_type,
        message.meter_serial,
        message.reason,
        command,
    )


def heartbeat(
    state: ChargePointState, message: Heartbeat, now: int, config: MachineConfig, effects: list[Effect]
) -> None:
    """Tell the time. Nothing is remembered but the sign of life."""
    state.last_seen = now
    effects.append(Reply(HeartbeatAnswer(now), durable=False))


def authorize(
    state: ChargePointState, message: AuthorizeAsked, now: int, config: MachineConfig, effects: list[Effect]
) -> None:
    """Hand on the token's standing, which the host looked up. It may be shown to end what is open here."""
    state.last_seen = now
    standing = message.standing
    if standing.taken:
        standing = standing.known_here({transaction.session for transaction in state.open.values()})
    effects.append(Reply(AuthorizeAnswer(standing), durable=False))


def data_transferred(
    state: ChargePointState, message: DataTransferred, now: int, config: MachineConfig, effects: list[Effect]
) -> None:
    """No vendor's own messages are understood here; the frame itself is kept in the message log (1.6, 4.3)."""
    state.last_seen = now
    effects.append(_UNKNOWN_VENDOR)
