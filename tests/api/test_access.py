"""Default deny: who gets in, who does not, and what they can learn from the refusal."""

from __future__ import annotations

import re
from typing import Any

import httpx
import jwt
import pytest

from api.access.permissions import OPEN_PATHS, PERMISSION_OF, is_open
from api.app import create_app
from engine.clock import SECOND
from engine.errors import ConfigurationError
from engine.settings import Settings
from engine.stores.files.catalogue import FirmwareImage, StationFile
from engine.stores.files.exchange import hash_of
from engine.stores.files.port import MemoryFiles
from tests.api.billing.examples import BILLING_BODIES, BILLING_EXAMPLES, with_billing
from tests.api.conftest import KEY, PASSWORD, Facade, assert_problem, facade_with
from tests.api.operation_bodies import NEWER, OPERATION_BODIES
from tests.api.places.examples import PLACE_BODIES, PLACE_EXAMPLES, with_places

OPERATIONS = [
    (method, path, operation)
    for path, methods in facade_with().app.openapi()["paths"].items()
    for method, operation in methods.items()
]
GUARDED = [each for each in OPERATIONS if not is_open(each[1])]
TESTED_ELSEWHERE = {
    "login",
    "people",
    "me",
    "driver",
    "drivers",
    "starts",
    "tariffs",
    "where to charge",
    "audit",
    "payments",
    "alerts",
    "alert rules",
    "maintenance windows",
    "dashboard",
    "deliveries",
    "long work",
    "maintenance",
    "support",
}
"""Areas (tags) whose operations depend on each other, and are called in the tests of that area."""
NEEDS_MORE = {"followEvents", "followMessages", "getSessionPrice", "mapStations", "findAvailability", "search"}
BODIES: dict[str, Any] = {
    "addChargePoint": {"id": "CP-2", "security_profile": 0},
    "changeChargePoint": {"name": "Back"},
    "changeStationPassword": {},
    "revokeCertificate": {"reason": "superseded"},
    "addToken": {"id_token": "TAG2"},
    "changeToken": {"label": "Van"},
    "addTokenGroup": {"id": "FLEET"},
    "importTokens": [{"id_token": "TAG3"}],
    "changeTokenGroup": {"max_sessions": 2},
    "changeFirmware": {"note": "for all"},
    **PLACE_BODIES,
    **BILLING_BODIES,
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
        .replace("/{evse}/{connector}", "/1/1")
    )
    things = {
        "/firmware/": "i0001",
        "/charge-points/": "CP-1",
        "/tokens/": "TAG",
        "/token-groups/": "FLEET",
        "/sessions/": "s0001",
        "/commands/": "c0001",
        "/campaigns/": "k0001",
        **PLACE_EXAMPLES,
        **BILLING_EXAMPLES,
    }
    for prefix, name in things.items():
        if prefix + "{id}" in path:
            return path.replace("{id}", name)
    return path


def test_the_open_addresses_are_these() -> None:
    roots = {"/pki/root.pem", "/pki/crl.pem"}
    roots |= {"/healthz", "/readyz", "/docs", "/openapi.json"}
    assert {path for path in OPEN_PATHS if not path.startswith("/api/")} == roots
    people = {"login", "sign-up", "sign-up/confirm", "password-reset", "password-reset/confirm", "invitation/accept"}
    people |= {"oidc/start", "oidc/callback", "payments/webhooks"}
    assert {f"/api/v1/{path}" for path in people} == OPEN_PATHS - roots
    secret = {path for _, path, _ in OPERATIONS if is_open(path)} - OPEN_PATHS
    told = {path for path in secret if path.startswith("/api/v1/open/")}
    assert told == {
        f"/api/v1/open/{path}" for path in ("operators", "locations", "locations/{id}", "map", "connectors/{code}")
    }
    others = {path for path in secret - told if not path.startswith("/api/v1/ad-hoc/")}
    assert others == {"/files/{token}/{name}"}
    assert {operation["operationId"] for _, _, operation in GUARDED} == PERMISSION_OF.keys()


