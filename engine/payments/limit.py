"""When what is held is to be raised while a session runs, and when the session has to stop: pure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from engine.payments.course import Account
from engine.stores.payments.policies import Policy

RAISE_FROM = Decimal("0.7")
STOP_FROM = Decimal("0.95")
"""Shares of what is held, at which the running price has it raised, and the session stopped."""


@dataclass(frozen=True, slots=True)
class RaiseTo:
    amount: Decimal


@dataclass(frozen=True, slots=True)
class StopNow:
    """No more can be held, and the price is about to reach what is."""


def next_limit(account: Account, running: Decimal, policy: Policy) -> RaiseTo | StopNow | None:
    """What to do about a session that has cost `running`; None if nothing, or not until the bank has answered."""
    if account.state != "authorised" or account.due is not None or account.released:
        return None
    if account.wanted > account.authorised and not account.raise_refused:
        return None
    ceiling = account.authorised if account.raise_refused else max(policy.ceiling, account.authorised)
    if running >= RAISE_FROM * account.authorised and account.authorised < ceiling:
        return RaiseTo(min(max(account.authorised, running) + policy.step, ceiling))
    if running >= STOP_FROM * account.authorised and account.authorised >= ceiling and policy.stop_at_limit:
        return StopNow()
    return None
