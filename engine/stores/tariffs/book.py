"""Which tariff holds where, from memory: a session's start costs no store anything.

The book hands out `HeldTariffs`, which never change; after every change that is announced it makes new ones and tells
whoever follows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from engine.settings import Settings
from engine.stores.changes import TARIFF
from engine.stores.kept_book import KeptBook
from engine.tariffs.flat import price_per_kwh
from engine.tariffs.held import Assignment, HeldTariffs, InForce, Nowhere, Places, hold
from engine.tariffs.model import Tariff


class TariffSource(Protocol):
    """Where tariffs come from: SQL."""

    async def read(self) -> tuple[list[Assignment], list[InForce]]:
        """All that is in force, was or will be."""
        ...


class TariffBook(KeptBook):
    """The tariffs of this process. Without a `source` there is only the `fallback`."""

    kind = TARIFF

    def __init__(
        self, source: TariffSource | None = None, places: Places | None = None, fallback: Tariff | None = None
    ) -> None:
        super().__init__()
        self._source = source
        self._followers: list[Callable[[HeldTariffs], None]] = []
        self.held = HeldTariffs(Nowhere() if places is None else places, fallback=fallback)

    def follow(self, told: Callable[[HeldTariffs], None]) -> None:
        """Tell of the present tariffs, and of new ones whenever they are read."""
        self._followers.append(told)
        told(self.held)

    async def read(self) -> None:
        """Read all. Raises StoreUnavailable; what is held stays in use then."""
        if self._source is None:
            return
        assignments, versions = await self._source.read()
        self.held = hold(self.held.places, assignments, versions, self.held.fallback)
        for told in self._followers:
            told(self.held)


def fallback_of(settings: Settings) -> Tariff | None:
    """The settings' price for each kWh, for charge points to which nothing is assigned."""
    price = settings.price_per_kwh
    return None if price is None else price_per_kwh(price, settings.currency)
