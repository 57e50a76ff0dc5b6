"""What becomes of an alert, in the caller's transaction: it opens, repeats, is told again, and closes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.alerts import wording
from engine.alerts.alert import BY_CONDITION, OPEN, RESOLVED, Alert, announce, append, held
from engine.alerts.conditions import Subject
from engine.alerts.rules import Rule, Step
from engine.alerts.telling import tell, tell_again
from engine.clock import SECOND
from engine.ids import new_id
from engine.maintenance.jobs import fault_cleared, open_for_fault
from engine.stores.sql.tables.alerts import alerts

Where = tuple[str | None, str, Subject]
"""Network, station, subject."""


async def open_(
    connection: AsyncConnection, key: str, now: int, rule: Rule, where: Where, says: Mapping[str, Any]
) -> Alert:
    """Open the subject's alert and tell the first step; the one that is there if it is open already."""
    there = await held(connection, key)
    if there is not None:
        return there
    before = select(alerts.c.id).where(alerts.c.key == key).order_by(alerts.c.opened.desc()).limit(1)
    alert = new_alert(key, rule, where, says, now)
    previous = (await connection.execute(before)).scalar_one_or_none()
    alert = replace(alert, previous=previous or "")
    told = await tell(connection, now, alert, "opened", rule.steps[0] if rule.steps else Step())
    if rule.opens_job and alert.network is not None and alert.charge_point:
        alert = replace(alert, job=await _job(connection, now, alert))
    alert = replace(alert, told=told, due=next_due(alert, rule, now))
    await connection.execute(insert(alerts), asdict(alert) | {"told": list(told), "holds": key})
    await append(connection, alert, now, "opened", says=says)
    announce(connection, alert, now)
    return alert


def new_alert(key: str, rule: Rule, where: Where, says: Mapping[str, Any], now: int) -> Alert:
    """An alert as it is when it opens, before anybody was told."""
    network, station, subject = where
    return Alert(
        id=new_id(),
        key=key,
        rule=rule.kind,
        severity=rule.severity,
        network=network,
        station=station,
        charge_point=subject.charge_point,
        evse=subject.evse,
        connector=subject.connector,
        name=subject.name,
        title=wording.title(rule.kind, subject, says),
        says=dict(says),
        state=OPEN,
        opened=now,
        last=now,
        updated=now,
    )


async def repeat(connection: AsyncConnection, key: str, now: int, says: Mapping[str, Any]) -> None:
    """It was said again. A new word about it (another error) goes into the history."""
    alert = await held(connection, key)
    if alert is None:
        return
    known = {**alert.says, **says}
    after = replace(alert, says=known, count=alert.count + 1, last=max(now, alert.last))
    after = replace(after, title=wording.title(alert.rule, alert.subject, known))
    after = await write(connection, alert, after, now)
    if after.title != alert.title:
        await append(connection, after, now, "repeated", note=after.title, says=says)


async def close(connection: AsyncConnection, key: str, now: int, rule: Rule, how: str) -> None:
    """The alert ends by itself. Those who were told that it opened are told."""
    alert = await held(connection, key)
    if alert is not None:
        await resolve(connection, alert, now, rule, how)
        if alert.job and how == BY_CONDITION:
            await fault_cleared(connection, now, alert.id)


async def over(connection: AsyncConnection, key: str, now: int) -> None:
    """What a person's resolution left as it was is over now: the job that came with it may end by itself."""
    query = select(alerts.c.id).where(alerts.c.key == key, alerts.c.job != "").order_by(alerts.c.opened.desc()).limit(1)
    last = (await connection.execute(query)).scalar_one_or_none()
    if last is not None:
        await fault_cleared(connection, now, last)


async def resolve(
    connection: AsyncConnection, alert: Alert, now: int, rule: Rule, how: str, *, by: str = "", note: str = ""
) -> Alert:
    """End an alert that is held. `how` is its resolution, `by` the account of who did it."""
    ended = replace(alert, state=RESOLVED, resolution=how, resolved_by=by, resolved=now, due=None)
    after = await write(connection, alert, ended, now, holds=None)
    await append(connection, after, now, "resolved", note=note, says={"resolution": how})
    await tell_again(connection, now, after, "resolved", rule.steps[0] if rule.steps else Step())
    return after


async def go_on(connection: AsyncConnection, alert: Alert, rule: Rule, now: int) -> None:
    """Nobody has acknowledged in time: the next step is told, or the same people once more."""
    number = _next_step(alert, rule, now)
    if number is None:
        occasion = str((now - alert.opened) // SECOND)
        await tell(connection, now, alert, "reminded", _up_to(rule, alert.step), occasion=occasion)
        after, kind = alert, "reminded"
    else:
        people = await tell(connection, now, alert, "escalated", rule.steps[number], occasion=str(number))
        told = tuple(dict.fromkeys((*alert.told, *people)))
        after, kind = replace(alert, step=number, told=told), "escalated"
    after = await write(connection, alert, replace(after, due=next_due(after, rule, now)), now)
    await append(connection, after, now, kind, says={"step": after.step})


async def _job(connection: AsyncConnection, now: int, alert: Alert) -> str:
    """The maintenance job that comes with it."""
    return await open_for_fault(
        connection,
        now,
        network=alert.network or "",
        charge_point=alert.charge_point,
        evse=alert.evse or 0,
        connector=alert.connector or 0,
        title=alert.title,
        alert=alert.id,
    )


def next_due(alert: Alert, rule: Rule, now: int) -> int | None:
    """When somebody has to be told again if nobody acknowledges."""
    ahead = [alert.opened + step.after_s * SECOND for step in rule.steps[alert.step + 1 : alert.step + 2]]
    if rule.remind_s:
        ahead.append(now + rule.remind_s * SECOND)
    return min(ahead, default=None)


def _next_step(alert: Alert, rule: Rule, now: int) -> int | None:
    number = alert.step + 1
    if number < len(rule.steps) and now >= alert.opened + rule.steps[number].after_s * SECOND:
        return number
    return None


def _up_to(rule: Rule, number: int) -> Step:
    """All who have been told so far."""
    steps = rule.steps[: number + 1]
    names = [tuple(dict.fromkeys(each for step in steps for each in getattr(step, name))) for name in _NAMES]
    return Step(0, *names)


_NAMES = ("roles", "users", "channels")


async def write(connection: AsyncConnection, before: Alert, after: Alert, now: int, **more: Any) -> Alert:
    """Write what has changed of an alert that is held, and have those who watch told."""
    made = replace(after, version=before.version + 1, updated=now)
    old, new = asdict(before), asdict(made)
    values = {name: value for name, value in new.items() if value != old[name]}
    if "told" in values:
        values["told"] = list(values["told"])
    await connection.execute(update(alerts).where(alerts.c.id == before.id).values(values | more))
    announce(connection, made, now)
    return made
