"""The connection that counts, and what becomes of a station without one (invariant 3)."""

from __future__ import annotations

from engine.charging import commands, deviations
from engine.charging.config import MachineConfig
from engine.charging.effects import Append, CancelTimer, Effect, SetTimer
from engine.charging.events import LinkChanged
from engine.charging.kept import reports, reservations
from engine.charging.messages import Activated, Connected, Disconnected, VersionRecognised
from engine.charging.state import CORE, ChargePointState
from engine.charging.transactions import classic as transactions
from engine.charging.transactions import release
from engine.charging.transitions import LINK
from engine.clock import SECOND

OFFLINE_TIMER = "offline"


def connected(
    state: ChargePointState, message: Connected, now: int, config: MachineConfig, effects: list[Effect]
) -> None:
    """A newer connection number wins; an older or equal one changes nothing."""
    if message.connection <= state.connection:
        deviations.note(state, deviations.STALE_CONNECTION, f"connected {message.connection}", now, effects)
        return
    link = LINK.follow(state.link, "connected", strict=config.strict) or "connected"
    state.connection, state.subprotocol, state.remote = message.connection, message.subprotocol, message.remote
    state.last_seen, state.offline_at = now, 0
    effects.append(CancelTimer(OFFLINE_TIMER))
    _change(state, link, 0, "", now, effects)
    commands.connection_lost(state, now, config, effects)
    commands.send_next(state, now, config, effects)


def recognised(
    state: ChargePointState, message: VersionRecognised, now: int, config: MachineConfig, effects: list[Effect]
) -> None:
    """The station speaks another version than it negotiated: what it really speaks is what is shown and composed in."""
    if message.subprotocol == state.subprotocol:
        return
    state.subprotocol = message.subprotocol
    _tell(state, 0, "speaks another version than it negotiated", now, effects)
    commands.send_next(state, now, config, effects)


def disconnected(
    state: ChargePointState, message: Disconnected, now: int, config: MachineConfig, effects: list[Effect]
) -> None:
    """The end of the present connection starts the grace period; the end of any other is only noticed."""
    if message.connection != state.connection or state.link != "connected":
        deviations.note(state, deviations.STALE_CONNECTION, f"disconnected {message.connection}", now, effects)
        return
    link = LINK.follow(state.link, "disconnected", strict=config.strict) or "reconnecting"
    state.offline_at = now + int(config.offline_grace_s * SECOND)
    effects.append(SetTimer(OFFLINE_TIMER, state.offline_at))
    _change(state, link, message.code, message.reason, now, effects)
    commands.connection_lost(state, now, config, effects)


def activated(
    state: ChargePointState, message: Activated, now: int, config: MachineConfig, effects: list[Effect]
) -> None:
    """Wake up without a socket: arm all timers again from the deadlines in the state.

    A command that was sent by the former activation ends in TimedOut: whether the station got it nobody knows, and its
    answer cannot come here.
    """
    link = LINK.follow(state.link, "activated", strict=config.strict) or state.link
    if link == "reconnecting":
        if state.link != "reconnecting":
            state.offline_at = now + int(config.offline_grace_s * SECOND)
            _change(state, link, 0, "activated without a socket", now, effects)
        effects.append(SetTimer(OFFLINE_TIMER, state.offline_at))
    commands.connection_lost(state, now, config, effects)
    commands.restored(state, now, config, effects)
    commands.arm(state, effects)
    transactions.arm(state, effects)
    release.restored(state, now, config, effects)
    reservations.arm(state, effects)
    reports.arm(state, effects)


def grace_over(state: ChargePointState, now: int, config: MachineConfig, effects: list[Effect]) -> None:
    """The station did not come back in time. A timer that was overtaken by a reconnect changes nothing."""
    if state.link != "reconnecting":
        return
    if now < state.offline_at:
        effects.append(SetTimer(OFFLINE_TIMER, state.offline_at))
        return
    link = LINK.follow(state.link, "grace over", strict=config.strict) or "offline"
    state.offline_at = 0
    _change(state, link, 0, "", now, effects)


def _change(state: ChargePointState, link: str, code: int, reason: str, now: int, effects: list[Effect]) -> None:
    state.link, state.link_since = link, now
    _tell(state, code, reason, now, effects)


def _tell(state: ChargePointState, code: int, reason: str, now: int, effects: list[Effect]) -> None:
    state.dirty.add(CORE)
    told = (state.link, state.connection, state.subprotocol, state.remote, code, reason)
    effects.append(Append(LinkChanged(state.charge_point, now, *told)))
