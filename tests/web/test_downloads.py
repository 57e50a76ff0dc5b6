"""What pages link to as a file: passed on piece by piece, to whoever may have it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, MutableMapping
from typing import Any

import httpx

from api.ui import cookies
from engine.access.scope import Scope
from tests.web.conftest import Site

PIECE, PIECES = bytes(range(256)) * 256, 64
"""4 MiB in all."""


async def large_export(site: Site) -> str:
    """A large export of the administrator's that is done; where it is fetched."""
    works, files = site.world.ports.business.long_works, site.world.ports.files.store

    async def pieces() -> AsyncIterator[bytes]:
        for _each in range(PIECES):
            yield PIECE

    await works.ask("sessions_export", "u-admin", Scope(None), {"state": "stopped"})
    work = await works.hold()
    assert work is not None
    stored = await files.write(pieces(), limit=1 << 30)
    file = {"file": stored.id, "file_name": "sessions.csv", "size": stored.size, "sha256": stored.sha256}
    assert await works.finish(work, PIECES, {"rows": PIECES}, **file)
    return f"/download/long-work/{work.id}/file"


async def test_a_file_is_never_whole_in_the_facade(site: Site) -> None:
    """As the server asks for it: no piece is large, and each is sent before the next is read."""
    path, sent = await large_export(site), []
    cookie = f"{cookies.LOGIN}={site.world.token('admin')}".encode()
    scope: MutableMapping[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"facade"), (b"cookie", cookie)],
        "client": ("127.0.0.1", 1),
        "server": ("facade", 80),
    }

    asked = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> MutableMapping[str, Any]:
        for message in asked:
            return message
        await asyncio.Event().wait()  # The browser stays.
        raise AssertionError

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    await site.world.front(scope, receive, send)
    start, *bodies = sent
    assert start["status"] == 200
    headers = dict(start["headers"])
    assert headers[b"content-length"] == str(len(PIECE) * PIECES).encode()
    assert headers[b"content-disposition"].startswith(b'attachment; filename="sessions.csv"')
    assert b"".join(each["body"] for each in bodies) == PIECE * PIECES
    assert max(len(each["body"]) for each in bodies) <= 1 << 20
    assert len(bodies) > 4


async def test_a_download_is_for_who_may_and_tells_others_why_not(site: Site) -> None:
    path = await large_export(site)
    transport = httpx.ASGITransport(site.world.front)
    async with httpx.AsyncClient(transport=transport, base_url="http://facade") as client:
        nobody = await client.get(path)
        assert nobody.headers["location"].startswith("/sign-in?then=")
        client.cookies.set(cookies.LOGIN, site.world.token("operations"))
        other = await client.get(path)
        assert (other.status_code, other.headers["content-type"]) == (404, "text/plain; charset=utf-8")
        assert "{" not in other.text
        assert (await client.get("/download/users")).status_code == 404
        client.cookies.set(cookies.LOGIN, site.world.token("admin"))
        assert (await client.get(path)).content == PIECE * PIECES
