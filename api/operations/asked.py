"""Says who asked which charge point for what: one line of the audit log for each command, kept before it leaves."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from api.ports.facade import CommandResult, Fleet, View
from engine.charging.operations import Operation, RawCall, SetPassword
from engine.ocpp.redaction import redact_tree
from engine.stores.audit import keep_line, line_for
from engine.stores.business import Business
from engine.stores.whereabouts import network_of


class NotedFleet:
    """A `Fleet` whose commands are in the audit log: whoever acts in the task has asked for them.

    The line goes into the journal with the command itself, before it leaves, and from there to SQL. Of a command that
    came to nothing before that (no host answers, the station's version cannot) it is written here.
    """

    def __init__(self, fleet: Fleet, business: Business) -> None:
        self._fleet, self._business = fleet, business

    async def state(self, charge_point: str) -> View | None:
        return await self._fleet.state(charge_point)

    async def states(self, charge_points: Sequence[str]) -> dict[str, View]:
        return await self._fleet.states(charge_points)

    async def kept(self, charge_point: str, what: str, request: int | None = None) -> Any:
        return await self._fleet.kept(charge_point, what, request)

    async def command(
        self,
        charge_point: str,
        action: str,
        payload: Mapping[str, Any],
        *,
        timeout_s: float,
        wait: bool,
        requested_by: str,
        command_id: str,
        asked: Mapping[str, Any] | None = None,
    ) -> CommandResult:
        fields = {"action": action, "payload": dict(payload)}
        line = asked or await self._line(charge_point, RawCall.kind, command_id, fields)
        asking = self._fleet.command(
            charge_point,
            action,
            payload,
            timeout_s=timeout_s,
            wait=wait,
            requested_by=requested_by,
            command_id=command_id,
            asked=line,
        )
        return await self._kept(line, asking)

    async def operate(
        self,
        charge_point: str,
        operation: Operation,
        *,
        timeout_s: float,
        wait: bool,
        requested_by: str,
        command_id: str,
        asked: Mapping[str, Any] | None = None,
    ) -> CommandResult:
        fields = {} if isinstance(operation, SetPassword) else asdict(operation)
        line = asked or await self._line(charge_point, operation.kind, command_id, fields)
        asking = self._fleet.operate(
            charge_point,
            operation,
            timeout_s=timeout_s,
            wait=wait,
            requested_by=requested_by,
            command_id=command_id,
            asked=line,
        )
        return await self._kept(line, asking)

    async def fresh_number(self) -> int:
        return await self._fleet.fresh_number()

    async def hosts(self) -> Sequence[Mapping[str, Any]]:
        return await self._fleet.hosts()

    async def _line(self, charge_point: str, what: str, command: str, fields: dict[str, Any]) -> Mapping[str, Any]:
        shown: Any = redact_tree(fields)
        network = self._business.places.network_of(charge_point)
        if network is None:
            async with self._business.database.read() as connection:
                network = await network_of(connection, charge_point)
        after = {"charge_point": charge_point, **shown}
        return line_for(self._business.clock.now(), what, "command", command, network=network, after=after)

    async def _kept(self, line: Mapping[str, Any], asking: Awaitable[CommandResult]) -> CommandResult:
        try:
            return await asking
        except Exception:
            await keep_line(self._business.database, line)
            raise
