"""The operator's REST client: one login for all cases, since only a few a minute are let in."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx

from tests.conformance.verdict import CaseFailed


class Rest:
    """Requests below /api/v1 as one user."""

    def __init__(self, url: str, email: str, password: str) -> None:
        self.http = httpx.AsyncClient(base_url=url, timeout=120.0, trust_env=False)
        self._email, self._password = email, password
        self._token = ""
        self._logging_in = asyncio.Lock()

    async def aclose(self) -> None:
        await self.http.aclose()

    async def request(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        """The answer, whatever it is; logs in when needed."""
        for _ in range(2):
            token = await self._login()
            answer = await self.http.request(
                method, f"/api/v1{path}", headers={"Authorization": f"Bearer {token}"}, **arguments
            )
            if answer.status_code != 401:
                return answer
            if self._token == token:
                self._token = ""
        return answer

    async def json(self, method: str, path: str, **arguments: Any) -> Any:
        """The JSON of a good answer. Raises CaseFailed with the problem's words otherwise."""
        answer = await self.request(method, path, **arguments)
        if answer.is_error:
            raise CaseFailed(f"{method} {path} is answered with {answer.status_code}: {answer.text[:600]}")
        return answer.json() if answer.content else None

    async def _login(self) -> str:
        async with self._logging_in:
            if not self._token:
                answer = await self.http.post("/api/v1/login", json={"email": self._email, "password": self._password})
                answer.raise_for_status()
                self._token = answer.json()["access_token"]
            return self._token
