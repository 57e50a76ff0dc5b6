"""Every error is a problem (RFC 9457), whoever is to blame for it."""

from __future__ import annotations

import httpx
import pytest

from engine import errors
from tests.api.conftest import Facade, assert_problem

OURS = [
    (errors.InvalidInput("No.", field="payload.type", remedy="Use Soft."), 422),
    (errors.NotFound("No such thing."), 404),
    (errors.Conflict("Taken."), 409),
    (errors.Unauthenticated("Who?"), 401),
    (errors.Forbidden("No."), 403),
    (errors.ProtocolError("FormationViolation", "garbage"), 502),
    (errors.JournalUnavailable("redis://secret-host away"), 503),
    (errors.StoreUnavailable("secret-host away"), 503),
    (errors.StaleEpoch("moved"), 503),
    (errors.ConfigurationError("secret-host wrong"), 500),
    (errors.RaychargeError("secret-host wrong"), 500),
]


@pytest.mark.parametrize(("error", "status"), OURS, ids=lambda value: type(value).__name__)
async def test_each_of_our_errors_has_its_status(
    facade: Facade, admin: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int
) -> None:
    async def fails(*_: object) -> None:
        raise error

    monkeypatch.setattr(facade.ledger, "session", fails)
    answer = await admin.get("/api/v1/sessions/s0001")
    body = assert_problem(answer, status)
    assert "secret-host" not in answer.text
    if status == 503:
        assert int(answer.headers["retry-after"]) > 0
    if status == 401:
        assert answer.headers["www-authenticate"].startswith("Bearer")
    if status == 422:
        assert (body["field"], body["remedy"]) == ("payload.type", "Use Soft.")


async def test_an_unforeseen_error_tells_a_correlation_id_and_nothing_else(
    facade: Facade, admin: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def crashes(*_: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(facade.ledger, "session", crashes)
    answer = await admin.get("/api/v1/sessions/s0001")
    body = assert_problem(answer, 500)
    assert body["correlation"] == answer.headers["x-request-id"]
    assert "secret" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_unknown_addresses_and_methods_are_problems(admin: httpx.AsyncClient) -> None:
    assert_problem(await admin.get("/api/v1/nonsense"), 404)
    answer = await admin.put("/api/v1/charge-points/CP-1", json={})
    assert_problem(answer, 405)
    assert "GET" in answer.headers["allow"]


async def test_faults_in_a_request_are_all_named(admin: httpx.AsyncClient) -> None:
    answer = await admin.post("/api/v1/charge-points", json={"id": "CP-2", "isolation": "own", "nmae": "x"})
    body = assert_problem(answer, 422)
    assert {fault["field"] for fault in body["errors"]} == {"isolation", "nmae"}
    assert body["field"] in {"isolation", "nmae"}
    assert_problem(await admin.get("/api/v1/sessions", params={"limit": "0"}), 422, field="limit")
    assert_problem(await admin.get("/api/v1/sessions", params={"since": "2026-01-01"}), 422, field="since")


async def test_only_strict_json_of_bounded_size_is_read(admin: httpx.AsyncClient) -> None:
    url = "/api/v1/charge-points"
    as_json = {"Content-Type": "application/json"}
    assert_problem(await admin.post(url, content=b"{", headers=as_json), 400)
    assert_problem(await admin.post(url, content=b'{"id": NaN}', headers=as_json), 400)
    assert_problem(await admin.post(url, content=b"[" * 100_000, headers=as_json), 400)
    assert_problem(await admin.post(url, data={"id": "CP-2"}), 415)
    assert_problem(await admin.post(url, content=b" " * 300_000, headers=as_json), 413)
    assert_problem(await admin.post(url, content=b"", headers=as_json), 422)

    async def endless() -> object:
        for _ in range(1000):
            yield b" " * 1000

    assert_problem(await admin.post(url, content=endless(), headers=as_json), 413)


async def test_every_answer_has_the_security_headers(facade: Facade, admin: httpx.AsyncClient) -> None:
    for path in ("/docs", "/healthz", "/api/v1/me", "/api/v1/nonsense"):
        headers = (await admin.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["x-request-id"]
        assert "access-control-allow-origin" not in headers
