"""Scripts and styles are asked for once and answered from memory; what may change is not."""

from __future__ import annotations

from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.ui.statics import KeptStatics

FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}


class Application:
    """Counts what it is asked. Paths under /fixed are immutable, and as long as the number that ends them."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        self.asked.append(request.url.path)
        headers = FOR_EVER if request.url.path.startswith("/fixed") else {}
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers = {**headers, "X-Pressed": "yes"}
        length = int(request.url.path.rsplit("/", 1)[1])
        answer = Response(b"x" * length, 404 if "missing" in request.url.path else 200, headers, "text/javascript")
        await answer(scope, receive, send)


def client(application: Application, **more: Any) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(KeptStatics(application, **more))
    return httpx.AsyncClient(transport=transport, base_url="http://test", headers={"accept-encoding": "gzip"})


async def test_what_is_immutable_is_asked_for_once_whatever_stands_behind_the_question_mark() -> None:
    application = Application()
    async with client(application) as http:
        answers = [await http.get("/fixed/10"), await http.get("/fixed/10?v=2"), await http.get("/fixed/10")]
    assert application.asked == ["/fixed/10"]
    assert {(each.status_code, each.content, each.headers["content-length"]) for each in answers} == {
        (200, b"x" * 10, "10")
    }
    assert {each.headers["cache-control"] for each in answers} == {FOR_EVER["Cache-Control"]}


async def test_who_takes_nothing_compressed_gets_nothing_compressed() -> None:
    application = Application()
    async with client(application) as http:
        pressed = await http.get("/fixed/10")
        plain = await http.get("/fixed/10", headers={"accept-encoding": "identity"})
    assert ("x-pressed" in pressed.headers, "x-pressed" in plain.headers) == (True, False)


async def test_what_may_change_is_missing_or_asked_for_in_part_is_not_kept() -> None:
    application = Application()
    async with client(application) as http:
        for path in ("/changing/3", "/fixed/missing/3"):
            await http.get(path)
            await http.get(path)
        await http.get("/fixed/3", headers={"range": "bytes=0-1"})
        await http.get("/fixed/3", headers={"if-none-match": '"a"'})
        await http.head("/fixed/3")
    assert application.asked == ["/changing/3"] * 2 + ["/fixed/missing/3"] * 2 + ["/fixed/3"] * 3


async def test_the_oldest_goes_when_there_is_too_much() -> None:
    application = Application()
    async with client(application, most_bytes=100) as http:
        for path in ("/fixed/a/40", "/fixed/b/40", "/fixed/a/40", "/fixed/c/40", "/fixed/a/40", "/fixed/b/40"):
            assert len((await http.get(path)).content) == 40
        assert len((await http.get("/fixed/d/400")).content) == 400
        await http.get("/fixed/d/400")
    assert application.asked == [
        "/fixed/a/40", "/fixed/b/40", "/fixed/c/40", "/fixed/b/40", "/fixed/d/400", "/fixed/d/400",
    ]  # fmt: skip
