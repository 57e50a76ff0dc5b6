"""Imports tokens: all of a file or nothing, every bad line named. What is there is changed, nothing is deleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.access.scope import Scope
from engine.clock import Clock
from engine.errors import InvalidInput
from engine.stores import audit
from engine.stores.changes import ChangeFeed
from engine.stores.drivers import holders
from engine.stores.drivers.claims import SHORTEST, digest_of
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.tokens import drivers, tokens
from engine.stores.tokens.columns import CLAIM_CODE, Fault, Plan, column_of
from engine.stores.tokens.repository import COLUMNS, Tokens, need_network, of_row
from engine.stores.tokens.token import Token, as_audited, check, sessions_of_kind

_AT_ONCE = 500


@dataclass(slots=True)
class Outcome:
    """What an import does, or would do. With faults it does nothing."""

    rows: int = 0
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    faults: list[Fault] = field(default_factory=list)


@dataclass(slots=True)
class _Work:
    """What is to be written: (before, after) of each token that differs, and the codes of some."""

    outcome: Outcome
    written: list[tuple[Token | None, Token]] = field(default_factory=list)
    codes: dict[str, str] = field(default_factory=dict)


class TokenBulk:
    """Raises StoreUnavailable while SQL does not answer, and NotFound for a network outside of the scope."""

    def __init__(self, database: Database, feed: ChangeFeed, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._repository = Tokens(database, feed, clock)

    async def check(self, plan: Plan, network: str, scope: Scope) -> Outcome:
        """What `write` would do."""
        need_network(scope, network)
        async with self._database.read() as connection:
            return (await _work(connection, plan, network)).outcome

    async def write(self, plan: Plan, network: str, scope: Scope) -> Outcome:
        """Import into a network, "" for the whole installation."""
        need_network(scope, network)
        now = self._clock.now()
        async with self._database.write() as connection:
            work = await _work(connection, plan, network)
            if work.outcome.faults:
                return work.outcome
            await self._repository.put_in(connection, [after for _, after in work.written])
            for before, after in work.written:
                if after.driver != (None if before is None else before.driver):
                    await holders.hand_over(connection, network, after.folded, after.driver, now)
            for folded, digest in work.codes.items():
                is_token = (tokens.c.network == network) & (tokens.c.folded == folded)
                await connection.execute(update(tokens).where(is_token).values(claim_digest=digest, claim_tries=0))
            lines = [
                (after.id_token, network or None, None if before is None else as_audited(before), as_audited(after))
                for before, after in work.written
            ]
            await audit.note_all(connection, now, "imported", "token", lines)
        await self._repository.announce([after for _, after in work.written])
        return work.outcome


async def _work(connection: AsyncConnection, plan: Plan, network: str) -> _Work:
    outcome = Outcome(len(plan.rows), faults=list(plan.faults))
    work = _Work(outcome)
    known = await _known(connection, network, [said["id_token"].lower() for _, said in plan.rows])
    there = await _drivers(connection, network, {said["driver"] for _, said in plan.rows if said.get("driver")})
    for line, said in plan.rows:
        _take(work, line, said, known.get(said["id_token"].lower()), network, there)
    outcome.faults.sort(key=lambda fault: fault.line)
    return work


def _take(
    work: _Work, line: int, said: Mapping[str, Any], before: Token | None, network: str, there: frozenset[str]
) -> None:
    values = dict(said)
    code = values.pop(CLAIM_CODE, "")
    after = _after(values, before, network)
    faults = work.outcome.faults
    try:
        check(after)
        if code and len("".join(code.split())) < SHORTEST:
            raise InvalidInput("The code is too short.", field=CLAIM_CODE, remedy=f"Use {SHORTEST} characters or more.")
    except InvalidInput as error:
        faults.append(Fault(line, column_of(error.field), error.message, error.remedy))
    if after.driver is not None and after.driver not in there:
        faults.append(Fault(line, "driver", "There is no such driver in this network.", "See the list of drivers."))
    if code:
        work.codes[after.folded] = digest_of(network, after.id_token, code)
    if before is None:
        work.outcome.created += 1
    elif before == after:
        work.outcome.unchanged += 1
        return
    else:
        work.outcome.changed += 1
    work.written.append((before, after))


def _after(values: Mapping[str, Any], before: Token | None, network: str) -> Token:
    if before is None:
        fresh = Token(**{**values, "network": network})
        return fresh if "max_sessions" in values else replace(fresh, max_sessions=sessions_of_kind(fresh.kind))
    after = replace(before, **{name: value for name, value in values.items() if name != "id_token"})
    return after if after.status == "Blocked" else replace(after, block_reason="")


async def _known(connection: AsyncConnection, network: str, names: Sequence[str]) -> dict[str, Token]:
    found: dict[str, Token] = {}
    for first in range(0, len(names), _AT_ONCE):
        some = tokens.c.folded.in_(names[first : first + _AT_ONCE])
        query = select(*COLUMNS).where(tokens.c.network == network, some).with_for_update()
        for row in await connection.execute(query):
            token = of_row(row)
            found[token.folded] = token
    return found


async def _drivers(connection: AsyncConnection, network: str, ids: set[str]) -> frozenset[str]:
    """Those of these drivers that a token of the network may belong to."""
    found: set[str] = set()
    names = sorted(ids)
    for first in range(0, len(names), _AT_ONCE):
        query = select(drivers.c.id).where(
            drivers.c.id.in_(names[first : first + _AT_ONCE]), drivers.c.erased.is_(None)
        )
        if network:
            query = query.where(drivers.c.network == network)
        found |= set((await connection.execute(query)).scalars())
    return frozenset(found)
