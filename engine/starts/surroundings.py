"""What is to be seen around a start: the station as it was last written, the ledger, the payment, the token."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import ColumnElement, and_, func, select

from engine.charging.operations import Operation
from engine.maintenance.book import blocked_now
from engine.places.availability import status_of
from engine.starts.course import CHARGING, ENDED, World
from engine.stores.payments.wishes import Payments
from engine.stores.sql.engine import Database
from engine.stores.sql.models import command_consequences, commands, sessions
from engine.stores.starts import StartRow

Standing = Callable[[str, str], Awaitable[str]]
"""How a token (its text) stands in a network (its id) now: Accepted, Blocked, …"""


class Ended(Protocol):
    """How a command ended."""

    @property
    def outcome(self) -> str: ...


class Fleet(Protocol):
    """The charge points."""

    async def state(self, charge_point: str) -> Mapping[str, Any] | None: ...

    async def operate(
        self,
        charge_point: str,
        operation: Operation,
        *,
        timeout_s: float,
        wait: bool,
        requested_by: str,
        command_id: str,
    ) -> Ended: ...

    async def fresh_number(self) -> int: ...


@dataclass(frozen=True, slots=True)
class SessionSeen:
    """The session that a start led to. `transaction` is the station's id of it."""

    id: str
    transaction: str
    authorisation: str
    over: bool


class Surroundings:
    """`world` gathers it. Raises StoreUnavailable, JournalUnavailable."""

    def __init__(self, database: Database, fleet: Fleet, payments: Payments, standing: Standing) -> None:
        self._database, self._fleet, self._payments, self._standing = database, fleet, payments, standing

    async def world(self, start: StartRow) -> tuple[World, SessionSeen | None]:
        """What the course must know, and the session that is to be stopped if one is."""
        live = await self._fleet.state(start.charge_point) or {}
        connector = _connector(live, start)
        session = _live_session(connector, start) or await self._ledger_session(start)
        there = connector.get("session") or {}
        payment, reason = "", ""
        if start.payment:
            row = await self._payments.get(start.payment)
            payment, reason = row.state, row.reason
        # Once it charges, or is over, the token has done what it was for.
        told = start.state in (CHARGING, ENDED)
        world = World(
            payment=payment,
            payment_reason=reason,
            standing="Accepted" if told else await self._standing(start.id_token, start.network),
            connected=live.get("link") == "connected",
            connector=status_of(live or None, start.evse, start.connector),
            job="" if told else await self._job(start),
            occupied=bool(there) and (session is None or there["id"] != session.id),
            outcome=start.outcome or await self._outcome(start.command),
            session="" if session is None else session.id,
            authorisation="" if session is None else session.authorisation,
            over=session is not None and session.over,
        )
        return world, session

    async def _job(self, start: StartRow) -> str:
        """The maintenance job for which nobody may charge there, "" if there is none."""
        async with self._database.read() as connection:
            return await blocked_now(connection, start.charge_point, start.evse, start.connector) or ""

    async def _outcome(self, command: str) -> str:
        """How the ledger says that the command ended, "" if it does not know that it has."""
        if not command:
            return ""
        async with self._database.read() as connection:
            found = await connection.execute(select(commands.c.outcome).where(commands.c.id == command))
            return found.scalar_one_or_none() or ""

    async def _ledger_session(self, start: StartRow) -> SessionSeen | None:
        """By the command, as the station's actor has found out; else by the token, where no other command led to it."""
        if not start.command:
            return None
        columns = (sessions.c.id, sessions.c.transaction_id, sessions.c.authorisation, sessions.c.stopped)
        caused = select(command_consequences.c.subject).where(
            command_consequences.c.command == start.command, command_consequences.c.kind == "session"
        )
        own = and_(
            sessions.c.charge_point == start.charge_point,
            sessions.c.evse == start.evse,
            sessions.c.command == "",
            func.lower(sessions.c.id_token) == start.id_token.lower(),
            sessions.c.started >= start.created,
        )
        # What this token begins after its start has ended is a new affair, unless it is good for nothing else.
        conditions: list[ColumnElement[bool]] = [sessions.c.id.in_(caused)]
        if start.kind == "ad_hoc" or start.state != ENDED:
            conditions.append(own)
        async with self._database.read() as connection:
            for condition in conditions:
                query = select(*columns).where(condition).order_by(sessions.c.started.desc()).limit(1)
                known = (await connection.execute(query)).one_or_none()
                if known is not None:
                    return SessionSeen(known.id, known.transaction_id, known.authorisation, known.stopped is not None)
        return None


def _connector(live: Mapping[str, Any], start: StartRow) -> Mapping[str, Any]:
    for connector in live.get("connectors", ()):
        if (connector["evse"], connector["connector"]) == (start.evse, start.connector):
            return dict(connector)
    return {}


def _live_session(connector: Mapping[str, Any], start: StartRow) -> SessionSeen | None:
    """The open session of the connector, if this start's command led to it, or its token to one without a command."""
    session = connector.get("session")
    if not session or not start.command:
        return None
    by_token = start.state != ENDED and not session["command"]
    by_token = by_token and session["id_token"].lower() == start.id_token.lower()
    if session["command"] != start.command and not by_token:
        return None
    return SessionSeen(session["id"], str(session["transaction"]), session["authorisation"], False)
