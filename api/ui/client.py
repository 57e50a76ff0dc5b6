"""How pages ask the REST API: in this process, as the person who looks at the page.

Permission, scope, validation and audit are those of the API, because it is the API: the same application is called
with the person's own token and address. Only the limits on requests are left out, since one page asks many times.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
import orjson
from starlette.types import ASGIApp, Receive, Scope, Send

from api.web.rates import WITHIN

_BASE = "http://facade"
Params = Mapping[str, Any]


class ProblemError(Exception):
    """The API's refusal. `fields` are its words about single members of the body, by their path."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        self.status = status
        self.title = str(body.get("title", ""))
        self.detail = str(body.get("detail", "")) or self.title
        self.field = str(body.get("field", ""))
        self.remedy = str(body.get("remedy", ""))
        self.kind = str(body.get("type", "")).rpartition(":")[2]
        self.correlation = str(body.get("correlation", ""))
        self.fields: dict[str, str] = {str(each["field"]): str(each["detail"]) for each in body.get("errors", ())}
        if self.field:
            self.fields.setdefault(self.field, self.detail)
        super().__init__(f"{status} {self.field} {self.detail} {self.remedy}")


class Answer:
    """An answer of the API. `data` is its JSON, None without a body; `etag` is for `If-Match`."""

    __slots__ = ("content", "data", "etag", "headers", "status")

    def __init__(self, answer: httpx.Response) -> None:
        self.status, self.headers, self.content = answer.status_code, answer.headers, answer.content
        self.etag = answer.headers.get("etag", "")
        kind = answer.headers.get("content-type", "")
        self.data: Any = orjson.loads(self.content) if self.content and "json" in kind else None


class Api:
    """One person's way to the API. Paths are without `/api/v1`. Every method raises ProblemError."""

    def __init__(self, app: ASGIApp, token: str = "", address: str = "", agent: str = "") -> None:
        headers = {"user-agent": agent} if agent else {}
        if token:
            headers["authorization"] = f"Bearer {token}"
        transport = httpx.ASGITransport(_within(app), raise_app_exceptions=False, client=(address, 0))
        self._client = httpx.AsyncClient(transport=transport, base_url=_BASE, headers=headers)

    async def get(self, path: str, params: Params | None = None) -> Any:
        """The answer's JSON."""
        return (await self.ask("GET", path, params=params)).data

    async def post(self, path: str, body: Any = None, *, key: str = "", params: Params | None = None) -> Any:
        """The answer's JSON. `key` is the Idempotency-Key: a page makes one for each intention of a person."""
        return (await self.ask("POST", path, body, params=params, key=key)).data

    async def put(self, path: str, body: Any, *, etag: str = "") -> Any:
        return (await self.ask("PUT", path, body, etag=etag)).data

    async def patch(self, path: str, body: Any, *, etag: str = "") -> Any:
        return (await self.ask("PATCH", path, body, etag=etag)).data

    async def delete(self, path: str, *, etag: str = "") -> Any:
        return (await self.ask("DELETE", path, etag=etag)).data

    async def pages(self, path: str, params: Params | None = None, *, at_most: int = 10_000) -> list[Any]:
        """The items of all pages of a list, up to `at_most`."""
        items: list[Any] = []
        asked = {"limit": 500, **(params or {})}
        while True:
            page = await self.get(path, asked)
            items += page["items"]
            if not page.get("next") or len(items) >= at_most:
                return items[:at_most]
            asked["cursor"] = page["next"]

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        params: Params | None = None,
        etag: str = "",
        key: str = "",
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Any request. `content` is sent as it is (files), `body` as JSON."""
        sent = dict(headers or {})
        if etag:
            sent["if-match"] = etag
        if key:
            sent["idempotency-key"] = key
        if body is not None:
            content = orjson.dumps(body)
            sent["content-type"] = "application/json"
        known = {name: value for name, value in (params or {}).items() if value is not None and value != ""}
        answer = await self._client.request(method, f"/api/v1{path}", params=known, content=content, headers=sent)
        made = Answer(answer)
        if made.status >= 400:
            raise ProblemError(made.status, made.data if isinstance(made.data, dict) else {})
        return made


def _within(app: ASGIApp) -> ASGIApp:
    """Marks requests as made by a page of ours, which no request from outside can be."""

    async def called(scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"] = {WITHIN: True}
        await app(scope, receive, send)

    return called
