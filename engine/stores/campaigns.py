"""Campaigns and their targets in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from typing import Any

import structlog
from sqlalchemy import Row, and_, case, exists, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.access.scope import EVERYWHERE, Scope
from engine.campaigns import course
from engine.campaigns.course import Plan, Tally
from engine.campaigns.port import Campaign, Target, Wanted
from engine.campaigns.stored_operations import from_json, to_json
from engine.charging.events import CommandOutcome
from engine.errors import Conflict, InvalidInput, NotFound
from engine.ocpp.redaction import redact_tree
from engine.stores.audit import note
from engine.stores.places.tags import has_tags
from engine.stores.sql.engine import Database
from engine.stores.sql.models import campaign_targets, campaigns, charge_points, command_consequences, commands
from engine.stores.sql.tables.places import charge_point_tags
from engine.stores.whereabouts import said_within

log = structlog.get_logger("campaigns")
_PLAN = tuple(field.name for field in fields(Plan))
_TARGET = [campaign_targets.c[field.name] for field in fields(Target)]
_AT_ONCE = 1000
"""Rows of one INSERT, names in one SELECT: both stores bound the parameters of a statement."""


class Campaigns:
    """The `CampaignStore` in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def candidates(self, wanted: Wanted, scope: Scope = EVERYWHERE) -> list[str]:
        table = charge_points.c
        query = select(table.id).where(table.enabled, table.retired.is_(None)).order_by(table.id)
        query = query.where(said_within(scope, table.id))
        for column, text in ((table.vendor, wanted.vendor), (table.model, wanted.model)):
            if text:
                query = query.where(func.lower(column) == text.lower())
        for column, text in ((table.firmware, wanted.firmware), (table.station_id, wanted.station)):
            if text:
                query = query.where(column == text)
        if wanted.network:
            query = query.where(said_within(Scope(frozenset({wanted.network})), table.id))
        if wanted.tags:
            query = query.where(has_tags(charge_point_tags, table.id, wanted.tags))
        async with self._database.read() as connection:
            if wanted.ids is None:
                return list((await connection.execute(query)).scalars())
            names = sorted({name.lower() for name in wanted.ids})
            found: list[str] = []
            for begin in range(0, len(names), _AT_ONCE):
                some = query.where(table.folded.in_(names[begin : begin + _AT_ONCE]))
                found += (await connection.execute(some)).scalars()
            return sorted(found)

    async def create(self, campaign: Campaign, charge_points: Sequence[str]) -> None:
        common = {"campaign": campaign.id, "state": course.WAITING}
        rows = [common | {"charge_point": name, "position": number} for number, name in enumerate(charge_points)]
        async with self._database.write() as connection:
            await connection.execute(insert(campaigns), [_row(campaign)])
            after = _told(campaign) | {"charge_points": len(charge_points)}
            at, network = campaign.created, campaign.network
            await note(connection, at, "created", "campaign", campaign.id, network=network, after=after)
            for begin in range(0, len(rows), _AT_ONCE):
                await connection.execute(insert(campaign_targets), rows[begin : begin + _AT_ONCE])

    async def get(self, campaign: str, scope: Scope = EVERYWHERE) -> Campaign:
        async with self._database.read() as connection:
            return await _get(connection, campaign, scope)

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
        at, name, table = campaigns.c.created, campaigns.c.id, campaigns.c
        order = (at.asc(), name.asc()) if ascending else (at.desc(), name.desc())
        query = select(campaigns).where(scope.where(table.network)).order_by(*order).limit(limit)
        if state is not None:
            query = query.where(table.state == state)
        if created_by is not None:
            query = query.where(table.created_by == created_by)
        if after is not None:
            beyond = (at > after[0], name > after[1]) if ascending else (at < after[0], name < after[1])
            query = query.where(or_(beyond[0], and_(at == after[0], beyond[1])))
        async with self._database.read() as connection:
            return [_campaign(row) for row in await connection.execute(query)]

    async def targets(self, campaign: str, *, state: str | None, after: str, limit: int) -> Sequence[Target]:
        table = campaign_targets.c
        query = select(*_TARGET).where(table.campaign == campaign, table.charge_point > after)
        if state is not None:
            query = query.where(table.state == state)
        async with self._database.read() as connection:
            rows = await connection.execute(query.order_by(table.charge_point).limit(limit))
            return [Target(*row) for row in rows]

    async def tally(self, campaign: str) -> Tally:
        table, job = campaign_targets.c, command_consequences.c
        broken = exists().where(job.command == table.command, job.kind == "job", job.state == "failed")
        kind = case(
            (table.state != course.ENDED, table.state),
            (table.outcome.in_(course.UNREACHED), "unreached"),
            (and_(table.outcome.in_(course.SUCCESSES), ~broken), "succeeded"),
            else_="failed",
        )
        counts = select(kind.label("kind"), func.count(), func.max(table.asked)).where(table.campaign == campaign)
        async with self._database.read() as connection:
            rows = (await connection.execute(counts.group_by(kind))).all()
            forgiven = select(campaigns.c.forgiven).where(campaigns.c.id == campaign)
            seen = (await connection.execute(forgiven)).scalar_one_or_none() or 0
        found = Tally(**{row[0]: row[1] for row in rows})
        return replace(found, forgiven=seen, last_asked=max((row[2] or 0 for row in rows), default=0))

    async def wish(self, campaign: str, wish: str, now: int, scope: Scope = EVERYWHERE) -> Campaign:
        failed = (await self.tally(campaign)).failed
        async with self._database.write() as connection:
            known = await _get(connection, campaign, scope)
            reached = course.after(known.state, wish)
            values: dict[str, Any] = {"state": reached, "reason": "", "updated": now}
            if known.state == course.STOPPED and reached == course.RUNNING:
                values["forgiven"] = failed
            if reached == course.CANCELLED:
                values["ended"] = known.ended or now
                await _leave_out(connection, campaign, now)
            changed = update(campaigns).where(campaigns.c.id == campaign, campaigns.c.state == known.state)
            done = await connection.execute(changed.values(values))
            if done.rowcount == 0:
                raise Conflict("The campaign has just changed.", field="id", remedy="Look at it and try again.")
            was, shall = {"state": known.state}, {"state": reached}
            await note(connection, now, wish, "campaign", campaign, network=known.network, before=was, after=shall)
            return await _get(connection, campaign)

    # the runner's ----------------------------------------------------------------------------------------------------

    async def running(self) -> Sequence[Campaign]:
        query = select(campaigns).where(campaigns.c.state == course.RUNNING).order_by(campaigns.c.created)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        found: list[Campaign] = []
        for row in rows:
            try:
                found.append(_campaign(row))
            except InvalidInput as error:  # made by a newer release; the others go on
                log.error("campaign_not_readable", campaign=row.id, error=error.message)
        return found

    async def asked(self) -> Sequence[tuple[Campaign, Target]]:
        query = select(*_TARGET).where(campaign_targets.c.state == course.ASKED)
        async with self._database.read() as connection:
            found = [Target(*row) for row in await connection.execute(query)]
            known = {name: await _get(connection, name) for name in {target.campaign for target in found}}
        return [(known[target.campaign], target) for target in found]

    async def due(self, campaign: str, now: int, limit: int) -> Sequence[Target]:
        table = campaign_targets.c
        query = select(*_TARGET).where(table.campaign == campaign, table.state == course.WAITING)
        query = query.where(table.not_before <= now).order_by(table.not_before, table.position).limit(limit)
        async with self._database.read() as connection:
            return [Target(*row) for row in await connection.execute(query)]

    async def claim(self, target: Target, command: str, now: int) -> Target | None:
        claimed = replace(target, state=course.ASKED, command=command, attempts=target.attempts + 1, asked=now)
        table = campaign_targets.c
        runs = exists().where(campaigns.c.id == target.campaign, campaigns.c.state == course.RUNNING)
        statement = update(campaign_targets).where(*_key(target), table.state == course.WAITING, runs)
        values = {"state": claimed.state, "command": command, "attempts": claimed.attempts, "asked": now}
        async with self._database.write() as connection:
            done = await connection.execute(statement.values(values))
        return claimed if done.rowcount else None

    async def postpone(self, target: Target, not_before: int) -> None:
        cancelled = exists().where(campaigns.c.id == target.campaign, campaigns.c.state == course.CANCELLED)
        values = {"state": case((cancelled, course.SKIPPED), else_=course.WAITING), "not_before": not_before}
        statement = update(campaign_targets).where(*_key(target), campaign_targets.c.state == target.state)
        async with self._database.write() as connection:
            await connection.execute(statement.values(values))

    async def absent(self, campaign: str, charge_points: Sequence[str], until: int | None, now: int) -> None:
        table = campaign_targets.c
        ended = {"state": course.ENDED, "outcome": CommandOutcome.NOT_CONNECTED, "error": "", "ended": now}
        values = ended if until is None else {"not_before": until}
        async with self._database.write() as connection:
            for begin in range(0, len(charge_points), _AT_ONCE):
                some = table.charge_point.in_(charge_points[begin : begin + _AT_ONCE])
                waits = (table.campaign == campaign, table.state == course.WAITING, some)
                await connection.execute(update(campaign_targets).where(*waits).values(values))

    async def end(self, target: Target, outcome: str, error: str, now: int) -> None:
        values = {"state": course.ENDED, "outcome": outcome, "error": error, "ended": now}
        statement = update(campaign_targets).where(*_key(target), campaign_targets.c.state == target.state)
        async with self._database.write() as connection:
            await connection.execute(statement.values(values))

    async def expire(self, campaign: str, now: int) -> None:
        table = campaign_targets.c
        statement = update(campaign_targets).where(table.campaign == campaign, table.state == course.WAITING)
        async with self._database.write() as connection:
            await connection.execute(statement.values(state=course.ENDED, outcome="Expired", ended=now))

    async def close(self, campaign: str, state: str, reason: str, now: int) -> None:
        values = {"state": state, "reason": reason, "updated": now}
        if state == course.DONE:
            values["ended"] = now
        statement = update(campaigns).where(campaigns.c.id == campaign, campaigns.c.state == course.RUNNING)
        async with self._database.write() as connection:
            await connection.execute(statement.values(values))

    async def outcome_of(self, command: str) -> str:
        query = select(commands.c.outcome).where(commands.c.id == command, commands.c.state == "ended")
        async with self._database.read() as connection:
            return (await connection.execute(query)).scalar_one_or_none() or ""


