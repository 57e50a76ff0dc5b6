"""The rules in SQL: a network's own, else the installation's own, else the one out of the box."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.access.scope import Scope
from engine.alerts.rules import RULES, SYSTEM, Rule, checked, read, rule_of, stored
from engine.clock import Clock
from engine.errors import Changed, InvalidInput, NotFound
from engine.stores.audit import note
from engine.stores.sql.dialect import upsert
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.alerts import alert_conditions, alert_rules
from engine.stores.sql.tables.deliveries import channels
from engine.stores.sql.tables.people import grants, roles, users
from engine.stores.sql.tables.places import networks

EVERYWHERE = "*"
"""In the place of a network: the installation's own rule."""


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule as it is in force somewhere. `source` is network, installation or default; `version` 0 where nothing of
    one's own is there that a change would replace."""

    rule: Rule
    network: str | None
    source: str
    version: int


async def rule_in(connection: AsyncConnection, network: str | None, kind: str) -> Rule:
    """The rule of a kind that is in force in a network, None for what is the installation's."""
    return (await _found(connection, network, kind))[kind].rule


async def _found(connection: AsyncConnection, network: str | None, kind: str | None) -> dict[str, RuleRow]:
    own = network or EVERYWHERE
    query = select(alert_rules).where(alert_rules.c.network.in_({own, EVERYWHERE}))
    if kind is not None:
        query = query.where(alert_rules.c.kind == kind)
    rows = {(row.network, row.kind): row for row in await connection.execute(query)}
    return {
        each: _chosen(network, each, rows.get((own, each)), rows.get((EVERYWHERE, each)))
        for each in ([kind] if kind is not None else RULES)
    }


def _chosen(network: str | None, kind: str, own: Any, everywhere: Any) -> RuleRow:
    version = 0 if own is None else own.version
    found = own if own is not None else everywhere
    if found is None:
        return RuleRow(rule_of(kind), network, "default", version)
    source = "installation" if found.network == EVERYWHERE else "network"
    return RuleRow(read(kind, found.content), network, source, version)


class Rules:
    """The repository. All methods raise StoreUnavailable while SQL does not answer."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def all(self, network: str | None, scope: Scope) -> Sequence[RuleRow]:
        """All that are in force in a network, or (None) for the installation. Raises NotFound."""
        home = scope.home(network)
        async with self._database.read() as connection:
            await _need_network(connection, home)
            found = await _found(connection, home, None)
        return [row for kind, row in found.items() if home is None or kind not in SYSTEM]

    async def get(self, kind: str, network: str | None, scope: Scope) -> RuleRow:
        """Raises NotFound."""
        home = _home(kind, network, scope)
        async with self._database.read() as connection:
            await _need_network(connection, home)
            return (await _found(connection, home, kind))[kind]

    async def change(
        self, kind: str, network: str | None, changes: Mapping[str, Any], scope: Scope, *, version: int | None = None
    ) -> RuleRow:
        """Change some fields, in the form of `stored`. In force at once, also for what is open. Raises NotFound,
        Changed, InvalidInput."""
        home, now = _home(kind, network, scope), self._clock.now()
        async with self._database.write() as connection:
            await _need_network(connection, home)
            before = (await _found(connection, home, kind))[kind]
            if version is not None and version != before.version:
                raise Changed
            content = stored(before.rule)
            thresholds = content["thresholds"] | dict(changes.get("thresholds", {}))
            after = checked(_with(kind, content | dict(changes) | {"thresholds": thresholds}))
            if "steps" in changes:
                await _need_names(connection, after, home)
            values = {"content": stored(after), "version": before.version + 1, "updated": now}
            row = {"network": home or EVERYWHERE, "kind": kind, **values}
            statement = upsert(connection.dialect.name, alert_rules).values(row)
            await connection.execute(statement.on_conflict_do_update(index_elements=["network", "kind"], set_=values))
            await self._told(connection, now, "changed", kind, home, stored(before.rule), stored(after))
            return (await _found(connection, home, kind))[kind]

    async def reset(self, kind: str, network: str | None, scope: Scope, *, version: int | None = None) -> RuleRow:
        """Drop the rule of one's own. Raises NotFound, Changed."""
        home, now = _home(kind, network, scope), self._clock.now()
        async with self._database.write() as connection:
            await _need_network(connection, home)
            before = (await _found(connection, home, kind))[kind]
            if version is not None and version != before.version:
                raise Changed
            own = and_(alert_rules.c.network == (home or EVERYWHERE), alert_rules.c.kind == kind)
            await connection.execute(delete(alert_rules).where(own))
            after = (await _found(connection, home, kind))[kind]
            if before.version:
                await self._told(connection, now, "reset", kind, home, stored(before.rule), stored(after.rule))
            return after

    async def _told(
        self, connection: AsyncConnection, now: int, verb: str, kind: str, network: str | None, *states: dict[str, Any]
    ) -> None:
        await note(connection, now, verb, "alert_rule", kind, network=network, before=states[0], after=states[1])
        # What is known of this kind's conditions is looked at again with the rule as it is now.
        concerned = update(alert_conditions).where(alert_conditions.c.kind == kind)
        if network is not None:
            concerned = concerned.where(alert_conditions.c.network == network)
        await connection.execute(concerned.values(due=now))


def _with(kind: str, content: Mapping[str, Any]) -> Rule:
    """As `read`, but thresholds that there are not are kept, to be refused."""
    rule = read(kind, content)
    unknown = {name: value for name, value in content["thresholds"].items() if name not in rule.thresholds}
    if unknown:
        name = sorted(unknown)[0]
        remedy = f"Use {', '.join(sorted(rule.thresholds))}." if rule.thresholds else "Leave thresholds out."
        raise InvalidInput(f"{kind} has no such threshold.", field=f"thresholds.{name}", remedy=remedy)
    return rule


def _home(kind: str, network: str | None, scope: Scope) -> str | None:
    rule_of(kind)
    home = scope.home(network)
    if home is not None and kind in SYSTEM:
        raise NotFound(
            "This rule is the installation's alone.", field="network", remedy="Leave the network out, if you may."
        )
    return home


async def _need_names(connection: AsyncConnection, rule: Rule, network: str | None) -> None:
    """Whoever is to be told must be there, and be somebody of the network or of the whole installation."""
    here = grants.c.network.is_(None) | (grants.c.network == network)
    people = select(grants.c.account).where(here)
    known = {
        "roles": select(roles.c.id).where(roles.c.network.is_(None) | (roles.c.network == network)),
        "users": select(users.c.id).where(users.c.kind == "staff", users.c.id.in_(people)),
        "channels": select(channels.c.id).where(channels.c.network.is_(None) | (channels.c.network == network)),
    }
    for number, step in enumerate(rule.steps):
        for what, query in known.items():
            wanted = set(getattr(step, what))
            missing = wanted - set((await connection.execute(query)).scalars()) if wanted else set()
            if missing:
                raise InvalidInput(
                    f"There is no {min(missing)!r} that could be told there.",
                    field=f"steps.{number}.{what}",
                    remedy="List what there is for you, and give ids.",
                )


async def _need_network(connection: AsyncConnection, network: str | None) -> None:
    if network is None:
        return
    if (await connection.execute(select(networks.c.id).where(networks.c.id == network))).one_or_none() is None:
        raise NotFound("There is no such network.", field="network", remedy="List what there is for you.")
