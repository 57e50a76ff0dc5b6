"""Contract certificates for EVs (ISO 15118; 2.0.1 M01, M02): from a provider over HTTP, or from a folder.

What EV and provider say to each other is EXI in base64, which nobody in between reads.
"""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import Any

import httpx

from engine.enquiries.port import Content, Unanswered
from engine.errors import Unavailable

MAX_EXI = 17_000
"""The longest exiResponse that 2.1 allows. 2.0.1 allows 7,500: whoever asks checks the answer by its own schema."""

_STATUSES = frozenset({"Accepted", "Failed"})
_PASSED_ON = frozenset({"status", "statusInfo", "exiResponse", "remainingContracts"})


class HttpContracts:
    """Asks a provider by `POST url` with the enquiry and the charge point as JSON; its answer is the station's."""

    def __init__(self, url: str, token: str = "", *, client: httpx.AsyncClient | None = None) -> None:
        self._url = url
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._client = client or httpx.AsyncClient(headers=headers, timeout=httpx.Timeout(15.0))

    async def answer(self, charge_point: str, content: Content) -> Content:
        asked = {name: value for name, value in content.items() if name != "customData"}
        try:
            response = await self._client.post(self._url, json={"chargePoint": charge_point, **asked})
            response.raise_for_status()
            said: Any = response.json()
        except httpx.TransportError as error:
            raise Unavailable(f"The contract provider does not answer: {error!r}") from error
        except (httpx.HTTPStatusError, ValueError) as error:
            raise Unanswered(f"The contract provider gave no usable answer: {error}") from error
        return _checked(said)

    async def aclose(self) -> None:
        await self._client.aclose()


def _checked(said: Any) -> Content:
    if not isinstance(said, dict) or said.get("status") not in _STATUSES:
        raise Unanswered("The contract provider's answer has no status Accepted or Failed.")
    exi = said.get("exiResponse", "")
    if not isinstance(exi, str) or len(exi) > MAX_EXI:
        raise Unanswered("The contract provider's exiResponse is no text that a station takes.")
    return {name: said[name] for name in _PASSED_ON & said.keys()} | {"exiResponse": exi}


class FolderContracts:
    """Prepared answers for tests and small operators.

    `<sha256 of exiRequest>.exi` is the exiResponse to that very request, `Install.exi` and `Update.exi` those to any
    other one.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def answer(self, charge_point: str, content: Content) -> Content:
        digest = hashlib.sha256(str(content["exiRequest"]).encode()).hexdigest()
        exi = await asyncio.to_thread(self._read, digest, str(content["action"]))
        if exi is None:
            raise Unanswered("No prepared answer fits this request.")
        return {"status": "Accepted", "exiResponse": exi}

    def _read(self, digest: str, action: str) -> str | None:
        for name in (digest, action if action in ("Install", "Update") else digest):
            try:
                return (self._folder / f"{name}.exi").read_text().strip()[:MAX_EXI]
            except FileNotFoundError:
                continue
            except (OSError, ValueError) as error:
                raise Unanswered(f"{name}.exi cannot be read: {error}") from error
        return None

    async def aclose(self) -> None:
        """There is nothing to close."""
