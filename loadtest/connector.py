"""One connector of a simulated station: its cable, car, register and transaction, and the values a meter would show."""

from __future__ import annotations

import random
from typing import Any, NamedTuple

from loadtest.curve import Battery
from loadtest.outbox import Transaction

FREE = ("Available", "Preparing")
CHARGING = ("Charging", "SuspendedEV", "SuspendedEVSE")


class Measured(NamedTuple):
    """One value of a reading, as the meter writes it."""

    text: str
    measurand: str
    unit: str
    location: str


class Connector:
    """State of one connector; connector 0 is the station as a whole and never charges.

    `register_wh` only grows. `speed` makes the car charge that many times faster than the clock says.
    """

    __slots__ = (
        "battery", "cabled", "error", "held", "id_tag", "number", "operative", "register_wh", "speed", "status",
        "transaction", "updated",
    )  # fmt: skip

    def __init__(self, number: int, *, register_wh: float, speed: float) -> None:
        self.number = number
        self.status = "Available"
        self.error = "NoError"
        self.operative = True
        self.register_wh = register_wh
        self.speed = speed
        self.cabled = False
        self.id_tag = ""
        self.battery: Battery | None = None
        self.transaction: Transaction | None = None
        self.updated = 0
        self.held: Any = None
        """A meter message that leaves late (quirk out_of_order_meters)."""

    @property
    def resting_status(self) -> str:
        """What the connector is when nothing happens at it."""
        if not self.operative:
            return "Unavailable"
        return "Preparing" if self.cabled else "Available"

    @property
    def power_w(self) -> float:
        return self.battery.drawn_w if self.status == "Charging" and self.battery is not None else 0.0

    def advance(self, now: int) -> None:
        """Let the energy flow that flowed since the last call."""
        if self.status == "Charging" and self.battery is not None:
            self.register_wh += self.battery.take((now - self.updated) / 1e6 * self.speed)
        self.updated = now

    def sampled(self, rng: random.Random, *, soc: bool, in_kwh: bool) -> list[Measured]:
        """The values of this moment: register, power, current, voltage, and the state of charge if asked.

        `in_kwh`: the register in kWh, though its unit says Wh.
        """
        voltage = 230.0 + rng.uniform(-2.5, 2.5)
        power = self.power_w
        current = power / (voltage * (3 if power > 7_400 else 1))
        register = f"{self.register_wh / 1000:.4f}" if in_kwh else f"{self.register_wh:.1f}"
        values = [
            Measured(register, "Energy.Active.Import.Register", "Wh", "Outlet"),
            Measured(f"{power:.0f}", "Power.Active.Import", "W", "Outlet"),
            Measured(f"{current:.1f}", "Current.Import", "A", "Outlet"),
            Measured(f"{voltage:.1f}", "Voltage", "V", "Outlet"),
        ]
        if soc and self.battery is not None:
            values.append(Measured(f"{self.battery.charge * 100:.0f}", "SoC", "Percent", "EV"))
        return values
