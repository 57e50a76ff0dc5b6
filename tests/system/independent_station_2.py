"""Stations of 2.0.1 and 2.1 that we did not write: the `ocpp` package's own ChargePoints, `websockets` under them.

The package checks each frame by its own schemas, ours as well as theirs, so what it takes is no invention of ours.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from types import ModuleType
from typing import Any, NamedTuple

from ocpp import v21, v201
from ocpp.routing import after, on
from ocpp.v21 import datatypes as datatypes_21
from ocpp.v201 import datatypes as datatypes_201
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.headers import build_authorization_basic
from websockets.typing import Subprotocol

from loadtest.installation import Installation
from tests.system.raw_station import stamp

VARIABLES = {"HeartbeatInterval": "300", "WebSocketPingInterval": "54", "NetworkProfileConnectionAttempts": "3"}
COMPONENT = "OCPPCommCtrlr"


class Answers:
    """What both do when asked. `asked` is what they were, `costs` what they were told of costs on the way.

    A base report of three parts follows its request.
    """

    call: Any
    _call: ModuleType
    _call_result: ModuleType
    types: ModuleType

    def __init__(self, identity: str, connection: Any) -> None:
        super().__init__(identity, connection)  # type: ignore[call-arg]
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.costs: list[float] = []
        self.reported = asyncio.Event()

    def said(self, name: str, *given: Any, **more: Any) -> Any:
        """A CALL in this version's words."""
        return getattr(self._call, name)(*given, **more)

    async def told(self, name: str, **payload: Any) -> Any:
        """Send a CALL and return its CALLRESULT. Raises the package's error for a CALLERROR."""
        return await self.call(self.said(name, **payload), suppress=False)

    def _answer(self, action: str, payload: dict[str, Any], **answer: Any) -> Any:
        self.asked.append((action, payload))
        return getattr(self._call_result, action)(**(answer or {"status": "Accepted"}))

    @on("RequestStartTransaction")
    def request_start(self, **payload: Any) -> Any:
        return self._answer("RequestStartTransaction", payload)

    @on("RequestStopTransaction")
    def request_stop(self, **payload: Any) -> Any:
        return self._answer("RequestStopTransaction", payload)

    @on("Reset")
    def reset_2(self, **payload: Any) -> Any:
        return self._answer("Reset", payload, status="Scheduled")

    @on("CostUpdated")
    def cost_updated(self, total_cost: float, **_: Any) -> Any:
        self.costs.append(total_cost)
        return self._call_result.CostUpdated()

    @on("GetVariables")
    def get_variables(self, **payload: Any) -> Any:
        found = [self._variable(wanted) for wanted in payload["get_variable_data"]]
        return self._answer("GetVariables", payload, get_variable_result=found)

    def _variable(self, wanted: dict[str, Any]) -> Any:
        types, value = self.types, VARIABLES.get(wanted["variable"]["name"])
        place = {
            "component": types.ComponentType(wanted["component"]["name"]),
            "variable": types.VariableType(wanted["variable"]["name"]),
        }
        if value is None:
            return types.GetVariableResultType(attribute_status="UnknownVariable", **place)
        return types.GetVariableResultType(attribute_status="Accepted", attribute_value=value, **place)

    @on("GetBaseReport")
    def get_base_report(self, **payload: Any) -> Any:
        return self._answer("GetBaseReport", payload)

    @after("GetBaseReport")
    async def report(self, request_id: int, **_: Any) -> None:
        types = self.types
        for number, (name, value) in enumerate(VARIABLES.items()):
            attribute = types.VariableAttributeType(value=value, mutability="ReadWrite")
            row = types.ReportDataType(
                component=types.ComponentType(COMPONENT),
                variable=types.VariableType(name),
                variable_attribute=[attribute],
            )
            await self.told(
                "NotifyReport",
                request_id=request_id,
                generated_at=stamp(),
                seq_no=number,
                tbc=number < len(VARIABLES) - 1,
                report_data=[row],
            )
        self.reported.set()


class Station201(Answers, v201.ChargePoint):  # type: ignore[misc]
    types = datatypes_201


class Station21(Answers, v21.ChargePoint):  # type: ignore[misc]
    types = datatypes_21


class Dialect(NamedTuple):
    """A subprotocol and who speaks it."""

    subprotocol: str
    station: type[Answers]


DIALECTS = (Dialect("ocpp2.0.1", Station201), Dialect("ocpp2.1", Station21))


@asynccontextmanager
async def independent_station_2(
    system: Installation, dialect: Dialect, identity: str, password: str | None = None
) -> AsyncIterator[Any]:
    """A connected station of a version, whose loop runs."""
    headers = {} if password is None else {"Authorization": build_authorization_basic(identity, password)}
    url = f"ws://127.0.0.1:{system.ocpp_port}/ocpp/{identity}"
    offered = [Subprotocol(dialect.subprotocol)]
    async with connect(url, subprotocols=offered, additional_headers=headers, proxy=None) as socket:
        station: Any = dialect.station(identity, socket)
        loop = asyncio.create_task(station.start())
        try:
            yield station
        finally:
            loop.cancel()
            with suppress(asyncio.CancelledError, ConnectionClosed):
                await loop
