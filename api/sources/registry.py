"""Charge points from SQL, as the façade wants them."""

from __future__ import annotations

from engine.stores.registry import ChargePoint, Registry


class SqlRegistry:
    """The `Registry` port over the repository. All methods raise StoreUnavailable."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    async def charge_point(self, charge_point: str) -> ChargePoint:
        return await self._registry.get(charge_point)