@pytest.mark.parametrize(("method", "path", "operation"), GUARDED, ids=lambda v: v if isinstance(v, str) else "")
async def test_no_operation_answers_without_a_login(
    facade: Facade, method: str, path: str, operation: dict[str, Any]
) -> None:
    body = BODIES.get(operation["operationId"])
    for token in (
        "",
        "nonsense",
        jwt.encode({"sub": "u-admin", "sid": "l-u-admin-0", "exp": 9e9, "iss": "raycharge"}, KEY[::-1]),
    ):
        async with facade.client(token) as client:
            assert_problem(await client.request(method, _url(path), json=body), 401)


def _endings_last(each: tuple[str, str, dict[str, Any]]) -> tuple[bool, bool]:
    name = each[2]["operationId"]
    return name.startswith(("delete", "retire")), name == "retireChargePoint"


async def with_files(facade: Facade) -> None:
    """A firmware image and a station's file, with their bytes."""
    files = facade.ports.files
    assert isinstance(files.store, MemoryFiles)
    files.store.files |= {"i0001": b"image", "f0001": b"log"}
    await files.catalogue.add_image(FirmwareImage("i0001", "firmware.bin", 5, "0" * 64, 1))
    url = await files.upload_url("CP-1", job="c0001")
    file = StationFile("f0001", "CP-1", "c0001", "log", "log.txt", 3, "0" * 64, 1)
    await files.catalogue.add_file(hash_of(url.url.split("/")[-2]), file)


async def test_an_admin_may_do_everything_and_it_works(facade: Facade, admin: httpx.AsyncClient) -> None:
    await with_files(facade)
    await with_places(facade)
    await with_billing(facade)
    for method, path, operation in sorted(GUARDED, key=_endings_last):
        name = operation["operationId"]
        # Those need what no address has: a stream's end, a price, the corners of a map, a point, a question.
        if name in NEEDS_MORE or TESTED_ELSEWHERE & {*operation["tags"]}:
            continue
        body: dict[str, Any] = {"content": b"image"} if name == "addFirmware" else {"json": BODIES.get(name)}
        answer = await admin.request(method, _url(path), **body)
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


@pytest.mark.parametrize("path", sorted(path for path in OPEN_PATHS if not path.startswith("/api/")))
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


async def test_a_login_that_was_ended_is_out_at_once(facade: Facade, admin: httpx.AsyncClient) -> None:
    assert (await admin.get("/api/v1/me")).status_code == 200
    await facade.ports.business.people.logins.revoke_all("u-admin")
    assert_problem(await admin.get("/api/v1/me"), 401)


async def test_tokens_of_other_kinds_are_refused(facade: Facade) -> None:
    facade.token()
    now = facade.clock.now() // SECOND
    claims = {"sub": "u-admin", "sid": "l-u-admin-0", "exp": now + 60, "iss": "raycharge"}
    forged = [
        jwt.encode(claims, "", "none"),
        jwt.encode({**claims, "iss": "other"}, KEY),
        jwt.encode({**claims, "exp": now - 1}, KEY),
        jwt.encode({**claims, "sub": "u-nobody"}, KEY),
        jwt.encode({**claims, "sid": "another"}, KEY),
        jwt.encode({key: claims[key] for key in ("sub", "exp", "iss")}, KEY),
    ]
    for token in forged:
        async with facade.client(token) as client:
            assert_problem(await client.get("/api/v1/me"), 401)


async def test_a_token_that_was_right_is_refused_after_its_end(facade: Facade) -> None:
    facade.token()
    ends = facade.clock.now() // SECOND + 60
    token = jwt.encode({"sub": "u-admin", "sid": "l-u-admin-0", "exp": ends, "iss": "raycharge"}, KEY)
    async with facade.client(token) as client:
        assert (await client.get("/api/v1/me")).status_code == 200
        facade.clock.advance(60)
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
