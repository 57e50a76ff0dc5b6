"""Who is told of an alert: people with a role where it happened, and those that the rule names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.alerts.quiet_hours import Preference
from engine.alerts.rules import Step
from engine.stores.sql.tables.alerts import alert_preferences
from engine.stores.sql.tables.people import grants, users

PREFERENCE_COLUMNS = [alert_preferences.c[each.name] for each in fields(Preference)]


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody who may be told."""

    account: str
    email: str
    preference: Preference


async def recipients(connection: AsyncConnection, network: str | None, step: Step) -> list[Recipient]:
    """Whoever has one of the step's roles in the network (or everywhere), or is named and may see the network."""
    here = or_(grants.c.network.is_(None), grants.c.network == network)
    wanted = or_(grants.c.role.in_(step.roles), users.c.id.in_(step.users))
    concerned = select(users.c.id).join(grants, grants.c.account == users.c.id).where(here, wanted)
    return _read((await connection.execute(_people().where(users.c.id.in_(concerned)))).all())


async def by_account(connection: AsyncConnection, accounts: Sequence[str]) -> list[Recipient]:
    """Those of the accounts that still are."""
    return _read((await connection.execute(_people().where(users.c.id.in_(accounts)))).all())


def _people() -> Select[Any]:
    """Staff who can log in, and what they have said about alerts."""
    return (
        select(users.c.id, users.c.email, *PREFERENCE_COLUMNS)
        .select_from(users.outerjoin(alert_preferences, alert_preferences.c.account == users.c.id))
        .where(users.c.kind == "staff", users.c.disabled.is_(False), users.c.deleted.is_(None), users.c.email != "")
    )


def _read(rows: Sequence[Any]) -> list[Recipient]:
    found: dict[str, Recipient] = {}
    for account, email, *said in rows:
        found[account] = Recipient(account, email, preference_of(said))
    return [found[account] for account in sorted(found)]


def preference_of(said: Sequence[Any]) -> Preference:
    """Of a row of `PREFERENCE_COLUMNS`; nulls are somebody who has said nothing."""
    values = dict(zip((each.name for each in fields(Preference)), said, strict=True))
    if values["severity"] is None:
        return Preference()
    return Preference(**values | {"channels": tuple(values["channels"])})