async def _get(connection: AsyncConnection, campaign: str, scope: Scope = EVERYWHERE) -> Campaign:
    query = select(campaigns).where(campaigns.c.id == campaign, scope.where(campaigns.c.network))
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise NotFound("No campaign has this id.", field="id")
    return _campaign(row)


async def _leave_out(connection: AsyncConnection, campaign: str, now: int) -> None:
    table = campaign_targets.c
    statement = update(campaign_targets).where(table.campaign == campaign, table.state == course.WAITING)
    await connection.execute(statement.values(state=course.SKIPPED, ended=now))


def _key(target: Target) -> tuple[Any, Any]:
    table = campaign_targets.c
    return table.campaign == target.campaign, table.charge_point == target.charge_point


def _told(campaign: Campaign) -> dict[str, Any]:
    """What the audit log shows of a campaign; whom it named is to be found among its targets."""
    asked: Any = redact_tree(to_json(campaign.operation))
    chosen = {name: value for name, value in campaign.description.items() if name != "ids"}
    return {"name": campaign.name, "operation": asked, "filter": chosen} | asdict(campaign.plan)


def _row(campaign: Campaign) -> dict[str, Any]:
    row = {field.name: getattr(campaign, field.name) for field in fields(Campaign) if field.name != "plan"}
    return row | asdict(campaign.plan) | {"operation": to_json(campaign.operation), "updated": campaign.created}


def _campaign(row: Row[Any]) -> Campaign:
    values = {field.name: getattr(row, field.name) for field in fields(Campaign) if field.name != "plan"}
    plan = Plan(**{name: getattr(row, name) for name in _PLAN})
    return Campaign(**(values | {"plan": plan, "operation": from_json(values["operation"])}))
