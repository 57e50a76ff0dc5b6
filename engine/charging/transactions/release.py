"""After the Stop (1.6): whether the car still blocks the connector, for sessions that this costs something.

    Stop ──► Finishing, SuspendedEV, SuspendedEVSE within a minute ──► any other status, or another Start: settled
      │                                          └────────────────────► nothing of the kind for a day: settled, a doubt
      └────► nothing of the kind within a minute: settled as of the Stop

What is waited for lies in the station's snapshot, so that another host goes on waiting.
"""

from __future__ import annotations

from engine.charging.config import MachineConfig
from engine.charging.effects import Effect, SetTimer, TellSession
from engine.charging.session.messages import ConnectorMoved, PriceDue, Released
from engine.charging.session.registers import NO_RELEASE
from engine.charging.session.reports import ReleaseAwaited
from engine.charging.session.settling import PRICE_TIMER
from engine.charging.state import TX, ChargePointState, Occupied
from engine.clock import SECOND

RELEASE_TIMER = "release"
FINALISE_TIMER = "finalise"

_BLOCKED = frozenset({"Finishing", "SuspendedEV", "SuspendedEVSE"})
_UNDECIDED = frozenset({"unknown", "Preparing", "Charging"})
"""What a connector may still show right after the Stop, before the station says what becomes of it."""


def awaited(
    state: ChargePointState, message: ReleaseAwaited, now: int, config: MachineConfig, effects: list[Effect]
) -> None:
    """A session has stopped. A connector that is free already has nothing to say any more."""
    connector = state.connectors.get((message.evse, message.connector))
    status = "unknown" if connector is None else connector.status
    if status in _BLOCKED or status in _UNDECIDED:
        blocked = status in _BLOCKED
        due = now + int((config.release_s if blocked else config.finishing_s) * SECOND)
        state.occupied[message.session] = Occupied(message.evse, message.connector, message.stopped, due, blocked)
        state.dirty.add(TX)
        arm(state, effects)
    else:
        effects.append(TellSession(message.session, Released(message.stopped)))


def moved(
    state: ChargePointState,
    place: tuple[int, int],
    message: ConnectorMoved,
    now: int,
    config: MachineConfig,
    effects: list[Effect],
) -> None:
    """The connector says something: whoever waits for it takes it for free, or waits on."""
    for session, occupied in _at(state, place):
        if message.status in _BLOCKED:
            effects.append(TellSession(session, message))
            occupied.blocked = True
            occupied.due = now + int(config.release_s * SECOND)
            state.dirty.add(TX)
            arm(state, effects)
        else:
            _free(state, session, message.at.believed, now, effects)


def taken(state: ChargePointState, place: tuple[int, int], at: int, now: int, effects: list[Effect]) -> None:
    """Another transaction has begun there."""
    for session, _ in _at(state, place):
        _free(state, session, at, now, effects)


def due(state: ChargePointState, now: int, config: MachineConfig, effects: list[Effect]) -> None:
    """Nothing was heard in time. Idleness that never ended lasts to the station's last sign of life, and is a doubt."""
    for session, occupied in list(state.occupied.items()):
        if occupied.due > now:
            continue
        if occupied.blocked:
            heard = now if state.link == "connected" else min(now, max(state.last_seen, occupied.stopped))
            _free(state, session, heard, now, effects, NO_RELEASE)
        else:
            _free(state, session, occupied.stopped, now, effects)
    arm(state, effects)


def arm(state: ChargePointState, effects: list[Effect]) -> None:
    """Set the timer to when the first one has waited long enough."""
    if state.occupied:
        effects.append(SetTimer(RELEASE_TIMER, min(occupied.due for occupied in state.occupied.values())))


def price_due(state: ChargePointState, now: int, config: MachineConfig, effects: list[Effect]) -> None:
    """A minute is over: sessions to which time may cost something say what they have cost."""
    for transaction in state.open.values():
        effects.append(TellSession(transaction.session, PriceDue()))
    for session in state.occupied:
        effects.append(TellSession(session, PriceDue()))


def restored(state: ChargePointState, now: int, config: MachineConfig, effects: list[Effect]) -> None:
    """Another host goes on."""
    arm(state, effects)
    if state.open or state.occupied:
        effects.append(SetTimer(PRICE_TIMER, now + int(config.cost_interval_s * SECOND)))


def _at(state: ChargePointState, place: tuple[int, int]) -> list[tuple[str, Occupied]]:
    return [
        (session, occupied)
        for session, occupied in state.occupied.items()
        if (occupied.evse, occupied.connector) == place
    ]


def _free(state: ChargePointState, session: str, at: int, now: int, effects: list[Effect], doubt: str = "") -> None:
    del state.occupied[session]
    state.dirty.add(TX)
    effects.append(TellSession(session, Released(at, doubt)))
    # It may be final by now.
    effects.append(SetTimer(FINALISE_TIMER, now))
