"""Default deny: who gets in, who does not, and what they can learn from the refusal."""

from __future__ import annotations

import re
from typing import Any

import httpx
import jwt
import pytest

from api.access import OPEN_PATHS, PERMISSION_OF, PERMISSIONS_OF_ROLE, is_open
from api.app import create_app
from api.ports import User
from engine.clock import SECOND
from engine.errors import ConfigurationError
from engine.settings import Settings
from engine.stores.files.catalogue import FirmwareImage, StationFile
from engine.stores.files.exchange import hash_of
from engine.stores.files.port import MemoryFiles
from tests.api.conftest import KEY, PASSWORD, Facade, assert_problem, facade_with
from tests.api.operation_bodies import NEWER, OPERATION_BODIES

OPERATIONS = [
    (method, path, operation)
    for path, methods in facade_with().app.openapi()["paths"].items()
    for method, operation in methods.items()
]
GUARDED = [each for each in OPERATIONS if not is_open(each[1])]
BODIES: dict[str, Any] = {
    "addChargePoint": {"id": "CP-2", "security_profile": 0},
    "changeChargePoint": {"name": "Back"},
    "changeStationPassword": {},
    "revokeCertificate": {"reason": "superseded"},
    "addToken": {"id_token": "TAG2"},
    "changeToken": {"label": "Van"},
    "changeFirmware": {"note": "for all"},
    "sendCommand": {"action": "Reset", "payload": {"type": "Soft"}},
    "makeCampaign": {"operation": "reset"},
    **OPERATION_BODIES,
}


def _url(path: str) -> str:
    path = (
        path.replace("{number}", "1")
        .replace("{request}", "1")
        .replace("{serial_number}", "a1")
        .replace("{file}", "f0001")
    )
    things = {
        "/firmware/": "i0001",
        "/charge-points/": "CP-1",
        "/tokens/": "TAG",
        "/sessions/": "s0001",
        "/commands/": "c0001",
        "/campaigns/": "k0001",
    }
    for prefix, name in things.items():
        if prefix + "{id}" in path:
            return path.replace("{id}", name)
    return path


def test_the_open_addresses_are_these() -> None:
    roots = {"/pki/root.pem", "/pki/crl.pem"}
    assert {"/", "/healthz", "/readyz", "/docs", "/openapi.json", "/api/v1/login"} | roots == OPEN_PATHS
    assert {path for _, path, _ in OPERATIONS if is_open(path)} - OPEN_PATHS == {"/files/{token}/{name}"}
    assert {operation["operationId"] for _, _, operation in GUARDED} == PERMISSION_OF.keys()


@pytest.mark.parametrize(("method", "path", "operation"), GUARDED, ids=lambda v: v if isinstance(v, str) else "")
async def test_no_operation_answers_without_a_login(
    facade: Facade, method: str, path: str, operation: dict[str, Any]
) -> None:
    body = BODIES.get(operation["operationId"])
    for token in ("", "nonsense", jwt.encode({"sub": "u-admin", "ver": 1, "exp": 9e9, "iss": "raycharge"}, KEY[::-1])):
        async with facade.client(token) as client:
            assert_problem(await client.request(method, _url(path), json=body), 401)


async def with_files(facade: Facade) -> None:
    """A firmware image and a station's file, with their bytes."""
    files = facade.ports.files
    assert isinstance(files.store, MemoryFiles)
    files.store.files |= {"i0001": b"image", "f0001": b"log"}
    await files.catalogue.add_image(FirmwareImage("i0001", "firmware.bin", 5, "0" * 64, 1))
    url = await files.upload_url("CP-1", job="c0001")
    file = StationFile("f0001", "CP-1", "c0001", "log", "log.txt", 3, "0" * 64, 1)
    await files.catalogue.add_file(hash_of(url.url.split("/")[-2]), file)


@pytest.mark.parametrize("role", ["admin", "operations", "support", "analyst"])
async def test_each_role_may_do_exactly_what_the_table_says(facade: Facade, role: str) -> None:
    token = facade.token(role)
    await with_files(facade)
    async with facade.client(token) as client:
        for method, path, operation in sorted(GUARDED, key=lambda each: each[2]["operationId"] == "retireChargePoint"):
            name = operation["operationId"]
            if name in ("followEvents", "followMessages") and PERMISSION_OF[name] in PERMISSIONS_OF_ROLE[role]:
                continue
            body: dict[str, Any] = {"content": b"image"} if name == "addFirmware" else {"json": BODIES.get(name)}
            answer = await client.request(method, _url(path), **body)
            permitted = PERMISSION_OF[name] in PERMISSIONS_OF_ROLE[role]
            assert (answer.status_code != 403) == permitted, (name, answer.text)
            if not permitted:
                assert_problem(answer, 403)
            else:
                # The station of these tests speaks 1.6.
                assert answer.status_code < 400 or (name in NEWER and answer.status_code == 422), (name, answer.text)


async def test_a_refusal_is_the_same_for_what_exists_and_what_does_not(facade: Facade) -> None:
    async with facade.client(facade.token("analyst")) as client:
        known = (await client.patch("/api/v1/charge-points/CP-1", json={"name": "x"})).json()
        unknown = (await client.patch("/api/v1/charge-points/CP-9", json={"name": "x"})).json()
    assert {**known, "instance": ""} == {**unknown, "instance": ""}


