"""How a battery takes energy: constant power up to a knee, then a taper, in closed form so that any step is exact."""

from __future__ import annotations

import math

_KNEE = 0.8
_FLOOR = 0.02
"""Share of full power at 100 %: below it the car calls itself full."""


class Battery:
    """A car's battery. `charge` is its state of charge, 0 to 1."""

    __slots__ = ("capacity_wh", "charge", "power_w")

    def __init__(self, capacity_wh: float, charge: float, power_w: float) -> None:
        """`power_w` is the most that car and station agree on."""
        self.capacity_wh, self.charge, self.power_w = capacity_wh, charge, power_w

    @property
    def full(self) -> bool:
        return self.charge >= 0.9999

    @property
    def drawn_w(self) -> float:
        """The power it takes now."""
        if self.full:
            return 0.0
        if self.charge <= _KNEE:
            return self.power_w
        return self.power_w * max(_FLOOR, 1 - (1 - _FLOOR) * (self.charge - _KNEE) / (1 - _KNEE))

    def take(self, seconds: float) -> float:
        """Charge for `seconds`; return the energy taken, in Wh. Never negative."""
        if seconds <= 0 or self.full:
            return 0.0
        before, hours = self.charge, seconds / 3600
        rate = self.power_w / self.capacity_wh
        if self.charge < _KNEE:
            constant = min(hours, (_KNEE - self.charge) / rate)
            self.charge += rate * constant
            hours -= constant
        if hours > 0:
            self._taper(rate, hours)
        return (self.charge - before) * self.capacity_wh

    def _taper(self, rate: float, hours: float) -> None:
        """Past the knee power falls linearly with charge, so charge nears its end as an exponential of time."""
        slope = (1 - _FLOOR) / (1 - _KNEE)
        end = _KNEE + 1 / slope
        self.charge = min(1.0, end - (end - self.charge) * math.exp(-rate * slope * hours))
