"""Which cases there are: functions marked by `case`, and the ids that cannot be built, with the reason."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.conformance.bench import Bench

Run = Callable[["Bench"], Awaitable[None]]
PACKAGES = ("tests.conformance.ocpp16", "tests.conformance.ocpp201")


@dataclass(frozen=True, slots=True)
class Case:
    """One built case. `about` is its docstring, `module` where it is, `sample` whether `make test` runs it."""

    id: str
    run: Run
    about: str
    module: str
    sample: bool


CASES: dict[str, Case] = {}
NOT_BUILT: dict[str, str] = {}


def case(id: str, *, sample: bool = False) -> Callable[[Run], Run]:
    """Mark an async function as the case `id`. Raises ValueError for a second one, or one without a docstring."""

    def marked(run: Run) -> Run:
        about = inspect.getdoc(run)
        if not about:
            raise ValueError(f"{id}: say in the docstring of {run.__name__} what is validated")
        if id in CASES or id in NOT_BUILT:
            raise ValueError(f"{id} is there already")
        CASES[id] = Case(id, run, about, run.__module__, sample)
        return run

    return marked


def not_built(id: str, why: str) -> None:
    """Say why a case cannot be built."""
    if id in CASES or id in NOT_BUILT:
        raise ValueError(f"{id} is there already")
    NOT_BUILT[id] = why


def load() -> None:
    """Import every module with cases."""
    for name in PACKAGES:
        package = importlib.import_module(name)
        for module in pkgutil.iter_modules(package.__path__, f"{name}."):
            importlib.import_module(module.name)