async def test_unknown_addresses_look_like_guarded_ones_to_strangers(facade: Facade) -> None:
    async with facade.client() as client:
        assert_problem(await client.get("/api/v1/nonsense"), 401)
        assert_problem(await client.get("/healthz/"), 401)


@pytest.mark.parametrize("path", sorted(OPEN_PATHS - {"/api/v1/login"}))
async def test_open_addresses_need_no_login(facade: Facade, path: str) -> None:
    async with facade.client() as client:
        assert (await client.get(path)).status_code == 200


async def test_logging_in_gives_a_token_that_works_and_ends(facade: Facade) -> None:
    facade.token("support")
    async with facade.client() as client:
        answer = await client.post("/api/v1/login", json={"email": "Support@example.org", "password": PASSWORD})
        assert answer.status_code == 200
        given = answer.json()
        assert given["token_type"] == "bearer"
        assert re.fullmatch(r"2026-01-01T08:00:00\.000Z", given["expires_at"])
        headers = {"Authorization": f"Bearer {given['access_token']}"}
        me = (await client.get("/api/v1/me", headers=headers)).json()
        assert (me["email"], me["role"]) == ("support@example.org", "support")
        facade.clock.advance(8 * 3600)
        assert_problem(await client.get("/api/v1/me", headers=headers), 401)


async def test_unknown_user_and_wrong_password_get_the_same_answer(facade: Facade) -> None:
    facade.token()
    async with facade.client() as client:
        wrong = await client.post("/api/v1/login", json={"email": "admin@example.org", "password": "no"})
        unknown = await client.post("/api/v1/login", json={"email": "nobody@example.org", "password": "no"})
    assert assert_problem(wrong, 401) == assert_problem(unknown, 401)


async def test_tries_are_limited_per_account_and_a_success_forgives(facade: Facade) -> None:
    facade.token()
    wrong = {"email": "admin@example.org", "password": "no"}
    right = {"email": "admin@example.org", "password": PASSWORD}
    async with facade.client() as client:
        for _ in range(5):
            assert (await client.post("/api/v1/login", json=wrong)).status_code == 401
        answer = await client.post("/api/v1/login", json=right)
        assert_problem(answer, 429)
        facade.clock.advance(float(answer.headers["retry-after"]))
        assert (await client.post("/api/v1/login", json=right)).status_code == 200
        assert (await client.post("/api/v1/login", json=wrong)).status_code == 401


async def test_tries_are_limited_per_address(facade: Facade) -> None:
    async with facade.client() as client, facade.client(address="198.51.100.8") as other:
        answers = [
            await client.post("/api/v1/login", json={"email": f"u{number}@example.org", "password": "no"})
            for number in range(21)
        ]
        assert [answer.status_code for answer in answers] == [401] * 20 + [429]
        answer = await other.post("/api/v1/login", json={"email": "u1@example.org", "password": "no"})
        assert answer.status_code == 401


async def test_a_user_who_was_switched_off_or_changed_is_out(facade: Facade, admin: httpx.AsyncClient) -> None:
    assert (await admin.get("/api/v1/me")).status_code == 200
    user = await facade.registry.user("u-admin")
    facade.registry.put_user(User(user.id, user.email, user.role, active=False), PASSWORD)
    facade.clock.advance(10)
    assert_problem(await admin.get("/api/v1/me"), 401)
    facade.registry.put_user(User(user.id, user.email, user.role, version=2), PASSWORD)
    facade.clock.advance(10)
    assert_problem(await admin.get("/api/v1/me"), 401)


async def test_tokens_of_other_kinds_are_refused(facade: Facade) -> None:
    facade.token()
    now = facade.clock.now() // SECOND
    claims = {"sub": "u-admin", "ver": 1, "exp": now + 60, "iss": "raycharge"}
    forged = [
        jwt.encode(claims, "", "none"),
        jwt.encode({**claims, "iss": "other"}, KEY),
        jwt.encode({**claims, "exp": now - 1}, KEY),
        jwt.encode({**claims, "sub": "u-nobody"}, KEY),
        jwt.encode({key: claims[key] for key in ("sub", "exp", "iss")}, KEY),
    ]
    for token in forged:
        async with facade.client(token) as client:
            assert_problem(await client.get("/api/v1/me"), 401)


async def test_the_metrics_token_reads_the_metrics_and_nothing_else() -> None:
    facade = facade_with(Settings(metrics_token="prometheus"))
    async with facade.client("prometheus") as client:
        assert (await client.get("/metrics")).status_code == 200
        assert_problem(await client.get("/api/v1/me"), 403)
        assert_problem(await client.get("/api/v1/charge-points"), 403)


def test_a_route_without_a_permission_does_not_start(facade: Facade, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.app.PERMISSION_OF", {k: v for k, v in PERMISSION_OF.items() if k != "sendCommand"})
    with pytest.raises(ConfigurationError, match="sendCommand"):
        create_app(facade.ports, Settings())
