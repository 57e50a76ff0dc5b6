"""The yardstick: a CSMS as the `ocpp` package's documentation builds it, on `websockets`, that stores nothing.

python -m benchmarks.reference_csms --chargers 1000 --seconds 10
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import logging
import signal
import sys
from datetime import UTC, datetime
from typing import Any

import uvloop
from ocpp.routing import on
from ocpp.v16 import ChargePoint, call_result
from ocpp.v16.datatypes import IdTagInfo
from ocpp.v16.enums import Action, AuthorizationStatus, RegistrationStatus
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from benchmarks.load import allow_many_files
from benchmarks.measured import measure_server

_numbers = itertools.count(1)


def _now() -> str:
    return datetime.now(UTC).isoformat()


class ReferenceChargePoint(ChargePoint):  # type: ignore[misc]
    """Accepts everything, keeps nothing."""

    @on(Action.boot_notification)
    def on_boot(self, **_: Any) -> call_result.BootNotification:
        return call_result.BootNotification(current_time=_now(), interval=300, status=RegistrationStatus.accepted)

    @on(Action.heartbeat)
    def on_heartbeat(self) -> call_result.Heartbeat:
        return call_result.Heartbeat(current_time=_now())

    @on(Action.authorize)
    def on_authorize(self, **_: Any) -> call_result.Authorize:
        return call_result.Authorize(id_tag_info=IdTagInfo(status=AuthorizationStatus.accepted))

    @on(Action.start_transaction)
    def on_start(self, **_: Any) -> call_result.StartTransaction:
        accepted = IdTagInfo(status=AuthorizationStatus.accepted)
        return call_result.StartTransaction(transaction_id=next(_numbers), id_tag_info=accepted)

    @on(Action.meter_values)
    def on_meter_values(self, **_: Any) -> call_result.MeterValues:
        return call_result.MeterValues()

    @on(Action.stop_transaction)
    def on_stop(self, **_: Any) -> call_result.StopTransaction:
        return call_result.StopTransaction()

    @on(Action.status_notification)
    def on_status(self, **_: Any) -> call_result.StatusNotification:
        return call_result.StatusNotification()


async def _connected(connection: ServerConnection) -> None:
    path = connection.request.path if connection.request is not None else ""
    try:
        await ReferenceChargePoint(path.rpartition("/")[2], connection).start()
    except ConnectionClosed:
        return


async def _serve() -> None:
    # Its own logging of every frame at INFO would be measured as well.
    logging.getLogger("ocpp").setLevel(logging.ERROR)
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    async with serve(_connected, "127.0.0.1", 0, subprotocols=["ocpp1.6"], compression=None, backlog=4096) as server:  # type: ignore[list-item]
        print(next(iter(server.sockets)).getsockname()[1], flush=True)
        await ended.wait()


def measure_reference(seconds: float = 10.0, chargers: int = 1000, warmup: float = 5.0) -> dict[str, Any]:
    """CPU of the reference CSMS per message, as `cpu_us_per_message`, in a closed loop with `chargers` stations."""
    return measure_server("benchmarks.reference_csms", chargers=chargers, warmup=warmup, seconds=seconds, echo=False)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.reference_csms", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("what", nargs="?", choices=("measure", "serve"), default="measure")
    parser.add_argument("--chargers", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=10.0)
    options = parser.parse_args()
    if options.what == "serve":
        allow_many_files()
        uvloop.run(_serve())
    else:
        print(json.dumps(measure_reference(options.seconds, options.chargers)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
