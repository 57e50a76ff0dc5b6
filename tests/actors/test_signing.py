"""Requests for certificates are worked off: each signed once, sent once, and put on record; also over restarts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from actors import signing
from actors.commands import Ended
from actors.signing import Signing
from engine.charging.operations import SendCertificate
from engine.errors import InvalidInput, StoreUnavailable
from engine.security.local_authority import LocalAuthority, initialise
from engine.stores.certificates import Certificates
from engine.stores.installation_key import InstallationKey
from engine.stores.registry import NewChargePoint, Registry
from engine.stores.signing_requests import SigningRequest, SigningRequests
from engine.stores.sql.engine import Database, connect
from engine.stores.sql.models import signing_requests
from tests.actors.gateway.pki import OPERATOR
from tests.actors.world import until
from tests.books import fresh_books, url_of
from tests.engine.security.test_requests import request
from tests.engine.stores.doors import Noted


class Stations:
    """Answers operations, and keeps them by command."""

    def __init__(self) -> None:
        self.sent: dict[str, SendCertificate] = {}
        self.asked = 0
        self.outcome = "Accepted"
        self.trouble: Exception | None = None
        self.open = asyncio.Event()
        self.open.set()

    async def operate(self, charge_point: str, operation: Any, *, command_id: str, **more: Any) -> Ended:
        assert more["wait"]
        self.asked += 1
        await self.open.wait()
        if self.trouble is not None:
            raise self.trouble
        self.sent.setdefault(command_id, operation)
        return Ended(command_id, self.outcome)


class Office:
    """The authority, its books and the stations."""

    def __init__(self, database: Database, folder: Path) -> None:
        feed = Noted()
        self.database, self.stations = database, Stations()
        self.requests, self.book = SigningRequests(database), Certificates(database, feed)
        self.registry = Registry(database, feed, InstallationKey(bytes(32)))
        self.authority = LocalAuthority(folder, (OPERATOR,), self.book)
        self._running: asyncio.Task[None] | None = None

    async def ask(
        self, csr: str, use: str = "ChargingStationCertificate", number: int | None = None, of: str = "CP-1"
    ) -> None:
        row = {"charge_point": of, "received": 1 + number if number else 1, "csr": csr, "use": use}
        row |= {"request": number, "state": "asked", "updated": 1}
        async with self.database.write() as connection:
            await connection.execute(insert(signing_requests), [row])

    def start(self) -> None:
        work = Signing(self.requests, self.authority, self.registry, self.book, self.stations.operate)
        self._running = asyncio.create_task(work.run())

    async def stop(self) -> None:
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    async def ended(self) -> SigningRequest:
        """The one request, once nothing more is done about it."""
        async with asyncio.timeout(10):
            while True:
                (row,) = await self.requests.latest()
                if row.state not in ("asked", "signed"):
                    return row
                await asyncio.sleep(0.02)


@asynccontextmanager
async def office(folder: Path) -> AsyncIterator[Office]:
    await asyncio.to_thread(initialise, folder / "pki", OPERATOR)
    url = url_of(fresh_books())
    database = connect(url)
    made = Office(database, folder / "pki")
    await made.registry.create(NewChargePoint("CP-1", certificate_name="SN-1", security_profile=3))
    try:
        yield made
    finally:
        await made.stop()
        await database.aclose()


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signing, "LOOK_EVERY_S", 0.02)
    monkeypatch.setattr(signing, "AFTER_TROUBLE_S", 0.02)


@pytest.mark.parametrize(
    ("outcome", "state"),
    [("Accepted", "installed"), ("Rejected", "rejected"), ("TimedOut", "undelivered"), ("Expired", "undelivered")],
)
async def test_a_request_is_signed_and_sent_and_its_end_is_known(tmp_path: Path, outcome: str, state: str) -> None:
    async with office(tmp_path) as bureau:
        bureau.stations.outcome = outcome
        await bureau.ask(request("SN-1"), number=5)
        bureau.start()
        row = await bureau.ended()
        (operation,) = bureau.stations.sent.values()
        issued = await bureau.book.get(row.serial_number)
        assert (row.state, row.detail, issued.charge_point) == (state, outcome, "CP-1")
        assert operation == SendCertificate(issued.pem, "ChargingStationCertificate", 5)


async def test_what_is_not_this_stations_is_refused_with_the_reason_and_nothing_is_sent(tmp_path: Path) -> None:
    async with office(tmp_path) as bureau:
        await bureau.ask(request("SN-2"))
        bureau.start()
        row = await bureau.ended()
        assert (row.state, "common name" in row.detail) == ("refused", True)
        assert (bureau.stations.asked, list((await bureau.book.page()).items)) == (0, [])


async def test_after_a_restart_the_same_certificate_goes_out_under_the_same_command(tmp_path: Path) -> None:
    async with office(tmp_path) as bureau:
        bureau.stations.open.clear()
        await bureau.ask(request("CP-1"))
        bureau.start()
        await until(lambda: bureau.stations.asked == 1, "asked")
        await bureau.stop()
        bureau.stations.open.set()
        bureau.start()
        row = await bureau.ended()
        assert (row.state, list(bureau.stations.sent)) == ("installed", [row.command])
        assert len((await bureau.book.page()).items) == 1


async def test_it_waits_for_what_is_away_and_tries_again(tmp_path: Path) -> None:
    async with office(tmp_path) as bureau:
        bureau.stations.trouble = StoreUnavailable("no host")
        await bureau.ask(request("CP-1"))
        bureau.start()
        await until(lambda: bureau.stations.asked > 2, "tried again")
        bureau.stations.trouble = None
        assert (await bureau.ended()).state == "installed"


@pytest.mark.parametrize(
    ("trouble", "state"), [(InvalidInput("1.6 has no such call."), "undelivered"), (ZeroDivisionError(), "refused")]
)
async def test_nothing_is_tried_for_ever(tmp_path: Path, trouble: Exception, state: str) -> None:
    async with office(tmp_path) as bureau:
        bureau.stations.trouble = trouble
        await bureau.ask(request("CP-1"))
        bureau.start()
        assert (await bureau.ended()).state == state
        assert bureau.stations.asked == 1


async def test_a_look_that_began_before_an_end_does_not_serve_the_request_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with office(tmp_path) as bureau:
        read, looks = bureau.requests.unfinished, 0

        async def slowly(limit: int) -> list[SigningRequest]:
            nonlocal looks
            looks += 1
            found = list(await read(limit=limit))
            if looks == 2:
                assert found, "the request is on its way"
                bureau.stations.open.set()
                await bureau.ended()
            return found

        monkeypatch.setattr(bureau.requests, "unfinished", slowly)
        bureau.stations.open.clear()
        await bureau.ask(request("CP-1"))
        bureau.start()
        await until(lambda: looks > 3, "looked again")
        assert bureau.stations.asked == 1


async def test_certificates_that_wait_for_their_stations_hold_up_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signing, "AT_ONCE", 1)
    async with office(tmp_path) as bureau:
        await bureau.registry.create(NewChargePoint("CP-2", certificate_name="SN-2", security_profile=3))
        bureau.stations.open.clear()
        await bureau.ask(request("SN-1"))
        bureau.start()
        await until(lambda: bureau.stations.asked == 1, "the first waits for its station")
        await bureau.ask(request("SN-2"), of="CP-2")
        await until(lambda: bureau.stations.asked == 2, "the second is signed and on its way")


async def test_a_station_that_asks_again_and_again_gets_one_certificate(tmp_path: Path) -> None:
    async with office(tmp_path) as bureau:
        for number in range(1, 6):
            await bureau.ask(request("SN-1"), number=number)
        bureau.start()
        await until(lambda: bool(bureau.stations.sent), "sent")

        async def settled() -> list[tuple[int | None, str]]:
            return [(row.request, row.state) for row in await bureau.requests.latest()]

        async with asyncio.timeout(10):
            while True:
                if (await settled())[0][1] == "installed":
                    break
                await asyncio.sleep(0.02)
        assert await settled() == [(5, "installed"), *((number, "refused") for number in (4, 3, 2, 1))]
        assert [operation.request for operation in bureau.stations.sent.values()] == [5]
