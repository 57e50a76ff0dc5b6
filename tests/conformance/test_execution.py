"""Running cases: what a failure tells, that one failure stays alone, and the numbers at the end."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.conformance import __main__ as runner
from tests.conformance import execution
from tests.conformance.bench import Bench
from tests.conformance.execution import Result, run_case, run_cases
from tests.conformance.registry import CASES, Case, case, not_built
from tests.conformance.scripted_csms import connected
from tests.conformance.station16 import Station16
from tests.conformance.verdict import CaseFailed, same


class Quiet:
    """A system that registers everything and knows every token."""

    def __init__(self) -> None:
        self.rest = self
        self.registered: list[str] = []

    async def register(self, identity: str, **more: Any) -> None:
        self.registered.append(identity)

    async def known(self, tag: str, status: str) -> None:
        pass

    async def json(self, method: str, path: str, **arguments: Any) -> Any:
        return {"method": method, "path": path}


def made(run: Any, id: str = "TC_000_CSMS") -> Case:
    return Case(id, run, "about", __name__, False)


async def test_each_case_has_a_charge_point_and_a_token_of_its_own() -> None:
    system, seen = Quiet(), []

    async def look(bench: Bench) -> None:
        seen.append((bench.identity, bench.valid))
        same(await bench.get("/x"), {"method": "GET", "path": "/api"}, "the answer")

    results = await run_cases(system, [made(look), made(look)], 2, lambda result: None)  # type: ignore[arg-type]
    assert len({identity for identity, _ in seen}) == len({token for _, token in seen}) == 2
    assert all(len(token) <= 20 for _, token in seen)
    assert [r.failure.partition(": ")[2] for r in results] == [
        "the answer is {'method': 'GET', 'path': '/x'}, not {'method': 'GET', 'path': '/api'}"
    ] * 2
    assert results[0].failure.startswith("test_execution.py:")


async def test_a_mistake_of_a_case_and_a_case_without_end_fail_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution, "CASE_DEADLINE_S", 0.05)

    async def mistaken(bench: Bench) -> None:
        raise KeyError("status")

    async def endless(bench: Bench) -> None:
        await asyncio.Event().wait()

    async def good(bench: Bench) -> None:
        assert bench.identity.startswith("TC-000-")

    told: list[Result] = []
    cases = [made(mistaken), made(endless), made(good)]
    results = await run_cases(Quiet(), cases, 1, told.append)  # type: ignore[arg-type]
    assert told == results
    assert [result.passed for result in results] == [False, False, True]
    assert "KeyError" in results[0].failure
    assert "Traceback" in results[0].failure
    assert "TimeoutError" in results[1].failure


async def test_an_operator_who_is_refused_fails_the_case_at_once() -> None:
    class Refusing(Quiet):
        async def json(self, method: str, path: str, **arguments: Any) -> Any:
            if path.endswith("/commands"):
                raise CaseFailed("POST /commands is answered with 422")
            return await super().json(method, path, **arguments)

    async def commanding(bench: Bench) -> None:
        async with connected(Station16, "ocpp1.6") as (station, _):
            await bench.commanded(station, "Reset", {"type": "Sot"}, answer={"status": "Accepted"})

    result = await run_case(Refusing(), made(commanding))  # type: ignore[arg-type]
    assert "answered with 422" in result.failure


def test_a_case_is_marked_once_and_says_what_for() -> None:
    async def silent(bench: Bench) -> None:
        pass

    async def spoken(bench: Bench) -> None:
        """Says what for."""

    with pytest.raises(ValueError, match="say in the docstring"):
        case("TC_X_CSMS")(silent)
    try:
        case("TC_X_CSMS")(spoken)
        with pytest.raises(ValueError, match="there already"):
            case("TC_X_CSMS")(spoken)
        with pytest.raises(ValueError, match="there already"):
            not_built("TC_X_CSMS", "why")
    finally:
        del CASES["TC_X_CSMS"]


def test_the_last_line_is_one_object_with_the_documents_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    async def run(bench: Bench) -> None: ...

    results = [Result(made(run, "TC_001_CSMS"), 1.0), Result(made(run, "TC_003_CSMS"), 1.0, "it is wrong", ("> x",))]
    runner._report(results, frames=3)
    lines = capsys.readouterr().out.splitlines()
    assert json.loads(lines[-1]) == {"ocpp16": {"passed": 1, "of": 77}, "ocpp201": {"passed": 0, "of": 250}}
    assert "TC_003_CSMS: it is wrong" in lines
    assert "    > x" in lines
