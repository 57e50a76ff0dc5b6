"""A station for tests of starts: a live view that the test sets, and answers to what it is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, update

from engine.charging.operations import Operation, StartCharging, StopCharging
from engine.errors import StoreUnavailable
from engine.stores.sql.dialect import upsert
from engine.stores.sql.engine import Database
from engine.stores.sql.models import command_consequences, sessions
from engine.stores.starts import StartRow


@dataclass(frozen=True)
class Outcome:
    outcome: str


@dataclass
class OneStation:
    """CP-1 with one connector. `answer` is how a start ends; "" that no host answers."""

    database: Database
    link: str = "connected"
    status: str = "Preparing"
    whole: str = "Available"
    answer: str = "Accepted"
    asked: list[tuple[str, Operation]] = field(default_factory=list)
    session: dict[str, Any] | None = None
    numbers: int = 0

    async def state(self, charge_point: str) -> Mapping[str, Any] | None:
        connector = {"evse": 1, "connector": 1, "status": self.status, "session": self.session}
        whole = {"evse": 0, "connector": 0, "status": self.whole, "session": None}
        return {"link": self.link, "connectors": [whole, connector]}

    async def fresh_number(self) -> int:
        self.numbers += 1
        return self.numbers

    async def operate(
        self,
        charge_point: str,
        operation: Operation,
        *,
        timeout_s: float,
        wait: bool,
        requested_by: str,
        command_id: str,
    ) -> Outcome:
        known = [command for command, _ in self.asked]
        if command_id not in known:
            self.asked.append((command_id, operation))
        if not self.answer:
            raise StoreUnavailable("no host")
        if isinstance(operation, StopCharging):
            return Outcome("Accepted")
        return Outcome("NotConnected" if self.link != "connected" else self.answer)

    @property
    def starts(self) -> int:
        return sum(isinstance(operation, StartCharging) for _, operation in self.asked)

    @property
    def stops(self) -> list[str]:
        return [operation.transaction for _, operation in self.asked if isinstance(operation, StopCharging)]

    async def begin(self, session: str, start: StartRow, *, command: str | None = None, accepted: bool = True) -> None:
        """A transaction begins, as the live view and the ledger tell it."""
        command = start.command if command is None else command
        authorisation = "Accepted" if accepted else "Blocked"
        self.status = "Charging"
        self.session = {
            "id": session,
            "command": command,
            "id_token": start.id_token,
            "authorisation": authorisation,
            "transaction": f"t-{session}",
        }
        row = {"id": session, "charge_point": start.charge_point, "evse": 1, "connector": 1, "state": "started"}
        row |= {"transaction_id": f"t-{session}", "id_token": start.id_token, "authorisation": authorisation}
        row |= {"command": command, "started": start.created + 1, "updated": start.created + 1}
        async with self.database.write() as connection:
            await connection.execute(insert(sessions), row)
            if command:
                led = {"command": command, "kind": "session", "subject": session, "charge_point": "CP-1"}
                statement = upsert(self.database.dialect, command_consequences)
                await connection.execute(statement.values(**led, began=1, updated=1).on_conflict_do_nothing())

    async def finish(self, session: str, energy_wh: int = 1000) -> None:
        """It stops, and the car leaves."""
        self.status, self.session = "Available", None
        stopped = update(sessions).where(sessions.c.id == session)
        async with self.database.write() as connection:
            await connection.execute(stopped.values(state="stopped", stopped=2, energy_wh=Decimal(energy_wh)))
