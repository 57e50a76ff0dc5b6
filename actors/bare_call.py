"""How long a call of a Ray actor that does nothing takes on this machine: the floor under every command."""

from __future__ import annotations

import time
from typing import Any

import ray

_WARM_UP = 50


class _Empty:
    def nothing(self) -> None:
        """Answer."""


def bare_calls(times: int) -> list[float]:
    """Milliseconds of each of so many calls, one after the other, in a Ray of their own that ends with them."""
    ray.init(address="local", include_dashboard=False, log_to_driver=False, num_cpus=1)
    try:
        actor: Any = ray.remote(num_cpus=0)(_Empty).remote()
        found = []
        for number in range(times + _WARM_UP):
            began = time.perf_counter()
            ray.get(actor.nothing.remote())
            if number >= _WARM_UP:
                found.append((time.perf_counter() - began) * 1000)
        return found
    finally:
        ray.shutdown()
