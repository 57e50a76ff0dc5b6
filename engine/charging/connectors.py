"""StatusNotification: the connectors' states, and what they mean for a session that is open there."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from engine.charging import deviations, drift
from engine.charging.config import MachineConfig
from engine.charging.effects import Append, Effect, Reply, TellSession
from engine.charging.events import StatusChanged
from engine.charging.kept.notices import ProblemReported
from engine.charging.messages import Acknowledged, Instant, StatusReported
from engine.charging.session.messages import ConnectorMoved
from engine.charging.state import CORE, ChargePointState, Connector
from engine.charging.transactions import release
from engine.charging.transactions.classic import open_at
from engine.charging.transitions import CONNECTOR

ACKNOWLEDGED: Final = Reply(Acknowledged())

MAX_CONNECTORS = 256
"""More than any station has; a station that counts on is answered and journalled, but no longer remembered."""

_OCCUPIED = frozenset({"Preparing", "Charging", "SuspendedEV", "SuspendedEVSE", "Finishing"})
_DRIVES_SESSION = frozenset({"Charging", "SuspendedEV", "SuspendedEVSE", "Finishing"})


def status_reported(
    state: ChargePointState, message: StatusReported, now: int, config: MachineConfig, effects: list[Effect]
) -> None:
    """Take on what the station says, in the order in which it says it (its queue is first in, first out).

    One that is said again, because its answer got lost, is answered again and nothing else.
    """
    take_on(state, message, now, config, effects)
    effects.append(ACKNOWLEDGED)


def take_on(
    state: ChargePointState, message: StatusReported, now: int, config: MachineConfig, effects: list[Effect]
) -> None:
    """Make the status the connector's. An illegal step too: the station knows it better than our table."""
    key = (message.evse, message.connector)
    connector = state.connectors.get(key)
    if message.occupied and connector is not None and connector.status in _OCCUPIED:
        message = replace(message, status=connector.status)
    if connector is not None and _is_repeat(connector, message):
        state.last_seen = now
        return
    previous = "unknown" if connector is None else connector.status
    changed = previous != message.status
    legal = not changed or CONNECTOR.follow(previous, message.status, strict=config.strict) is not None
    state.last_seen = now
    drift.observe(state, message.at, config)
    if not legal:
        detail = f"{message.evse}/{message.connector}: {previous} to {message.status}"
        deviations.note(state, deviations.ILLEGAL_TRANSITION, detail, now, effects)
    if connector is None:
        if len(state.connectors) < MAX_CONNECTORS:
            connector = state.connectors[key] = Connector()
        else:
            deviations.note(state, deviations.TOO_MANY_CONNECTORS, f"{key}", now, effects)
    if connector is not None:
        _update(connector, message, changed)
    state.dirty.add(CORE)
    effects.append(Append(_event(state.charge_point, message, previous)))
    session = open_at(state, message.evse, message.connector)
    if changed and session and message.status in _DRIVES_SESSION:
        effects.append(TellSession(session, ConnectorMoved(message.status, message.at)))
    if changed and state.occupied:
        moved = ConnectorMoved(message.status, message.at)
        release.moved(state, (message.evse, message.connector), moved, now, config, effects)


def told_beside(
    state: ChargePointState,
    told: StatusReported | ProblemReported,
    now: int,
    config: MachineConfig,
    effects: list[Effect],
) -> None:
    """A status or problem among the device model's events (2.x, G01, G05). They may have queued: no old news."""
    connector = state.connectors.get((told.evse, told.connector))
    if connector is not None and told.at.believed < connector.since:
        return
    if isinstance(told, StatusReported):
        take_on(state, told, now, config, effects)
    elif connector is not None and connector.error != told.error:
        same = StatusReported(told.evse, told.connector, connector.status, told.error, told.at, connector.info)
        take_on(state, same, now, config, effects)


def follow_transaction(
    state: ChargePointState, place: tuple[int, int], status: str, at: Instant, effects: list[Effect]
) -> None:
    """What a transaction tells of an occupied connector, of which a 2.x station's status says no more (G01).

    A connector that is not occupied, or has changed since, is left as it said.
    """
    connector = state.connectors.get(place)
    if connector is None or connector.status not in _OCCUPIED or connector.status == status:
        return
    if at.believed < connector.since or CONNECTOR.after(connector.status, status) is None:
        return
    told = StatusReported(*place, status, connector.error, at, connector.info)
    effects.append(Append(_event(state.charge_point, told, connector.status)))
    said = connector.said
    _update(connector, told, changed=True)
    connector.said = said
    state.dirty.add(CORE)


def _is_repeat(connector: Connector, message: StatusReported) -> bool:
    """Whether this very status is the connector's last one. Without a timestamp of its own that cannot be told."""
    return (
        message.at.said is not None
        and message.at.said == connector.said
        and message.status == connector.status
        and message.error == connector.error
        and message.info == connector.info
        and message.vendor_error == connector.vendor_error
    )


def _update(connector: Connector, message: StatusReported, changed: bool) -> None:
    if changed:
        connector.since = message.at.believed
        connector.power = None
    connector.status, connector.error, connector.info = message.status, message.error, message.info
    connector.said, connector.vendor_error = message.at.said, message.vendor_error


def _event(charge_point: str, message: StatusReported, previous: str) -> StatusChanged:
    return StatusChanged(
        charge_point,
        message.evse,
        message.connector,
        message.status,
        previous,
        message.error,
        message.info,
        message.vendor,
        message.vendor_error,
        message.at.said,
        message.at.believed,
        message.at.received,
    )
