"""Stations whose sessions cost something, in worlds with one tariff."""

from __future__ import annotations

from datetime import time
from decimal import Decimal
from typing import Any

from engine.charging.events import SessionSettled
from engine.charging.messages import TransactionReported
from engine.tariffs.held import Assignment, HeldTariffs, InForce, hold
from engine.tariffs.model import Dimension, Element, IdleFee, PriceComponent, Restrictions, Tariff
from tests.engine.charging.world import World, energy, reading, reply
from tests.engine.tariffs.places import OneSite


def component(dimension: Dimension, of: str) -> PriceComponent:
    return PriceComponent(dimension, Decimal(of))


MALL = Tariff(
    "mall",
    3,
    "INR",
    (Element((component(Dimension.ENERGY, "18"),)),),
    idle=IdleFee(Decimal(3), grace_s=300),
    tax_included=True,
)
"""₹18 a kWh, and ₹3 a minute for a car that stays more than five minutes after it was charged."""

NIGHTS = Tariff(
    "nights",
    1,
    "EUR",
    (
        Element((component(Dimension.ENERGY, "0.20"),), Restrictions(start_time=time(22), end_time=time(6))),
        Element((component(Dimension.ENERGY, "0.50"), component(Dimension.PARKING_TIME, "6"))),
    ),
)


def held(tariff: Tariff, **fields: Any) -> HeldTariffs:
    place = OneSite("CP-1")
    return hold(place, [Assignment("a", tariff.id, "net", 0, **fields)], [InForce(tariff, 0)])


class Station:
    """A 1.6 station in a world with one tariff."""

    def __init__(self, tariff: Tariff = MALL, **config: Any) -> None:
        self.world = World(**{"tariffs": held(tariff), **config})
        self.world.connect()
        self.number = 0

    def start(self, meter: int = 1000, **fields: Any) -> Station:
        self.world.do(self.world.status("Preparing"))
        self.number = reply(self.world.do(self.world.start(meter, **fields))).transaction
        return self

    def says(self, status: str, after_s: float = 0) -> None:
        self.world.pass_time(after_s)
        self.world.do(self.world.status(status))

    def meter(self, wh: int, after_s: float = 0) -> None:
        self.world.pass_time(after_s)
        self.world.do(self.world.meters(self.number, (0, wh)))

    def stop(self, wh: int, after_s: float = 0, **fields: Any) -> None:
        self.world.pass_time(after_s)
        self.world.do(self.world.stop(self.number, wh, **fields))

    @property
    def settled(self) -> SessionSettled | None:
        told = self.world.told(SessionSettled)
        assert len(told) <= 1
        return told[0] if told else None


class Events:
    """A 2.x station in a world with one tariff."""

    def __init__(self, tariff: Tariff = MALL) -> None:
        self.world = World(tariffs=held(tariff))
        self.world.connect()
        self.seq = -1

    def say(self, event: str, state: str = "", wh: int | None = None, after_s: float = 0, **fields: Any) -> None:
        self.seq += 1
        self.world.pass_time(after_s)
        readings = () if wh is None else (reading(self.world.at(), energy(wh)),)
        said = (event, "T", self.seq, self.world.at(), "", False, state, "", 0, 0, None, None, readings)
        self.world.do(TransactionReported(*said)._replace(**fields))

    @property
    def settled(self) -> SessionSettled:
        (told,) = self.world.told(SessionSettled)
        return told
