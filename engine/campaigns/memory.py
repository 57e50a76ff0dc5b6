"""The in-memory twin of the campaigns' store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from engine.access.scope import EVERYWHERE, Scope
from engine.campaigns import course
from engine.campaigns.course import Tally
from engine.campaigns.port import Campaign, Target, Wanted
from engine.charging.events import CommandOutcome
from engine.errors import NotFound


@dataclass
class MemoryCampaigns:
    """`charge_points` are those in service with (vendor, model, firmware); `ledger` tells how commands ended.

    `networks` has the networks of the charge points that belong to one, `stations` and `tags` theirs.
    """

    charge_points: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    networks: dict[str, str] = field(default_factory=dict)
    stations: dict[str, str] = field(default_factory=dict)
    tags: dict[str, frozenset[str]] = field(default_factory=dict)
    ledger: dict[str, str] = field(default_factory=dict)
    rows: dict[str, Campaign] = field(default_factory=dict)
    of: dict[tuple[str, str], Target] = field(default_factory=dict)

    async def candidates(self, wanted: Wanted, scope: Scope = EVERYWHERE) -> list[str]:
        ids = None if wanted.ids is None else {name.lower() for name in wanted.ids}
        said = (wanted.vendor, wanted.model, wanted.firmware)
        return sorted(
            name
            for name, known in self.charge_points.items()
            if (ids is None or name.lower() in ids)
            and scope.covers(self.networks.get(name))
            and wanted.network in ("", self.networks.get(name))
            and wanted.station in ("", self.stations.get(name))
            and self.tags.get(name, frozenset()) >= {tag.lower() for tag in wanted.tags}
            and all(not text or text.lower() == value.lower() for text, value in zip(said, known, strict=True))
        )

    async def create(self, campaign: Campaign, charge_points: Sequence[str]) -> None:
        self.rows[campaign.id] = campaign
        for number, name in enumerate(charge_points):
            self.of[campaign.id, name] = Target(campaign.id, name, number, course.WAITING)

    async def get(self, campaign: str, scope: Scope = EVERYWHERE) -> Campaign:
        if campaign not in self.rows or not scope.covers(self.rows[campaign].network):
            raise NotFound("No campaign has this id.", field="id")
        return self.rows[campaign]

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
        seen = [
            row
            for row in self.rows.values()
            if scope.covers(row.network) and state in (None, row.state) and created_by in (None, row.created_by)
        ]
        rows = [(row.created, row.id, row) for row in seen]
        rows.sort(key=lambda row: row[:2], reverse=not ascending)
        beyond = (row for row in rows if after is None or (row[:2] > after if ascending else row[:2] < after))
        return [row[2] for row in beyond][:limit]

    async def targets(self, campaign: str, *, state: str | None, after: str, limit: int) -> Sequence[Target]:
        found = [t for t in self._all(campaign) if t.charge_point > after and state in (None, t.state)]
        return sorted(found, key=lambda target: target.charge_point)[:limit]

    async def tally(self, campaign: str) -> Tally:
        counts = dict.fromkeys(("waiting", "asked", "succeeded", "failed", "unreached", "skipped"), 0)
        for target in self._all(campaign):
            counts[_kind(target)] += 1
        last = max((target.asked or 0 for target in self._all(campaign)), default=0)
        known = self.rows.get(campaign)
        return Tally(**counts, forgiven=known.forgiven if known else 0, last_asked=last)

    async def wish(self, campaign: str, wish: str, now: int, scope: Scope = EVERYWHERE) -> Campaign:
        known = await self.get(campaign, scope)
        reached = course.after(known.state, wish)
        changed = replace(known, state=reached, reason="")
        if known.state == course.STOPPED and reached == course.RUNNING:
            changed = replace(changed, forgiven=(await self.tally(campaign)).failed)
        if reached == course.CANCELLED:
            changed = replace(changed, ended=known.ended or now)
            for target in self._all(campaign):
                if target.state == course.WAITING:
                    self._put(replace(target, state=course.SKIPPED, ended=now))
        self.rows[campaign] = changed
        return changed

    async def running(self) -> Sequence[Campaign]:
        return [row for row in self.rows.values() if row.state == course.RUNNING]

    async def asked(self) -> Sequence[tuple[Campaign, Target]]:
        return [(self.rows[t.campaign], t) for t in self.of.values() if t.state == course.ASKED]

    async def due(self, campaign: str, now: int, limit: int) -> Sequence[Target]:
        due = [t for t in self._all(campaign) if t.state == course.WAITING and t.not_before <= now]
        return sorted(due, key=lambda target: (target.not_before, target.position))[:limit]

    async def claim(self, target: Target, command: str, now: int) -> Target | None:
        present = self.of[target.campaign, target.charge_point]
        if present.state != course.WAITING or self.rows[target.campaign].state != course.RUNNING:
            return None
        return self._put(
            replace(present, state=course.ASKED, command=command, attempts=present.attempts + 1, asked=now)
        )

    async def postpone(self, target: Target, not_before: int) -> None:
        present = self.of[target.campaign, target.charge_point]
        if present.state == target.state:
            cancelled = self.rows[target.campaign].state == course.CANCELLED
            state = course.SKIPPED if cancelled else course.WAITING
            self._put(replace(present, state=state, not_before=not_before))

    async def absent(self, campaign: str, charge_points: Sequence[str], until: int | None, now: int) -> None:
        for name in charge_points:
            target = self.of[campaign, name]
            if target.state == course.WAITING and until is not None:
                self._put(replace(target, not_before=until))
            elif target.state == course.WAITING:
                await self.end(target, CommandOutcome.NOT_CONNECTED, "", now)

    async def end(self, target: Target, outcome: str, error: str, now: int) -> None:
        present = self.of[target.campaign, target.charge_point]
        if present.state == target.state:
            self._put(replace(present, state=course.ENDED, outcome=outcome, error=error, ended=now))

    async def expire(self, campaign: str, now: int) -> None:
        for target in self._all(campaign):
            if target.state == course.WAITING:
                self._put(replace(target, state=course.ENDED, outcome="Expired", ended=now))

    async def close(self, campaign: str, state: str, reason: str, now: int) -> None:
        known = self.rows[campaign]
        if known.state == course.RUNNING:
            ended = now if state == course.DONE else None
            self.rows[campaign] = replace(known, state=state, reason=reason, ended=ended)

    async def outcome_of(self, command: str) -> str:
        return self.ledger.get(command, "")

    def _all(self, campaign: str) -> list[Target]:
        return [target for (name, _), target in self.of.items() if name == campaign]

    def _put(self, target: Target) -> Target:
        self.of[target.campaign, target.charge_point] = target
        return target


def _kind(target: Target) -> str:
    if target.state != course.ENDED:
        return target.state
    if target.outcome in course.UNREACHED:
        return "unreached"
    return "succeeded" if target.outcome in course.SUCCESSES else "failed"
