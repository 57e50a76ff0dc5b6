"""Carries out one operation on one charge point for one request: number, command id, the answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fastapi import Response

from api.access.principal import Principal
from api.routes.commands import commandable, in_service
from api.schemas.operations import FirmwareIn, GetConfigurationIn, LogIn, OperationIn, OperationOut, StopIn
from api.web.context import Context
from api.web.idempotency import command_id
from engine.access.scope import Scope
from engine.charging.operations import Operation
from engine.errors import InvalidInput, NotFound
from engine.ocpp.setting_names import most_asked_at_once


def _together(told: Mapping[str, Any], more: Any) -> dict[str, Any]:
    """One payload of two: lists one behind the other, all else as the later one has it."""
    added = more if isinstance(more, Mapping) else {}
    lists = {name for name in told.keys() & added.keys() if isinstance(told[name], list)}
    return {**told, **added, **{name: [*told[name], *added[name]] for name in lists}}


class Operator:
    """`do` what a request's body says, or `carry_out` an operation that was made of it."""

    def __init__(
        self,
        here: Context,
        charge_point: str,
        caller: Principal,
        scope: Scope,
        response: Response,
        timeout_s: float,
        wait: bool,
    ) -> None:
        self._here, self._charge_point, self._requested_by, self._scope = here, charge_point, caller.email, scope
        self._response, self._timeout_s, self._wait = response, timeout_s, wait

    @property
    def charge_point(self) -> str:
        """Its id as the address has it."""
        return self._charge_point

    async def do(self, body: OperationIn, number: int | None = None) -> OperationOut:
        """The body's operation, under a fresh number if it needs one and none is given."""
        if number is None and body.numbered:
            number = await self._here.ports.fleet.fresh_number()
        return await self.carry_out(body.operation(number or 0), number)

    async def refresh_configuration(self, body: GetConfigurationIn) -> OperationOut:
        """Ask for settings, in as many requests as the station needs; the answers are put together as one.

        What one request does not get ends it: the outcome is that one's, the payload what has been told so far.
        """
        known = await self.kept("configuration")
        most = most_asked_at_once(known or ()) or len(body.names)
        told: dict[str, Any] = {}
        while True:
            names, rest = body.names[:most], body.names[most:]
            ended = await self.do(body.model_copy(update={"names": names}))
            told = _together(told, ended.payload)
            if not rest or ended.outcome != "Accepted":
                return ended.model_copy(update={"payload": told or ended.payload})
            body = body.model_copy(update={"names": rest})

    async def update_firmware(self, body: FirmwareIn) -> OperationOut:
        """From the body's location, or from ours: then under an address that is made for this job alone."""
        if (body.image is None) == (body.location is None):
            raise InvalidInput(
                "Either an image or a location is to be fetched.", field="image", remedy="Give one of the two."
            )
        number = await self._here.ports.fleet.fresh_number()
        operation = body.operation(number)
        operation = replace(operation, retrieve_at=operation.retrieve_at or self._here.ports.clock.now())
        if body.image is None:
            return await self.carry_out(operation, number)
        row = await in_service(self._here, self._charge_point)
        await self._here.ports.files.catalogue.image(body.image, self._scope)
        job = command_id()
        made = await self._here.ports.files.download_url(
            row.id, body.image, job=job, retrieve_at=max(operation.retrieve_at, operation.install_at or 0)
        )
        operation = replace(operation, location=made.url)
        if made.image is not None and not body.certificate:
            signature = made.image.signature
            operation = replace(operation, certificate=made.image.signing_certificate, signature=signature)
        return await self._carry_out_with_link(row.id, operation, number, job)

    async def request_log(self, body: LogIn) -> OperationOut:
        """To the body's location, or to us: then to an address that is made for this job alone."""
        if body.location is not None:
            return await self.do(body)
        number = await self._here.ports.fleet.fresh_number()
        row = await in_service(self._here, self._charge_point)
        job = command_id()
        made = await self._here.ports.files.upload_url(row.id, job=job, kind=body.log)
        return await self._carry_out_with_link(row.id, replace(body.operation(number), location=made.url), number, job)

    async def _carry_out_with_link(
        self, charge_point: str, operation: Operation, number: int, job: str
    ) -> OperationOut:
        """The job's link ends at once if the station does not take the job on."""
        try:
            ended = await self.carry_out(operation, number, job)
        except InvalidInput:
            await self._here.ports.files.end_job(charge_point, job)
            raise
        # A station that was slow to answer may be on its way all the same.
        if ended.outcome not in ("Accepted", "TimedOut"):
            await self._here.ports.files.end_job(charge_point, job)
        return ended

    async def carry_out(self, operation: Operation, number: int | None = None, command: str = "") -> OperationOut:
        """Have it done. Raises InvalidInput where the station's version cannot, Conflict for a retired station."""
        charge_point = await commandable(self._here, self._charge_point)
        command = command or command_id()
        ended = await self._here.ports.fleet.operate(
            charge_point,
            operation,
            timeout_s=self._timeout_s,
            wait=self._wait,
            requested_by=self._requested_by,
            command_id=command,
        )
        self._response.headers["Location"] = f"/api/v1/commands/{command}"
        return OperationOut.model_validate(
            {
                "id": command,
                "outcome": ended.outcome,
                "payload": ended.payload,
                "error_code": ended.error_code or None,
                "error_description": ended.error_description or None,
                "action": ended.action,
                "number": number,
            }
        )

    async def kept(self, what: str) -> Any:
        """A view of what is kept of the charge point; None for one that never connected."""
        return await self._here.ports.fleet.kept((await in_service(self._here, self._charge_point)).id, what)

    async def transaction(self, body: StopIn) -> str:
        """The station's id of what is to be stopped. Raises InvalidInput, NotFound."""
        if (body.session is None) == (body.transaction is None):
            raise InvalidInput(
                "Either a session or a transaction is to be stopped.", field="session", remedy="Give one of the two."
            )
        if body.transaction is not None:
            return body.transaction
        row = await in_service(self._here, self._charge_point)
        live = await self._here.ports.fleet.state(row.id) or {}
        for connector in live.get("connectors", ()):
            session = connector["session"]
            if session is not None and session["id"] == body.session:
                return str(session["transaction"])
        raise NotFound("This charge point has no such open session.", field="session")
