"""One session's story over the façade: what happened in order, and in plain words what is wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from api.memory.facade import MemoryAnalytics
from api.ports.facade import StatusRow
from engine.clock import SECOND
from engine.stores.drivers.driver import Driver
from engine.stores.tokens.token import Token
from tests.api.conftest import Facade, command_row, session_row, view

START = 1_767_225_601 * SECOND


async def ask(facade: Facade, what: str, role: str = "support") -> Any:
    async with facade.client(facade.token(role)) as client:
        answer = await client.get(f"/api/v1/sessions/s0001/{what}")
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


def told(facade: Facade, *rows: StatusRow) -> None:
    assert isinstance(facade.analytics, MemoryAnalytics)
    facade.analytics.told["CP-1"] = list(rows)


def now_at(facade: Facade, status: str, session: dict[str, Any] | None = None, **more: Any) -> None:
    connector = {"evse": 1, "connector": 1, "status": status, "error": "", "info": "", "session": session}
    facade.fleet.views["CP-1"] = view("CP-1", connectors=[connector | more])


async def test_the_timeline_has_everything_once_and_in_order(facade: Facade) -> None:
    facade.ledger.rows[:] = [session_row(1, settled=START + 70 * SECOND, cost="12.50", currency="EUR")]
    facade.ledger.ended[:] = [command_row(1, requested=START + 5 * SECOND, ended=START + 6 * SECOND)]
    told(
        facade,
        StatusRow(START - SECOND, 1, 1, "Preparing", "Available"),
        StatusRow(START + 2 * SECOND, 1, 1, "Charging", "Preparing"),
        StatusRow(START + 3 * SECOND, 1, 1, "Charging", "Charging"),
        StatusRow(START + 20 * SECOND, 2, 1, "Faulted", "Available", "GroundFailure"),
        StatusRow(START + 30 * SECOND, 1, 1, "Faulted", "Charging", "InternalError", vendor_error="E-7"),
    )
    items = await ask(facade, "timeline")
    assert [(item["kind"], item["what"]) for item in items] == [
        ("status", "Preparing"),
        ("session", "started"),
        ("status", "Charging"),
        ("command", "Reset"),
        ("outcome", "Accepted"),
        ("status", "Faulted"),
        ("session", "stopped"),
        ("session", "settled"),
    ]
    assert items[5]["detail"] == "InternalError · E-7"
    assert items[7]["detail"] == "12.50 EUR"


async def test_who_may_not_read_commands_gets_the_story_without_them(facade: Facade) -> None:
    facade.ledger.ended[:] = [command_row(1)]
    kinds = {item["kind"] for item in await ask(facade, "timeline", "analyst")}
    assert kinds == {"session"}
    assert "command" in {item["kind"] for item in await ask(facade, "timeline", "support")}


async def test_a_running_session_at_a_faulted_connector_is_diagnosed(facade: Facade) -> None:
    facade.ledger.rows[:] = [session_row(1, state="metered", stopped=None, reason="")]
    live = {"id": "s0001", "state": "metered", "authorisation": "Accepted", "energy_wh": "10", "power_w": "0"}
    now_at(facade, "Faulted", live | {"metered": facade.clock.now()}, error="InternalError", info="E-7")
    worst, *_ = await ask(facade, "diagnosis")
    assert (worst["code"], worst["severity"], worst["action"]) == ("faulted", "error", "reset")
    assert worst["values"] == {"error": "InternalError", "vendor_error": "E-7"}


async def test_what_the_connector_says_now_is_not_held_against_a_session_before(facade: Facade) -> None:
    now_at(facade, "Faulted", {"id": "another", "state": "metered"}, error="InternalError")
    facade.ledger.ended[:] = []
    assert "faulted" not in [item["code"] for item in await ask(facade, "diagnosis")]


async def test_a_command_that_got_no_answer_is_named(facade: Facade) -> None:
    row = command_row(1)
    facade.ledger.ended[:] = [replace(row, outcome="TimedOut", answer=None)]
    now_at(facade, "Available")
    found = {item["code"]: item for item in await ask(facade, "diagnosis")}
    assert found["command"]["text"] == "The charger did not answer Reset in time."


async def test_a_charger_that_nobody_knows_the_state_of_has_a_story_still(facade: Facade) -> None:
    facade.fleet.views.clear()
    facade.ledger.ended[:] = []
    assert [item["code"] for item in await ask(facade, "diagnosis")][-1] == "ended_well"


async def test_whose_session_it_was_is_told_to_who_may_read_drivers(facade: Facade) -> None:
    asha = await facade.ports.business.drivers.add(Driver("", "default", name="Asha Rao"))
    await facade.ports.business.tokens.create(Token("ASHA", driver=asha.id))
    now = facade.clock.now()
    facade.ledger.rows[:] = [session_row(1, id_token="ASHA", network="default", started=now + 1, stopped=now + 2)]
    for role, driver in (("support", asha.id), ("finance", None)):
        async with facade.client(facade.token(role)) as client:
            told = (await client.get("/api/v1/sessions/s0001/timeline")).json()
        assert told["driver"] == driver, role
