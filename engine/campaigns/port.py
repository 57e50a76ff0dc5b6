"""Where campaigns are kept: what the façade asks of it and what the runner does. `memory.py` is the in-memory twin,
`engine/stores/campaigns.py` the one in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from engine.access.scope import EVERYWHERE, Scope
from engine.campaigns.course import Plan, Tally
from engine.charging.operations import Operation


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which charge points a campaign is for: those that fit all that is given. "" and None fit all.

    `tags` are the charge point's own, and it has to have all of them.
    """

    ids: tuple[str, ...] | None = None
    vendor: str = ""
    model: str = ""
    firmware: str = ""
    network: str = ""
    station: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Campaign:
    """One campaign. `description` is what a person gave as the filter. Times in microseconds.

    `network` is whose it is, None the whole installation's: who does not see all of it does not see that.
    """

    id: str
    name: str
    operation: Operation
    plan: Plan
    timeout_s: float
    state: str
    reason: str
    created_by: str
    created: int
    ended: int | None
    forgiven: int
    description: dict[str, object]
    image: str = ""
    network: str | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """One charge point of a campaign. `command` is the id of the command that it was last asked by."""

    campaign: str
    charge_point: str
    position: int
    state: str
    command: str = ""
    attempts: int = 0
    not_before: int = 0
    asked: int | None = None
    ended: int | None = None
    outcome: str = ""
    error: str = ""


class CampaignStore(Protocol):
    """Every change is one transaction. All methods raise StoreUnavailable while the store does not answer."""

    async def candidates(self, wanted: Wanted, scope: Scope = EVERYWHERE) -> list[str]:
        """The charge points in service within `scope` that fit, in the order of their ids."""
        ...

    async def create(self, campaign: Campaign, charge_points: Sequence[str]) -> None:
        """The campaign and all its targets, or nothing."""
        ...

    async def get(self, campaign: str, scope: Scope = EVERYWHERE) -> Campaign:
        """Raises NotFound, also for one outside of `scope`."""
        ...

    async def page(
        self,
        *,
        after: tuple[int, str] | None,
        limit: int,
        scope: Scope = EVERYWHERE,
        state: str | None = None,
        created_by: str | None = None,
        ascending: bool = False,
    ) -> Sequence[Campaign]:
        """Newest first, or oldest; `after` is (created, id) of the last one of the page before."""
        ...

    async def targets(self, campaign: str, *, state: str | None, after: str, limit: int) -> Sequence[Target]:
        """In the order of the charge points' ids."""
        ...

    async def tally(self, campaign: str) -> Tally: ...

    async def wish(self, campaign: str, wish: str, now: int, scope: Scope = EVERYWHERE) -> Campaign:
        """Pause, resume or cancel. Raises NotFound, Conflict."""
        ...

    # the runner's

    async def running(self) -> Sequence[Campaign]: ...

    async def asked(self) -> Sequence[tuple[Campaign, Target]]:
        """All targets whose end is not known, of campaigns in whatever state."""
        ...

    async def due(self, campaign: str, now: int, limit: int) -> Sequence[Target]:
        """Targets that wait for their turn, the first ones first."""
        ...

    async def claim(self, target: Target, command: str, now: int) -> Target | None:
        """Make it asked, under this command's id; None if it does not wait any more, or the campaign is not running."""
        ...

    async def postpone(self, target: Target, not_before: int) -> None:
        """Nothing was sent: let it wait again (or be left out, if the campaign was cancelled meanwhile)."""
        ...

    async def absent(self, campaign: str, charge_points: Sequence[str], until: int | None, now: int) -> None:
        """Those of these that wait are not there: let them wait until then; None: they end as NotConnected."""
        ...

    async def end(self, target: Target, outcome: str, error: str, now: int) -> None: ...

    async def expire(self, campaign: str, now: int) -> None:
        """End all that still wait."""
        ...

    async def close(self, campaign: str, state: str, reason: str, now: int) -> None:
        """Stop or finish a running campaign."""
        ...

    async def outcome_of(self, command: str) -> str:
        """How the ledger says that a command has ended, "" if it does not know that it has."""
        ...
