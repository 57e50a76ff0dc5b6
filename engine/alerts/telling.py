"""Telling people of alerts, in the transaction of what they are told: by letter, by channels, or later in one letter.

Everything has a key made of the alert and of what happened to it, so that it is sent once however often it is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.alerts import wording
from engine.alerts.alert import Alert
from engine.alerts.quiet_hours import NEVER, NOW, when
from engine.alerts.recipients import Recipient, by_account, recipients
from engine.alerts.rules import Step
from engine.clock import to_iso
from engine.deliveries.queue import enqueue
from engine.outbox.letter import Letter, put
from engine.stores.sql.dialect import upsert
from engine.stores.sql.tables.alerts import alert_waiting

_KINDS = {
    "opened": "alert.opened",
    "escalated": "alert.escalated",
    "reminded": "alert.escalated",
    "resolved": "alert.resolved",
    "acknowledged": "alert.acknowledged",
}


async def tell(
    connection: AsyncConnection, now: int, alert: Alert, what: str, step: Step, *, occasion: str = ""
) -> tuple[str, ...]:
    """Tell those of a step, and all who subscribe. `occasion` tells one reminder from the next. Returns whom."""
    people = await recipients(connection, alert.network, step)
    await _send(connection, now, alert, what, people, step.channels, occasion)
    return tuple(each.account for each in people)


async def tell_again(connection: AsyncConnection, now: int, alert: Alert, what: str, step: Step) -> None:
    """Tell those who were told that it opened."""
    people = await by_account(connection, alert.told)
    await _send(connection, now, alert, what, people, step.channels, "")


async def tell_subscribers(connection: AsyncConnection, now: int, alert: Alert, what: str) -> None:
    """Tell channels that subscribe, and no people: for what matters to other systems."""
    await _send(connection, now, alert, what, (), (), "")


async def _send(
    connection: AsyncConnection,
    now: int,
    alert: Alert,
    what: str,
    people: Sequence[Recipient],
    channels: Sequence[str],
    occasion: str,
) -> None:
    key = f"alert/{alert.id}/{what}/{occasion}".rstrip("/")
    addresses: list[str] = []
    own = list(channels)
    for each in people:
        at = when(each.preference, alert.severity, now)
        if at == NOW:
            own += each.preference.channels
            addresses += [each.email] if each.preference.email else []
        elif at != NEVER and (each.preference.email or each.preference.channels):
            await _later(connection, now, at, alert, what, each.account)
    message: dict[str, Any] = {
        "network": alert.network,
        "kind": _KINDS[what],
        "key": key,
        "subject": wording.subject_line(what, alert.severity, alert.title),
        "payload": payload(alert, what),
        "text": wording.letter(what, alert.title, _facts(alert)),
        "severity": alert.severity,
        "stream": f"alert/{alert.id}",
    }
    await enqueue(connection, now, **message, to=addresses)
    if own:
        await enqueue(connection, now, **message, only=sorted(set(own)))


async def _later(connection: AsyncConnection, now: int, due: int, alert: Alert, what: str, account: str) -> None:
    row = {"account": account, "alert": alert.id, "what": what, "title": alert.title, "severity": alert.severity}
    statement = upsert(connection.dialect.name, alert_waiting).on_conflict_do_nothing()
    await connection.execute(statement, row | {"network": alert.network, "at": now, "due": due})


def payload(alert: Alert, what: str) -> dict[str, Any]:
    """What webhooks are told, in the words of the API."""
    names = ("id", "rule", "severity", "state", "title", "network", "station", "charge_point", "evse", "connector")
    return {
        **{name: getattr(alert, name) for name in names},
        **{name: getattr(alert, name) for name in ("count", "assignee", "resolution")},
        "what": what,
        "details": dict(alert.says),
        "opened_at": to_iso(alert.opened),
        "last_at": to_iso(alert.last),
        "resolved_at": None if alert.resolved is None else to_iso(alert.resolved),
    }


def _facts(alert: Alert) -> list[tuple[str, str]]:
    said = [(name, str(value)) for name, value in alert.says.items() if not isinstance(value, dict | list)]
    return [
        ("severity", alert.severity),
        ("network", alert.network or ""),
        ("station", alert.station),
        ("opened", to_iso(alert.opened)),
        ("repeats", str(alert.count) if alert.count > 1 else ""),
        ("resolved", "" if alert.resolved is None else f"{to_iso(alert.resolved)} by {alert.resolution}"),
        *((name.replace("_", " "), value) for name, value in said if name not in ("since", "started", "not_after")),
    ]


async def waiting_accounts(connection: AsyncConnection, now: int, limit: int) -> list[str]:
    """Whose quiet hours are over while something waits for them."""
    query = select(alert_waiting.c.account).where(alert_waiting.c.due <= now).distinct().limit(limit)
    return list((await connection.execute(query)).scalars())


async def tell_what_waited(connection: AsyncConnection, now: int, account: str) -> int:
    """One letter about all that waits for somebody. Returns how many things it told of."""
    mine = alert_waiting.c.account == account
    rows = (await connection.execute(select(alert_waiting).where(mine).with_for_update())).all()
    people = await by_account(connection, [account])
    due = [row for row in rows if row.due <= now]
    if not due:
        return 0
    lines = sorted((row.at, row.what, row.title) for row in rows)
    if people:
        subject = f"{len(lines)} alerts while it was quiet"
        key = f"alerts/{account}/{min(row.due for row in due)}"
        await _tell_digest(connection, now, people[0], subject, wording.digest(lines), key)
    await connection.execute(delete(alert_waiting).where(mine))
    return len(lines)


async def _tell_digest(
    connection: AsyncConnection, now: int, person: Recipient, subject: str, body: str, key: str
) -> None:
    if person.preference.email:
        await put(connection, now, Letter(person.email, "alert_digest", subject, body, key=f"{key}:{person.email}"))
    if person.preference.channels:
        await enqueue(
            connection,
            now,
            network=None,
            kind="alert.opened",
            key=key,
            subject=subject,
            payload={"digest": body},
            text=body,
            only=person.preference.channels,
        )
