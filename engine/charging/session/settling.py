"""What a priced session has cost so far, and the moment from which nothing more changes that: said exactly once."""

from __future__ import annotations

from engine.charging.config import MachineConfig
from engine.charging.effects import Append, Effect, SetTimer, TellChargePoint
from engine.charging.events import SessionSettled
from engine.charging.session.bill import cost_of, course_of
from engine.charging.session.course import doubt, tell
from engine.charging.session.marks import freeze, stated
from engine.charging.session.messages import Joined, Released
from engine.charging.session.pricing import Pricing
from engine.charging.session.registers import UNKNOWN_TRANSACTION, as_text, energy_between
from engine.charging.session.reports import CostKnown, ReleaseAwaited
from engine.charging.session.state import SessionState
from engine.clock import SECOND
from engine.tariffs.course import IDLE
from engine.tariffs.stored import stored_course, stored_tariff

PRICE_TIMER = "price"

UNPLUGGED = "EVDisconnected"
"""A Stop for this reason leaves nobody behind who could block the connector (1.6 and 2.x)."""


def flows(
    state: SessionState, pricing: Pricing, cause: str, at: int, now: int, config: MachineConfig, effects: list[Effect]
) -> None:
    """The station says what goes on. While that is idleness which costs something, its price is told each minute."""
    if stated(state, pricing, cause, at) and pricing.flow in IDLE and pricing.idle_costs:
        effects.append(SetTimer(PRICE_TIMER, now + int(config.cost_interval_s * SECOND)))


def price_due(state: SessionState, now: int, config: MachineConfig, effects: list[Effect]) -> None:
    """A minute is over."""
    pricing = state.pricing
    if pricing is None or not pricing.idle_costs or pricing.flow not in IDLE:
        return
    if state.closing is not None and state.closing.settled:
        return
    tell(state, now, now, effects)
    if state.events is not None:
        show_running_cost(state, pricing, now, now, config, effects)
    effects.append(SetTimer(PRICE_TIMER, now + int(config.cost_interval_s * SECOND)))


def show_running_cost(
    state: SessionState, pricing: Pricing, at: int, now: int, config: MachineConfig, effects: list[Effect]
) -> None:
    """The cost up to `at` for the station's display, once in an interval and where it is another than the last time."""
    if now - pricing.shown_at < config.cost_interval_s * SECOND:
        return
    cost = cost_of(state, pricing, at)
    if cost is not None and cost != pricing.shown:
        pricing.shown, pricing.shown_at, state.dirty = cost, now, True
        effects.append(TellChargePoint(CostKnown(state.session, state.transaction, cost, final=False)))


def stopped(state: SessionState, now: int, config: MachineConfig, effects: list[Effect]) -> None:
    """After a Stop (1.6): settled, unless the car may still block the connector at a price.

    A Stop whose transaction nobody knew may be joined by its Start: it is settled when it is final.
    """
    freeze(state, config)
    closing, pricing = state.closing, state.pricing
    if closing is None or UNKNOWN_TRANSACTION in state.doubts:
        return
    if pricing is not None and pricing.idle_costs and closing.reason != UNPLUGGED:
        awaited = ReleaseAwaited(state.session, state.evse, state.connector, closing.stopped)
        effects.append(TellChargePoint(awaited))
    else:
        settle(state, closing.stopped, now, config, effects)


def joined(state: SessionState, message: Joined, now: int, config: MachineConfig, effects: list[Effect]) -> None:
    """The Start has come after all: with it the session can be priced, as of its Stop."""
    if state.closing is None or state.closing.settled:
        return
    state.evse, state.connector, state.transaction = message.evse, message.connector, message.transaction
    state.id_token, state.authorisation = message.id_token, message.authorisation
    state.meter_start, state.started, state.doubts = message.meter_start, message.started, message.doubts
    state.pricing = None if config.tariffs.nothing else Pricing(group=message.group)
    settle(state, state.closing.stopped, now, config, effects)


def released(state: SessionState, message: Released, now: int, config: MachineConfig, effects: list[Effect]) -> None:
    """The connector is free, or taken for free."""
    if message.doubt:
        doubt(state, message.doubt)
    settle(state, message.at, now, config, effects)


def settle(state: SessionState, ended: int, now: int, config: MachineConfig, effects: list[Effect]) -> None:
    """Say what the session is billed by, if that was not said yet. `ended` is when its connector was free."""
    closing = state.closing
    if closing is None or closing.settled:
        return
    freeze(state, config)
    closing.settled, state.dirty = True, True
    ended = max(ended, closing.stopped)
    pricing, tariff, course, total, currency = state.pricing, None, None, None, ""
    if pricing is not None and pricing.tariff is not None and state.started is not None:
        ended = max(ended, state.started)
        tariff, currency = stored_tariff(pricing.tariff), pricing.tariff.currency
        course = stored_course(course_of(state, pricing, ended))
        pricing.cost = cost_of(state, pricing, ended, ended)
        total = as_text(pricing.cost)
    event = SessionSettled(
        state.charge_point,
        state.session,
        state.evse,
        state.connector,
        state.transaction,
        state.id_token,
        state.command,
        state.started,
        closing.stopped,
        ended,
        as_text(energy_between(state.meter_start, state.register)[0]),
        closing.reason,
        state.doubts,
        tariff,
        course,
        total,
        currency,
        now,
    )
    effects.append(Append(event))
