"""What else the demonstration has, a module for each part: `async def seed(world)`, and `EXAMPLES` of addresses.

Every module here is found by itself. `EXAMPLES` says for a page's path as registered under which address it is opened.
They run in alphabetical order, once the networks, stations, charge points and people are there.
"""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.web.world import World


def _modules() -> list[ModuleType]:
    found = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return [importlib.import_module(f"{__name__}.{name}") for name in found]


async def seed_all(world: World) -> None:
    for module in _modules():
        if hasattr(module, "seed"):
            await module.seed(world)


def examples() -> dict[str, str]:
    """Path as registered → an address."""
    return {path: address for module in _modules() for path, address in getattr(module, "EXAMPLES", {}).items()}
