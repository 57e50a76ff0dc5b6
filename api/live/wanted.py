"""What a subscriber asks to be told of: some networks, stations or charge points, or all that it may see."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from api.live.followers import Wants
from api.live.sight import Sight
from engine.stores.places.book import PlaceBook


@dataclass(frozen=True, slots=True)
class Wanted:
    """Ids; an empty set asks for all. What is in one of each is told."""

    networks: frozenset[str] = frozenset()
    stations: frozenset[str] = frozenset()
    charge_points: frozenset[str] = frozenset()

    @classmethod
    def read(cls, networks: Iterable[str], stations: Iterable[str], charge_points: Iterable[str]) -> Wanted:
        """As somebody wrote them: charge points in any case."""
        return cls(frozenset(networks), frozenset(stations), frozenset(each.lower() for each in charge_points))

    def of(self, sight: Sight, places: PlaceBook) -> Wants:
        """Whether what concerns a charge point is wanted by somebody with this sight. Asked about each event."""
        if not (self.networks or self.stations or self.charge_points):
            return sight.sees

        def wants(charge_point: str) -> bool:
            if self.charge_points and charge_point.lower() not in self.charge_points:
                return False
            if self.networks or self.stations:
                place = places.place(charge_point)
                if place is None or (self.networks and place.network not in self.networks):
                    return False
                if self.stations and place.station not in self.stations:
                    return False
            return sight.sees(charge_point)

        return wants
