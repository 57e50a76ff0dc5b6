"""What a session has cost goes to its station: while it charges by a command, in the end by the answer to the Ended."""

from __future__ import annotations

import hashlib

from engine.charging import commands
from engine.charging.config import MachineConfig
from engine.charging.effects import Effect, Operate, Reply
from engine.charging.messages import TransactionAnswer
from engine.charging.operations import ShowCost
from engine.charging.session.reports import CostKnown
from engine.charging.state import TX, ChargePointState
from engine.charging.transactions import memory
from engine.clock import SECOND


def cost_known(
    state: ChargePointState, message: CostKnown, now: int, config: MachineConfig, effects: list[Effect]
) -> None:
    """Show a running cost; answer the Ended that is being handled with the final one, and remember that.

    A station that once said that it cannot show a running cost is not asked again before its next boot.
    """
    if not message.final:
        if state.shows_no_cost:
            return
        command = hashlib.blake2b(f"{message.session}\x00{now}".encode(), digest_size=16).hexdigest()
        deadline = now + int(config.call_timeout_s * SECOND)
        effects.append(Operate(command, ShowCost(message.transaction, message.cost), deadline))
        return
    commands.withdraw_costs(state, message.transaction, now, config, effects)
    found = memory.of_number(state, message.transaction)
    if found is None:
        return
    index, transaction = found
    transaction.total_cost = message.cost
    memory.replace(state, index, transaction)
    state.dirty.add(TX)
    effects.append(Reply(TransactionAnswer(transaction.stop_standing, message.cost)))
