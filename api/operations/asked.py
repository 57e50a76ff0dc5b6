"""Writes down who asked which charge point for what, before it is asked: one line of the audit log for each command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from api.ports.facade import CommandResult, Fleet, View
from engine.charging.operations import Operation, RawCall, SetPassword
from engine.ocpp.redaction import redact_tree
from engine.stores.audit import note_alone
from engine.stores.business import Business
from engine.stores.whereabouts import network_of


class NotedFleet:
    """A `Fleet` whose commands are in the audit log: whoever acts in the task has asked for them.

    The line is there before the command leaves: without it nothing is asked (StoreUnavailable).
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
    ) -> CommandResult:
        await self._note(charge_point, RawCall.kind, command_id, {"action": action, "payload": dict(payload)})
        return await self._fleet.command(
            charge_point,
            action,
            payload,
            timeout_s=timeout_s,
            wait=wait,
            requested_by=requested_by,
            command_id=command_id,
        )

    async def operate(
        self,
        charge_point: str,
        operation: Operation,
        *,
        timeout_s: float,
        wait: bool,
        requested_by: str,
        command_id: str,
    ) -> CommandResult:
        fields = {} if isinstance(operation, SetPassword) else asdict(operation)
        await self._note(charge_point, operation.kind, command_id, fields)
        return await self._fleet.operate(
            charge_point,
            operation,
            timeout_s=timeout_s,
            wait=wait,
            requested_by=requested_by,
            command_id=command_id,
        )

    async def fresh_number(self) -> int:
        return await self._fleet.fresh_number()

    async def hosts(self) -> Sequence[Mapping[str, Any]]:
        return await self._fleet.hosts()

    async def _note(self, charge_point: str, what: str, command: str, fields: dict[str, Any]) -> None:
        shown: Any = redact_tree(fields)
        after = {"charge_point": charge_point, **shown}
        database = self._business.database
        # From memory: whoever asks waits for this transaction.
        network = self._business.places.network_of(charge_point)
        if network is None:
            async with database.read() as connection:
                network = await network_of(connection, charge_point)
        await note_alone(database, self._business.clock.now(), what, "command", command, network=network, after=after)
