"""When a priced session tells its charge point what it has cost: while it charges now and then, and at its end."""

from __future__ import annotations

from decimal import Decimal

from engine.charging.config import MachineConfig
from engine.charging.effects import Effect, TellChargePoint
from engine.charging.messages import CostKnown
from engine.charging.pricing import Pricing, cost_of
from engine.charging.registers import METER_BACKWARDS, UNIT_SCALE, energy_between
from engine.charging.session_state import EventMemory, SessionState
from engine.clock import SECOND

_UNSURE = frozenset({METER_BACKWARDS, UNIT_SCALE})
"""Doubts about the energy with which nobody is told a cost."""


def running_cost_known(
    state: SessionState, pricing: Pricing, now: int, config: MachineConfig, effects: list[Effect]
) -> None:
    """The cost so far, once in an interval and where it is another than the last time."""
    if now - pricing.told_at < config.cost_interval_s * SECOND:
        return
    energy = _sure_energy(state)
    if energy is None:
        return
    cost = cost_of(pricing.price, energy)
    if cost != pricing.told:
        pricing.told, pricing.told_at = cost, now
        effects.append(TellChargePoint(CostKnown(state.session, state.transaction, cost, final=False)))


def total_cost_known(state: SessionState, memory: EventMemory, effects: list[Effect]) -> None:
    """The cost in all, if there is a price. Where the energy is not sure, no cost is told.

    A station that told all its events and no register has metered nothing that could be charged for.
    """
    if state.pricing is None:
        return
    energy = _sure_energy(state)
    if energy is None and _metered_nothing(state) and memory.begun and not memory.ahead:
        energy = Decimal(0)
    if energy is not None:
        cost = cost_of(state.pricing.price, energy)
        effects.append(TellChargePoint(CostKnown(state.session, state.transaction, cost, final=True)))


def _sure_energy(state: SessionState) -> Decimal | None:
    energy, doubts = energy_between(state.meter_start, state.register)
    return None if _UNSURE.intersection((*state.doubts, *doubts)) else energy


def _metered_nothing(state: SessionState) -> bool:
    return state.register is None and state.meter_start is None
