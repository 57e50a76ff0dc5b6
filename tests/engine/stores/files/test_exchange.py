"""The rules of links: one job, one whole transfer, resumable until then; over SQL and over the twin."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from sqlalchemy import text

from engine.clock import SECOND, ManualClock
from engine.errors import Changed, Gone, InvalidInput, NotFound, TooLarge, Unavailable
from engine.stores.files import exchange as rules
from engine.stores.files.catalogue import Catalogue, FirmwareImage, SqlCatalogue
from engine.stores.files.exchange import TAIL, FileExchange, FileUrl, Limits
from engine.stores.files.memory import MemoryCatalogue
from engine.stores.files.port import MemoryFiles
from engine.stores.sql.engine import Database

IMAGE = b"firmware" * 300_000
"""2.4 MB: more than the tail that may be fetched again."""


@pytest.fixture(params=["sql", "memory"])
def catalogue(request: pytest.FixtureRequest, database: Database) -> Catalogue:
    return SqlCatalogue(database) if request.param == "sql" else MemoryCatalogue()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def exchange(catalogue: Catalogue, clock: ManualClock) -> FileExchange:
    limits = Limits(firmware_bytes=len(IMAGE), upload_bytes=1000, upload_days=90)
    return FileExchange(MemoryFiles(), catalogue, "http://csms:8080/", limits, clock)


async def chunks(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def image(exchange: FileExchange, name: str = "v2 final.bin") -> FirmwareImage:
    return await exchange.add_image(chunks(IMAGE), name=lambda: name, created_by="me", vendor="V", version="2")


def token_of(url: FileUrl) -> str:
    return urlsplit(url.url).path.split("/")[2]


async def test_a_download_link_ends_in_the_images_name_and_is_kept_as_a_hash(
    exchange: FileExchange, database: Database, clock: ManualClock
) -> None:
    known = await image(exchange)
    made = await exchange.download_url("CP-1", known.id, job="c1", retrieve_at=clock.now() + 3600 * SECOND)
    assert made.url == f"http://csms:8080/files/{token_of(made)}/v2%20final.bin"
    assert made.image == known
    assert made.expires == clock.now() + (3600 + 86_400) * SECOND
    assert len(token_of(made)) >= 43
    link, given = await exchange.download(token_of(made))
    assert (link.charge_point, link.job, given) == ("CP-1", "c1", known)
    async with database.read() as connection:
        kept = str((await connection.execute(text("SELECT * FROM file_links"))).all())
    assert token_of(made) not in kept


async def test_a_link_to_nothing_is_not_made(exchange: FileExchange, clock: ManualClock) -> None:
    with pytest.raises(NotFound):
        await exchange.download_url("CP-1", "nothing", job="c1")
    with pytest.raises(InvalidInput, match="past"):
        await exchange.upload_url("CP-1", job="c1", expires=clock.now())


async def test_a_download_is_resumed_until_the_whole_was_out_once(exchange: FileExchange) -> None:
    known = await image(exchange)
    token = token_of(await exchange.download_url("CP-1", known.id, job="c1"))
    size = known.size
    for start, end in ((0, 500_000), (400_000, 900_000), (1_500_000, size)):
        link, _ = await exchange.download(token)
        exchange.checked_start(link, size, start)
        await exchange.handed_out(link, start, end, size)
    link, _ = await exchange.download(token)
    assert link.spent is None, "a part is missing"
    exchange.checked_start(link, size, 0)
    await exchange.handed_out(link, 900_000, 1_500_000, size)
    link, _ = await exchange.download(token)
    assert link.spent is not None
    for start in (0, size - TAIL - 1):
        with pytest.raises(Gone, match="already"):
            exchange.checked_start(link, size, start)
    # What was handed to the network is not what arrived: the last bytes may be asked for again.
    exchange.checked_start(link, size, size - TAIL)


async def test_a_link_ends_with_its_time_or_its_job(exchange: FileExchange, clock: ManualClock) -> None:
    known = await image(exchange)
    timed = token_of(await exchange.download_url("CP-1", known.id, job="c1", expires=clock.now() + 60 * SECOND))
    ended = token_of(await exchange.upload_url("CP-1", job="c2"))
    other = token_of(await exchange.upload_url("CP-2", job="c2"))
    await exchange.end_job("CP-1", "c2")
    with pytest.raises(Gone, match="expired"):
        await exchange.upload(ended)
    assert (await exchange.upload(other)).charge_point == "CP-2"
    clock.advance(60)
    with pytest.raises(Gone, match="expired"):
        await exchange.download(timed)
    with pytest.raises(NotFound):
        await exchange.download(other)
    with pytest.raises(NotFound):
        await exchange.upload("guessed")


async def test_a_deleted_image_is_gone_for_those_on_their_way(exchange: FileExchange) -> None:
    known = await image(exchange)
    token = token_of(await exchange.download_url("CP-1", known.id, job="c1"))
    await exchange.delete_image(known.id)
    with pytest.raises(Gone, match="deleted"):
        await exchange.download(token)
    assert isinstance(exchange.store, MemoryFiles)
    assert exchange.store.files == {}


async def test_a_station_brings_one_file_for_its_job(exchange: FileExchange) -> None:
    made = await exchange.upload_url("CP-1", job="c1", kind="diagnostics")
    assert made.url.endswith(f"/files/{token_of(made)}/")
    link = await exchange.upload(token_of(made))
    with pytest.raises(TooLarge):
        await exchange.take(link, lambda: "big.log", chunks(b"x" * 1001))
    file = await exchange.take(link, lambda: "../logs/today.log", chunks(b"what happened"))
    assert (file.name, file.kind, file.job, file.size) == ("today.log", "diagnostics", "c1", 13)
    assert await exchange.catalogue.files("CP-1", after=None, limit=10) == [file]
    assert await exchange.catalogue.files("CP-2", after=None, limit=10) == []
    with pytest.raises(NotFound):
        await exchange.catalogue.file("CP-2", file.id)
    with pytest.raises(Gone):
        await exchange.upload(token_of(made))
    await exchange.delete_file("CP-1", file.id)
    assert await exchange.catalogue.files("CP-1", after=None, limit=10) == []


async def test_of_two_uploads_at_once_one_counts_and_nothing_of_the_other_stays(exchange: FileExchange) -> None:
    link = await exchange.upload(token_of(await exchange.upload_url("CP-1", job="c1")))
    both = await asyncio.gather(
        exchange.take(link, lambda: "a", chunks(b"first")),
        exchange.take(link, lambda: "b", chunks(b"second")),
        return_exceptions=True,
    )
    assert sorted(type(each).__name__ for each in both) == ["Gone", "StationFile"]
    (kept,) = await exchange.catalogue.files("CP-1", after=None, limit=10)
    assert isinstance(exchange.store, MemoryFiles)
    assert exchange.store.files.keys() == {kept.id}


async def test_too_many_at_once_are_asked_to_come_again(
    exchange: FileExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "MAX_AT_ONCE", 1)
    link = await exchange.upload(token_of(await exchange.upload_url("CP-1", job="c1")))
    gate = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"slow"
        await gate.wait()

    first = asyncio.create_task(exchange.take(link, lambda: "a", slow()))
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await exchange.take(link, lambda: "b", chunks(b"b"))
    gate.set()
    assert (await first).size == 4


async def test_an_empty_image_is_none(exchange: FileExchange) -> None:
    with pytest.raises(InvalidInput, match="empty"):
        await exchange.add_image(chunks(b""), name=lambda: "x")
    assert await exchange.catalogue.images(after=None, limit=10) == []


async def test_images_are_listed_newest_first_and_what_is_said_of_them_may_change(
    exchange: FileExchange, clock: ManualClock
) -> None:
    made = []
    for number in range(5):
        made.append(await image(exchange, f"{number}.bin"))
        clock.advance(number % 2)
    seen: list[FirmwareImage] = []
    while page := await exchange.catalogue.images(after=(seen[-1].created, seen[-1].id) if seen else None, limit=2):
        seen += page
    assert seen == sorted(made, key=lambda each: (each.created, each.id), reverse=True)
    changed = await exchange.catalogue.change_image(made[0].id, {"version": "3", "sha256": "forged"}, 1)
    assert changed == replace(made[0], version="3")
    assert await exchange.catalogue.image(made[0].id) == changed
    with pytest.raises(Changed):
        await exchange.catalogue.change_image(made[0].id, {"note": "late"}, 2, made[0].tag)
    again = await exchange.catalogue.change_image(made[0].id, {"note": "in time"}, 2, changed.tag)
    assert again.tag not in (changed.tag, made[0].tag)


async def test_the_sweep_deletes_what_has_had_its_time(exchange: FileExchange, clock: ManualClock) -> None:
    known = await image(exchange)
    old = token_of(await exchange.upload_url("CP-1", job="c1"))
    await exchange.take(await exchange.upload(old), lambda: "old", chunks(b"old"))
    clock.advance(89 * 86_400)
    young = token_of(await exchange.upload_url("CP-1", job="c2"))
    kept = await exchange.take(await exchange.upload(young), lambda: "young", chunks(b"young"))
    assert isinstance(exchange.store, MemoryFiles)
    exchange.store.files["orphan"] = b"no row"
    clock.advance(2 * 86_400)
    assert await exchange.sweep() == 2
    assert await exchange.catalogue.files("CP-1", after=None, limit=10) == [kept]
    assert exchange.store.files.keys() == {known.id, kept.id}
    with pytest.raises(NotFound):
        await exchange.upload(old)
    assert await exchange.sweep() == 0
