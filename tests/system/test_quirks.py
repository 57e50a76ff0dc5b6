"""Stations with each of the liberties that real ones take: one session in the books for each real one, exact energy."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest

from loadtest.audit import AuditBook, AuditLog
from loadtest.installation import Installation
from loadtest.link import Link, wall
from loadtest.station import Quirk, Station, Traits
from loadtest.wire import Address
from tests.system.charge_points import registered, rows

pytestmark = pytest.mark.system

TAG = "QUIRK-TAG"


class Driven:
    """One station and its two sessions, the second after a cut in the line."""

    def __init__(self, system: Installation, identity: str, wanted: frozenset[Quirk], audit: Path) -> None:
        self.identity = identity
        self.path = audit
        self.log = AuditLog(audit)
        traits = Traits(
            meter_interval_s=0.15,
            speed=200,
            retry_interval_s=1,
            reconnect_min_s=0.1,
            reconnect_max_s=0.3,
            quirks=wanted,
        )
        self.station = Station(identity, traits, seed=7, audit=self.log)
        url = f"ws://127.0.0.1:{system.ocpp_port}/ocpp"
        self.link = Link(self.station, Address.of(url, identity, "", wanted))

    async def until(self, condition: Callable[[], object]) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + 40
        while not condition():
            assert loop.time() < deadline, f"{self.identity} does not get on"
            await asyncio.sleep(0.02)

    def registered(self) -> bool:
        return self.station.registered and self.station.online

    def charging(self) -> bool:
        transaction = self.station.connectors[1].transaction
        return transaction is not None and transaction.number is not None

    def charged(self, register_wh: float) -> bool:
        return self.station.connectors[1].register_wh > register_wh

    def quiet(self) -> bool:
        outbox = self.station.outbox
        return not outbox.durable and outbox.under_way is None and self.station.connectors[1].held is None

    async def live(self) -> None:
        self.link.start()
        await self.until(self.registered)
        connector = self.station.connectors[1]
        for cut in (False, True):
            self.station.plug_in(1, wall())
            self.station.present(1, TAG, wall())
            self.link.pump()
            await self.until(self.charging)
            wanted = connector.register_wh + 400
            if cut:
                self.link.cut()
            await self.until(partial(self.charged, wanted))
            self.station.unplug(1, wall())
            self.link.pump()
            await self.until(self.quiet)
        await self.link.stop()
        self.log.close()

    def audited(self, system: Installation) -> None:
        """Two sessions in the ledger, with the energy between the registers; all values in ClickHouse once."""
        book = AuditBook(self.path)
        told = {name: book.must(name) for name in ("StartTransaction", "StopTransaction", "MeterValues")}
        ids = [line.transaction for line in told["StartTransaction"]]
        assert len(set(ids)) == 2, f"{self.identity} was given {ids}"
        system.until(lambda: len(self.ledger(system)) >= 2, 30, f"both sessions of {self.identity} in the ledger")
        energies = {}
        for begin in told["StartTransaction"]:
            first = min(
                (line for line in told["StopTransaction"] if line.transaction == begin.transaction),
                key=lambda line: line.at,
            )
            energies[str(begin.transaction)] = Decimal(str(first.detail["meterStop"])) - Decimal(
                str(begin.detail["meterStart"])
            )
        assert dict(self.ledger(system)) == energies
        samples = sum(line.samples for line in told["MeterValues"])
        system.until(lambda: rows(system, "meter_values", self.identity) >= samples, 30, "all meter values stored")
        assert rows(system, "meter_values", self.identity) == samples
        system.until(lambda: rows(system, "sessions", self.identity) >= 2, 30, "both sessions in ClickHouse")
        assert rows(system, "sessions", self.identity) == 2

    def ledger(self, system: Installation) -> list[tuple[str, Decimal]]:
        found = system.sql(
            "SELECT transaction_id, energy_wh FROM sessions "
            f"WHERE charge_point = '{self.identity}' AND state = 'stopped'"
        )
        return [(transaction, Decimal(energy)) for transaction, energy in found] if len(found) >= 2 else []


async def test_every_quirk_keeps_one_session_each_and_the_right_energy(system: Installation, tmp_path: Path) -> None:
    wanted = [frozenset({quirk}) for quirk in Quirk] + [frozenset()]
    stations = []
    for quirks in wanted:
        name = "-".join(quirks) or "tidy"
        identity = await registered(system, name, tokens=[TAG])
        stations.append(Driven(system, identity, quirks, tmp_path / name))
    await asyncio.gather(*(station.live() for station in stations))
    for station in stations:
        await asyncio.to_thread(station.audited, system)
