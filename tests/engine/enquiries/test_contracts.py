"""Contract certificates: from a provider over HTTP, or prepared in a folder."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from engine.enquiries.contracts import FolderContracts, HttpContracts
from engine.enquiries.port import Unanswered
from engine.errors import Unavailable

ASKED = {"iso15118SchemaVersion": "urn:iso:15118:2:2013:MsgDef", "action": "Install", "exiRequest": "UmVxdWVzdA=="}


def provider(answer: Any, status: int = 200) -> tuple[HttpContracts, list[httpx.Request]]:
    seen: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(status, json=answer)

    client = httpx.AsyncClient(transport=httpx.MockTransport(respond), headers={"Authorization": "Bearer t"})
    return HttpContracts("https://pki.example/contracts", client=client), seen


async def test_the_providers_answer_is_the_stations() -> None:
    answer = {"status": "Accepted", "exiResponse": "QW5zd2Vy", "remainingContracts": 1, "internal": "note"}
    contracts, seen = provider(answer)
    said = await contracts.answer("CP-1", ASKED | {"customData": {"vendorId": "x"}})
    assert said == {"status": "Accepted", "exiResponse": "QW5zd2Vy", "remainingContracts": 1}
    assert json.loads(seen[0].content) == {"chargePoint": "CP-1", **ASKED}
    await contracts.aclose()


@pytest.mark.parametrize(
    ("answer", "status", "error"),
    [
        (httpx.ConnectTimeout("slow"), 200, Unavailable),
        ({}, 503, Unanswered),
        ({"status": "Maybe"}, 200, Unanswered),
        ([1], 200, Unanswered),
        ({"status": "Accepted", "exiResponse": "x" * 20_000}, 200, Unanswered),
        ({"status": "Accepted", "exiResponse": 5}, 200, Unanswered),
    ],
)
async def test_what_is_no_answer(answer: Any, status: int, error: type[Exception]) -> None:
    contracts, _ = provider(answer, status)
    with pytest.raises(error):
        await contracts.answer("CP-1", ASKED)


async def test_prepared_answers_for_one_request_or_for_any(tmp_path: Path) -> None:
    contracts = FolderContracts(tmp_path)
    with pytest.raises(Unanswered, match="No prepared answer"):
        await contracts.answer("CP-1", ASKED)
    (tmp_path / "Install.exi").write_text("YW55\n")
    assert await contracts.answer("CP-1", ASKED) == {"status": "Accepted", "exiResponse": "YW55"}
    (tmp_path / f"{hashlib.sha256(ASKED['exiRequest'].encode()).hexdigest()}.exi").write_text("dGhpcw==")
    assert (await contracts.answer("CP-1", ASKED))["exiResponse"] == "dGhpcw=="
    with pytest.raises(Unanswered):
        await contracts.answer("CP-1", ASKED | {"action": "../../etc/passwd", "exiRequest": "other"})
