"""How the façade reaches hosts: here hosts are acted, real ones die in `tests/system`."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ray.exceptions import ActorDiedError

from actors import fleet
from actors.config import ClusterConfig
from actors.fleet import RayFleet
from engine.charging.operations import Reset
from engine.journal.memory import MemoryJournal
from engine.settings import Settings


class Host:
    """Carries out operations, or is dead."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.dead = False
        self.operate = self

    async def remote(self, charge_point: str, request: dict[str, Any]) -> dict[str, Any]:
        if self.dead:
            raise ActorDiedError()
        self.asked.append(request)
        return {"command": request["command"], "outcome": "Accepted"}


async def test_a_host_s_handle_is_remembered_until_it_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that was ended for good has a successor of the same name, which Ray's directory knows."""
    hosts: list[Host] = []

    def looked_up(name: str) -> Host:
        hosts.append(Host())
        return hosts[-1]

    monkeypatch.setattr(fleet, "host_handle", looked_up)
    journal = MemoryJournal()
    await journal.renew_lease("host-0", "one", 60.0)

    async def unregistered(charge_point: str) -> None:
        return None

    stores: Any = SimpleNamespace(journal=journal, credentials=SimpleNamespace(account=unregistered))
    reached = RayFleet(ClusterConfig(Settings(), "", "", True), stores)

    async def reset(command: str) -> str:
        ended = await reached.operate(
            "CP-1", Reset(), timeout_s=5.0, wait=False, requested_by="me", command_id=command, asked={"id": command}
        )
        return ended.outcome

    assert [await reset("c1"), await reset("c2")] == ["Accepted", "Accepted"]
    assert len(hosts) == 1
    hosts[0].dead = True
    assert await reset("c3") == "Accepted"
    assert [request["asked"] for host in hosts for request in host.asked] == [{"id": "c1"}, {"id": "c2"}, {"id": "c3"}]
    assert len(hosts) == 2
