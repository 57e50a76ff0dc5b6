"""The charge point's machine: one message in, the state and what is to be done out. It knows nothing else.

Each concern has its own module; this one only says which message goes where. A state belongs to `step`, which changes
it in place and hands it back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from engine.charging import commands, connectors, costs, deviations, link, messages, registration
from engine.charging.config import MachineConfig
from engine.charging.effects import Effect
from engine.charging.kept import jobs, notices, notifications, reports, reservations
from engine.charging.messages import Message, TimerFired
from engine.charging.session import metering
from engine.charging.session import reports as reports_of_sessions
from engine.charging.session.settling import PRICE_TIMER
from engine.charging.smart import charging as smart_charging
from engine.charging.state import ChargePointState
from engine.charging.transactions import classic as transactions
from engine.charging.transactions import release
from engine.charging.transactions import told as transaction_events

__all__ = ["ChargePointState", "step"]

Handler = Callable[[ChargePointState, Any, int, MachineConfig, list[Effect]], None]

_TIMERS: dict[str, Callable[[ChargePointState, int, MachineConfig, list[Effect]], None]] = {
    link.OFFLINE_TIMER: link.grace_over,
    commands.COMMANDS_TIMER: commands.deadline_reached,
    release.FINALISE_TIMER: transactions.finalise,
    reservations.RESERVATIONS_TIMER: reservations.expire,
    reports.REPORTS_TIMER: reports.give_up,
    release.RELEASE_TIMER: release.due,
    PRICE_TIMER: release.price_due,
}


def _timer_fired(
    state: ChargePointState, message: TimerFired, now: int, config: MachineConfig, effects: list[Effect]
) -> None:
    """A timer of a name that is no more (set by an older release) is let pass."""
    due = _TIMERS.get(message.name)
    if due is not None:
        due(state, now, config, effects)


HANDLERS: Final[dict[type[Message], Handler]] = {
    messages.MetersReported: metering.meters_reported,
    messages.Heartbeat: registration.heartbeat,
    messages.StatusReported: connectors.status_reported,
    messages.StartReported: transactions.start_reported,
    messages.StopReported: transactions.stop_reported,
    messages.TransactionReported: transaction_events.event_reported,
    messages.AuthorizeAsked: registration.authorize,
    messages.Booted: registration.booted,
    messages.DataTransferred: registration.data_transferred,
    messages.Deviated: deviations.deviated,
    notices.JobReported: jobs.reported,
    notices.SecurityEventReported: notifications.security_event,
    notices.CertificateRequested: notifications.certificate_requested,
    notices.ReportPart: reports.part,
    notices.MonitorsTriggered: notifications.monitors_triggered,
    notices.LimitReported: smart_charging.limit_reported,
    notices.NeedsReported: smart_charging.needs_reported,
    notices.ScheduleReported: smart_charging.schedule_reported,
    notices.ReservationReported: reservations.reported,
    notices.Noticed: notifications.noticed,
    notices.Enquiry: notifications.enquired,
    messages.Activated: link.activated,
    messages.Connected: link.connected,
    messages.VersionRecognised: link.recognised,
    messages.Disconnected: link.disconnected,
    messages.TimerFired: _timer_fired,
    messages.CommandRequested: commands.requested,
    messages.CallAnswered: commands.answered,
    messages.CallRefused: commands.refused,
    reports_of_sessions.CostKnown: costs.cost_known,
    reports_of_sessions.ReleaseAwaited: release.awaited,
}


def step(
    state: ChargePointState, message: Message, now: int, config: MachineConfig
) -> tuple[ChargePointState, list[Effect]]:
    """Take one message at `now` (microseconds). Raises IllegalTransition only when `config.strict`."""
    effects: list[Effect] = []
    HANDLERS[type(message)](state, message, now, config, effects)
    return state, effects
