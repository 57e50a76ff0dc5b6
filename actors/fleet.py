"""References: reaching a charge point's actor from anywhere, and reading what was last written about it.

The façade's view of the actor layer. States are read from the snapshots, without asking a host: they are as fresh as
the last commit. Commands go to the host that the directory names, or to one that wakes the actor up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from zlib import crc32

import ray
import structlog
from ray.exceptions import RayError, RayTaskError

from actors.commands import Ended
from actors.config import NAMESPACE, SUPERVISOR, ClusterConfig
from actors.host import dedicated_handle, host_handle
from actors.host_metrics import Metric
from actors.numbers import TransactionNumbers
from actors.stores import Stores
from engine.charging.operations import Operation
from engine.errors import InvalidInput, NotFound, StoreUnavailable, Unavailable
from engine.ocpp.quirks import load_quirks
from engine.stores.live_state import LiveStates, View

log = structlog.get_logger("fleet")
TRIES = 5
"""With the pauses between them longer than hosts take to renew their leases after the journal was away."""

ANSWER_GRACE_S = 8.0


class RayFleet:
    """Charge points as actors, over Ray and the directory."""

    def __init__(self, config: ClusterConfig, stores: Stores) -> None:
        self._config = config
        self._stores = stores
        self._journal = stores.journal
        self._live = LiveStates(stores.journal, load_quirks(config.settings.quirks))
        self._numbers = TransactionNumbers(stores.journal)
        self._handles: dict[str, Any] = {}

    async def state(self, charge_point: str) -> View | None:
        """The live state; None for a station that never connected."""
        return await self._live.state(charge_point)

    async def states(self, charge_points: Sequence[str]) -> dict[str, View]:
        """The live states of many; those that never connected are left out."""
        return await self._live.states(charge_points)

    async def kept(self, charge_point: str, what: str, request: int | None = None) -> Any:
        """What is kept of a station beside its charging; None for one that never connected."""
        return await self._live.kept(charge_point, what, request)

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
    ) -> Ended:
        """Have an OCPP call made and return how it ended.

        `asked` is the line of the audit log for who asked: it is in the journal before the CALL leaves.
        The command's id makes it safe to ask a second host when the first one dies: a command that was sent is never
        sent again, and whoever has the activation knows how it ended. Raises Unavailable when no host answers.
        """
        request: dict[str, Any] = {
            "action": action,
            "payload": dict(payload),
            "wait": wait,
            "requested_by": requested_by,
        }
        request |= {"command": command_id, "timeout_s": timeout_s, "asked": asked}
        return await self._asked(charge_point, "command", request)

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
    ) -> Ended:
        """As `command`, for an operation: the host says it in the words of the station's version.

        Raises InvalidInput where that version cannot do it.
        """
        request: dict[str, Any] = {"operation": operation, "wait": wait, "requested_by": requested_by}
        request |= {"command": command_id, "timeout_s": timeout_s, "asked": asked}
        return await self._asked(charge_point, "operate", request)

    async def fresh_number(self) -> int:
        """A number that no operation has had before, by which station and CSMS name what comes of it."""
        return await self._numbers.take_when_there()

    async def _asked(self, charge_point: str, method: str, request: dict[str, Any]) -> Ended:
        timeout_s = request["timeout_s"]
        trouble = "no host answers"
        for attempt in range(TRIES):
            try:
                handle = await self._handle(charge_point)
                asked = getattr(handle, method).remote(charge_point, request)
                return Ended(**await asyncio.wait_for(asked, timeout=timeout_s + ANSWER_GRACE_S))
            except RayTaskError as error:
                cause = error.cause
                if isinstance(cause, InvalidInput) and not isinstance(cause, NotFound):
                    raise cause from None
                if not isinstance(cause, NotFound | Unavailable):
                    raise
                trouble = str(cause)
            except (RayError, TimeoutError, ValueError, Unavailable) as error:
                trouble = str(error).partition("\n")[0]
            # A host of the same name may be another actor by now.
            self._handles.clear()
            log.info("command_asked_again", charge_point=charge_point, attempt=attempt, trouble=trouble)
            # The first time at once: who has just taken over is known already, and the station may answer soon.
            await asyncio.sleep(0.5 * attempt)
        raise StoreUnavailable(f"The host of {charge_point} does not answer: {trouble}")

    async def _handle(self, charge_point: str) -> Any:
        """Where the activation is; else its own host, or one of those alive by rendezvous."""
        # All at once: somebody waits for the command's answer.
        account, located, leases = await asyncio.gather(
            self._stores.credentials.account(charge_point), self._journal.locate(charge_point), self._journal.leases()
        )
        if account is not None and account.isolation == "dedicated":
            return dedicated_handle(charge_point, self._config)
        alive = {name for name in leases if ":" not in name}
        if located is not None and located.host in alive:
            return self._handle_of(located.host)
        if not alive:
            raise StoreUnavailable("No host is alive at the moment.")
        return self._handle_of(max(alive, key=lambda name: crc32(f"{name}/{charge_point}".encode())))

    def _handle_of(self, host: str) -> Any:
        """Ray asks its directory for a name, and makes a handle anew each time."""
        handle = self._handles.get(host)
        if handle is None:
            handle = self._handles[host] = host_handle(host)
        return handle

    async def hosts(self) -> list[dict[str, Any]]:
        """Every host with its logical actors; one that does not answer is listed with its trouble."""
        names = sorted(await self._journal.leases())
        return list(await asyncio.gather(*(self._host(name) for name in names)))

    async def _host(self, name: str) -> dict[str, Any]:
        try:
            told: dict[str, Any] = await asyncio.wait_for(host_handle(name).actors.remote(), timeout=5.0)
        except (RayError, TimeoutError, ValueError) as error:
            return {"name": name, "ready": False, "trouble": str(error).splitlines()[0], "actors": [], "count": 0}
        return told | {"name": name}


async def children() -> list[dict[str, Any]]:
    """What the supervisor knows of everything it looks after. Raises StoreUnavailable when it does not answer."""
    try:
        supervisor = ray.get_actor(SUPERVISOR, namespace=NAMESPACE)
        told: list[dict[str, Any]] = await asyncio.wait_for(supervisor.children.remote(), timeout=3.0)
    except (RayError, TimeoutError, ValueError) as error:
        raise StoreUnavailable("The supervisor does not answer.") from error
    return told


async def host_numbers(name: str) -> list[Metric]:
    """A host's metrics; none while it does not answer."""
    try:
        numbers: list[Metric] = await asyncio.wait_for(host_handle(name).metrics.remote(), timeout=3.0)
    except (RayError, TimeoutError, ValueError):
        return []
    return numbers


async def projection_lag(name: str) -> dict[str, Any]:
    """A projection's lag; `running` False while it does not answer."""
    try:
        handle = ray.get_actor(f"projection-{name}", namespace=NAMESPACE)
        told: dict[str, Any] = await asyncio.wait_for(handle.lag.remote(), timeout=3.0)
    except (RayError, TimeoutError, ValueError):
        return {"name": name, "running": False}
    return told
