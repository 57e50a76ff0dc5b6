"""Files over HTTP on a real socket: what is cut goes on, what is too much is refused, and nothing fills the memory."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil
import pytest

from api.app import create_app
from api.operations.transfers import asked_range
from api.web.serve import Serving
from engine.clock import ManualClock
from engine.settings import Settings
from engine.stores.files.exchange import TAIL, FileExchange, Limits
from engine.stores.files.folder import FolderFiles
from engine.stores.files.memory import MemoryCatalogue
from tests.api.conftest import Facade, assert_problem
from tests.api.test_serve import serving

IMAGE = os.urandom(3_000_000)
LIMIT = 200_000


class Place:
    """A façade on a socket, its files in a folder."""

    def __init__(self, facade: Facade, served: Serving, folder: Path) -> None:
        self.facade, self.folder = facade, folder
        self.files: FileExchange = facade.ports.files
        self.base = f"http://127.0.0.1:{served.port}"
        self.port = served.port
        self.admin = {"Authorization": f"Bearer {facade.token()}"}
        self.client = httpx.AsyncClient(base_url=self.base, timeout=30, trust_env=False)

    async def image(self, content: bytes = IMAGE) -> dict[str, Any]:
        query = {"name": "v2.bin", "vendor": "V", "version": "2"}
        headers = self.admin | {"Content-Type": "application/octet-stream"}
        answer = await self.client.post("/api/v1/firmware", params=query, content=content, headers=headers)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def download_path(self, image: str) -> str:
        return urlsplit((await self.files.download_url("CP-1", image, job="c1")).url).path

    async def upload_path(self, kind: str = "log") -> str:
        return urlsplit((await self.files.upload_url("CP-1", job="c1", kind=kind)).url).path

    async def listed(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = (
            await self.client.get("/api/v1/charge-points/CP-1/files", headers=self.admin)
        ).json()["items"]
        return items

    def on_disk(self) -> list[Path]:
        return [path for path in self.folder.rglob("*") if path.is_file()]

    async def eventually_spent(self, path: str) -> None:
        """The link is spent when the server has seen the last byte off, a moment after the client has it."""
        async with asyncio.timeout(5):
            while (await self.client.get(path, headers={"Range": "bytes=0-0"})).status_code != 410:  # noqa: ASYNC110
                await asyncio.sleep(0.01)


@asynccontextmanager
async def placed(facade: Facade, folder: Path, limits: Limits) -> AsyncIterator[Place]:
    facade.ports = replace(
        facade.ports, files=FileExchange(FolderFiles(folder), MemoryCatalogue(), "http://x", limits, ManualClock())
    )
    facade.app = create_app(facade.ports, Settings())
    async with serving(facade) as served:
        place = Place(facade, served, folder)
        async with place.client:
            yield place


@pytest.fixture
async def place(facade: Facade, tmp_path: Path) -> AsyncIterator[Place]:
    async with placed(facade, tmp_path, Limits(firmware_bytes=4_000_000, upload_bytes=LIMIT)) as made:
        yield made


async def cut_after(place: Place, path: str, wanted: int, start: int = 0) -> bytes:
    """Fetch, and break the connection when at least `wanted` bytes have come."""
    reader, writer = await asyncio.open_connection("127.0.0.1", place.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nRange: bytes={start}-\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 206"), head
    got = b""
    while len(got) < wanted:
        got += await reader.read(65_536)
    writer.transport.abort()
    return got


async def test_a_download_that_is_cut_again_and_again_is_taken_up_where_it_ended(place: Place) -> None:
    image = await place.image()
    assert image["sha256"] == hashlib.sha256(IMAGE).hexdigest()
    path = await place.download_path(image["id"])
    assert path.endswith("/v2.bin")
    head = await place.client.head(path)
    assert (head.headers["content-length"], head.headers["accept-ranges"]) == (str(len(IMAGE)), "bytes")
    got = b""
    for _ in range(3):
        got += await cut_after(place, path, 300_000, start=len(got))
    rest = await place.client.get(path, headers={"Range": f"bytes={len(got)}-", "If-Range": head.headers["etag"]})
    assert rest.status_code == 206
    assert rest.headers["content-range"] == f"bytes {len(got)}-{len(IMAGE) - 1}/{len(IMAGE)}"
    assert got + rest.content == IMAGE
    await place.eventually_spent(path)
    assert_problem(await place.client.get(path), 410, remedy="Ask for a new one.")
    # Except for the end, which may have been lost on the way.
    tail = await place.client.get(path, headers={"Range": f"bytes={len(IMAGE) - TAIL}-"})
    assert (tail.status_code, tail.content) == (206, IMAGE[-TAIL:])


async def test_many_stations_and_many_ranges_at_the_same_time(place: Place) -> None:
    image = await place.image()
    paths = [await place.download_path(image["id"]) for _ in range(4)]
    size = len(IMAGE)
    edges = [0, size // 3, 2 * size // 3, size]

    async def part(path: str, start: int, end: int) -> bytes:
        answer = await place.client.get(path, headers={"Range": f"bytes={start}-{end - 1}"})
        assert answer.status_code == 206
        return answer.content

    async def whole(path: str) -> bytes:
        return b"".join(await asyncio.gather(*(part(path, a, b) for a, b in pairwise(edges))))

    assert all(each == IMAGE for each in await asyncio.gather(*(whole(path) for path in paths)))
    for path in paths:
        await place.eventually_spent(path)


async def test_a_changed_image_is_sent_whole_and_a_foolish_range_is_refused(place: Place) -> None:
    image = await place.image()
    path = await place.download_path(image["id"])
    beyond = await place.client.get(path, headers={"Range": f"bytes={len(IMAGE)}-"})
    assert_problem(beyond, 416, field="Range")
    assert beyond.headers["content-range"] == f"bytes */{len(IMAGE)}"
    other = await place.client.get(path, headers={"Range": "bytes=5-", "If-Range": '"another"'})
    assert (other.status_code, other.content) == (200, IMAGE)


def test_ranges_are_read_as_the_standard_says() -> None:
    assert asked_range("bytes=0-", 10) == (0, 10)
    assert asked_range("bytes=2-4", 10) == (2, 5)
    assert asked_range("bytes=2-400", 10) == (2, 10)
    assert asked_range("bytes=-3", 10) == (7, 10)
    assert asked_range("bytes=-30", 10) == (0, 10)
    for whole in ("", "bytes=-", "bytes=4-2", "items=0-5", "bytes=0-1,5-6", "bytes=x-"):
        assert asked_range(whole, 10) is None, whole


@pytest.mark.parametrize("method", ["PUT", "POST"])
async def test_a_station_brings_a_file_in_each_way_that_stations_have(place: Place, method: str) -> None:
    ways: list[tuple[str, dict[str, Any], str]] = [
        ("diag.zip", {"content": b"raw"}, "diag.zip"),
        ("/diag.zip", {"content": b"raw"}, "diag.zip"),
        ("", {"content": b"raw"}, "file"),
        ("", {"files": {"file": ("form.log", b"form")}}, "form.log"),
        ("path.log", {"files": {"file": ("form.log", b"form")}}, "path.log"),
        ("", {"files": {"f": ("../../x.sh", b"form")}, "data": {"a": "b"}}, "x.sh"),
    ]
    for name, body, kept in ways:
        answer = await place.client.request(method, await place.upload_path() + name, **body)
        assert answer.status_code == 200, answer.text
        assert answer.json()["name"] == kept
    bare = (await place.upload_path()).rstrip("/")
    assert (await place.client.request(method, bare, content=b"raw")).status_code == 200
    files = await place.listed()
    assert len(files) == 7
    first = next(each for each in files if each["name"] == "form.log")
    content = await place.client.get(f"/api/v1/charge-points/CP-1/files/{first['id']}", headers=place.admin)
    assert content.content == b"form"
    assert 'filename="form.log"' in content.headers["content-disposition"]
    assert content.headers["content-type"] == "application/octet-stream"
    gone = await place.client.delete(f"/api/v1/charge-points/CP-1/files/{first['id']}", headers=place.admin)
    assert gone.status_code == 204
    assert len(await place.listed()) == len(place.on_disk()) == 6


async def test_an_upload_that_is_cut_leaves_nothing_and_may_be_sent_again(place: Place) -> None:
    path = await place.upload_path()
    _, writer = await asyncio.open_connection("127.0.0.1", place.port)
    writer.write(f"PUT {path}log.txt HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n".encode() + b"x" * 50_000)
    await writer.drain()
    while not place.on_disk():  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    writer.transport.abort()
    while place.on_disk():  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    assert await place.listed() == []
    assert (await place.client.put(path + "log.txt", content=b"x" * 100_000)).status_code == 200
    assert_problem(await place.client.put(path + "log.txt", content=b"again"), 410)
    assert [each["size"] for each in await place.listed()] == [100_000]


async def test_too_much_is_refused_told_or_not(place: Place) -> None:
    path = await place.upload_path()
    told = await place.client.put(path, content=b"x" * (LIMIT + 100_000))
    assert_problem(told, 413)
    assert told.headers["connection"] == "close"

    async def untold() -> AsyncIterator[bytes]:
        for _ in range(30):
            yield b"x" * 10_000

    assert_problem(await place.client.put(path, content=untold()), 413)
    form = await place.client.post(path, files={"file": ("a", b"x" * (LIMIT + 1))})
    assert_problem(form, 413)
    assert place.on_disk() == []
    assert (await place.client.put(path, content=b"x" * LIMIT)).status_code == 200


async def test_malformed_uploads_and_wrong_links_are_told_what_is_wrong(place: Place) -> None:
    path = await place.upload_path()
    kind = {"Content-Type": "multipart/form-data; boundary=a"}
    assert_problem(await place.client.post(path, content=b"no form", headers=kind), 422, field="body")
    assert_problem(await place.client.post(path, content=b"x", headers={"Content-Type": "multipart/form-data"}), 422)
    assert_problem(await place.client.put("/files/guess/x", content=b"x"), 404, field="token")
    assert_problem(await place.client.get("/files/guess/x"), 404, field="token")
    assert_problem(await place.client.get(path), 404)
    image = await place.image(b"image")
    assert_problem(await place.client.put(await place.download_path(image["id"]), content=b"x"), 404)
    clock = place.files._clock
    assert isinstance(clock, ManualClock)
    clock.advance(86_400)
    assert_problem(await place.client.put(path, content=b"x"), 410, detail="This link has expired.")
    assert [each for each in place.on_disk() if each.name != image["id"]] == []


@pytest.mark.parametrize(("state", "status"), [("running", 200), ("failed", 200), ("done", 410), ("superseded", 410)])
async def test_a_link_ends_with_its_job(place: Place, state: str, status: int) -> None:
    image = await place.image()
    fetch, bring = await place.download_path(image["id"]), await place.upload_path()
    jobs = [{"command": "c0", "state": "done"}, {"command": "c1", "state": state}]
    place.facade.fleet.kept_views["CP-1", "jobs"] = jobs
    assert (await place.client.get(fetch)).status_code == status
    assert (await place.client.put(bring, content=b"x")).status_code == status
    if status == 410:
        jobs.clear()
        assert_problem(await place.client.get(fetch), 410, detail="This link has expired.")


async def test_images_are_kept_by_those_who_may(place: Place) -> None:
    image = await place.image(b"image")
    path = f"/api/v1/firmware/{image['id']}"
    told = {"signing_certificate": "-----BEGIN CERTIFICATE-----\n", "signature": "AAAA=="}
    changed = await place.client.patch(path, json=told, headers=place.admin)
    assert changed.json() == image | told
    assert (await place.client.get("/api/v1/firmware", headers=place.admin)).json()["items"] == [image | told]
    too_large = await place.client.post(
        "/api/v1/firmware", content=b"x" * 4_000_001, headers=place.admin, params={"name": "x"}
    )
    assert_problem(too_large, 413)
    assert_problem(await place.client.post("/api/v1/firmware", content=b"", headers=place.admin), 422)
    form = await place.client.post("/api/v1/firmware", files={"f": ("form.bin", b"x")}, headers=place.admin)
    assert form.json()["name"] == "form.bin"
    # Who may not is refused before a byte is taken.
    support = {"Authorization": f"Bearer {place.facade.token('support')}"}
    assert_problem(await place.client.post("/api/v1/firmware", content=b"x", headers=support), 403)
    assert (await place.client.delete(path, headers=place.admin)).status_code == 204
    assert_problem(await place.client.get(path, headers=place.admin), 404)


async def test_a_hundred_megabytes_go_through_without_filling_the_memory(facade: Facade, tmp_path: Path) -> None:
    size = 128 << 20
    block = os.urandom(1 << 20)
    process = psutil.Process()

    async def blocks() -> AsyncIterator[bytes]:
        for _ in range(size // len(block)):
            yield block

    async with placed(facade, tmp_path, Limits()) as place:
        before = process.memory_info().rss
        highest = before
        name = {"name": "large.bin"}
        made = await place.client.post("/api/v1/firmware", content=blocks(), headers=place.admin, params=name)
        assert made.json()["size"] == size
        highest = max(highest, process.memory_info().rss)
        path = await place.download_path(made.json()["id"])
        digest, got = hashlib.sha256(), 0
        async with place.client.stream("GET", path) as answer:
            async for chunk in answer.aiter_bytes():
                digest.update(chunk)
                got += len(chunk)
                highest = max(highest, process.memory_info().rss)
        assert (got, digest.hexdigest()) == (size, made.json()["sha256"])
        upload = await place.client.put(await place.upload_path(), content=blocks())
        assert upload.json()["sha256"] == made.json()["sha256"]
        highest = max(highest, process.memory_info().rss)
    assert highest - before < 64 << 20, f"{(highest - before) >> 20} MiB more"
