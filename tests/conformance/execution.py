"""Running cases: one, or all of a list in parallel, each with a bench of its own and a deadline."""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import httpx

from tests.conformance.bench import Bench
from tests.conformance.registry import Case
from tests.conformance.system import SystemUnderTest
from tests.conformance.verdict import CaseFailed

CASE_DEADLINE_S = 180.0


@dataclass(frozen=True, slots=True)
class Result:
    """How a case went. `failure` is "" if it passed; `trace` are the frames of its stations."""

    case: Case
    seconds: float
    failure: str = ""
    trace: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return not self.failure


async def run_case(system: SystemUnderTest, case: Case) -> Result:
    """Run one case. A failure is a result; only what is no matter of the case (a cancellation) is raised."""
    bench = Bench(system, case.id)
    began = time.monotonic()
    failure = ""
    try:
        async with asyncio.timeout(CASE_DEADLINE_S):
            async with bench:
                await case.run(bench)
    except (CaseFailed, httpx.HTTPError, TimeoutError, OSError) as error:
        failure = f"{_place(error, case)}{_said(error)}"
    except Exception as error:  # noqa: BLE001 - a case's own mistake is shown as such, and fails it
        failure = f"{_place(error, case)}{_said(error)}\n{traceback.format_exc()}"
    trace = tuple(f"{station.identity}: {line}" for station in bench.stations for line in station.trace)
    return Result(case, time.monotonic() - began, failure, trace)


async def run_cases(
    system: SystemUnderTest, cases: Sequence[Case], parallel: int, told: Callable[[Result], None]
) -> list[Result]:
    """Run cases, so many at once; `told` hears of each as it ends. In the order given."""
    turn = asyncio.Semaphore(parallel)

    async def one(case: Case) -> Result:
        async with turn:
            result = await run_case(system, case)
        told(result)
        return result

    return list(await asyncio.gather(*(one(case) for case in cases)))


def _said(error: BaseException) -> str:
    return str(error) if isinstance(error, CaseFailed) else f"{type(error).__name__}: {error}"


def _place(error: BaseException, case: Case) -> str:
    """The line of the case at which it failed, e.g. "core_sessions.py:41: "."""
    path = f"{case.module.replace('.', '/')}.py"
    lines = [f for f in traceback.extract_tb(error.__traceback__) if f.filename.endswith(path)]
    return f"{path.rpartition('/')[2]}:{lines[-1].lineno}: " if lines else ""
