"""Print what a meter value costs the machines: `python -m tests.engine.charging.hot_path`."""

from __future__ import annotations

import timeit
from datetime import time
from decimal import Decimal

from engine.charging import charge_point
from engine.charging.config import MachineConfig
from engine.charging.effects import TellSession
from engine.charging.messages import Instant, MeterReading, MetersReported, Sample, StartReported, TokenStanding
from engine.charging.session import machine as session
from engine.charging.session.machine import SessionState
from engine.charging.snapshots import encode_session
from engine.charging.state import ChargePointState
from engine.tariffs.held import HeldTariffs
from engine.tariffs.model import Dimension, Element, IdleFee, PriceComponent, Restrictions, Tariff

NOW = 1_767_225_600_000_000
ROUNDS = 20_000


def message(number: int) -> MetersReported:
    at = Instant("2026-01-01T00:00:00Z", NOW + number * 1_000_000, NOW + number * 1_000_000)
    samples = tuple(
        Sample(name, phase, "Outlet", "Sample.Periodic", "Raw", unit, value, Decimal(value), unit)
        for name, phase, unit, value in (
            ("Energy.Active.Import.Register", "", "Wh", str(1000 + number)),
            ("Power.Active.Import", "", "W", "11040.5"),
            ("Current.Import", "L1", "A", "16.0"),
            ("Voltage", "L1", "V", "230.1"),
        )
    )
    return MetersReported(1, 1, "4711", (MeterReading(at, samples),))


def measure(about: str, tariff: Tariff | None) -> None:
    """With a meter value a second, so that its price is reckoned once in sixty of them."""
    config = MachineConfig(tariffs=HeldTariffs(fallback=tariff))
    state = ChargePointState("CP-0001")
    at = Instant("2026-01-01T00:00:00Z", NOW, NOW)
    start = StartReported(1, 1, "04A2B3C4D5E6F7", Decimal(1000), at, TokenStanding("Accepted"), 4711, "a" * 32)
    state, effects = charge_point.step(state, start, NOW, config)
    opened = next(effect.message for effect in effects if isinstance(effect, TellSession))
    running, _ = session.step(SessionState("CP-0001", "a" * 32), opened, NOW, config)
    messages = iter([message(number) for number in range(1, ROUNDS + 1)])

    def handle() -> None:
        told = next(messages)
        now = told.readings[0].at.received
        _, effects = charge_point.step(state, told, now, config)
        for effect in effects:
            if isinstance(effect, TellSession):
                session.step(running, effect.message, now, config)

    once = min(timeit.repeat(handle, repeat=10, number=ROUNDS // 10)) / (ROUNDS // 10)
    encode = min(timeit.repeat(lambda: encode_session(running), repeat=5, number=5_000)) / 5_000
    print(f"ChargePoint.step + Session.step, 4 samples, {about}: {once * 1e6:.2f} us")
    print(f"encode_session: {encode * 1e6:.2f} us, {len(encode_session(running))} bytes")


def main() -> None:
    energy = Element((PriceComponent(Dimension.ENERGY, Decimal(18)),))
    cheaper = Element(
        (PriceComponent(Dimension.ENERGY, Decimal(9)),), Restrictions(start_time=time(22), end_time=time(6))
    )
    measure("no tariff", None)
    measure("energy and idleness", Tariff("t", 1, "INR", (energy,), idle=IdleFee(Decimal(3), 300)))
    measure("by time of day", Tariff("t", 1, "INR", (cheaper, energy)))


if __name__ == "__main__":
    main()
