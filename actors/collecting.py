"""The back office's workers for starts and payments: who takes starts along, who charges, who asks the provider."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from engine.payments.cashier import Cashier
from engine.payments.collector import Collector
from engine.payments.configured import open_provider
from engine.settings import Settings
from engine.starts.runner import StartRunner
from engine.starts.standing import forgetting_in, standing_in
from engine.starts.surroundings import Fleet, Surroundings
from engine.stores.business import Business
from engine.stores.installation_key import InstallationKey

Worker = Callable[[asyncio.Event], Awaitable[None]]


def collecting_workers(settings: Settings, key: InstallationKey, business: Business, fleet: Fleet) -> dict[str, Worker]:
    """By name. Without a provider nobody asks one; what is wanted of payments waits until there is one again."""
    surroundings = Surroundings(business.database, fleet, business.payments, standing_in(business))
    runner = StartRunner(business.starts, surroundings, fleet, business.owed, business.clock, forgetting_in(business))
    policies, running = business.payment_policies, business.owed.running
    collector = Collector(business.owed, business.payments, business.starts, policies, running)
    workers: dict[str, Worker] = {"starts": runner.run, "collector": collector.run}
    provider = open_provider(settings, key)
    if provider is not None:
        workers["cashier"] = Cashier(business.payment_desk, business.payments, provider).run
    return workers
