"""Passwords changed through the protocol, and certificates, over REST."""

from __future__ import annotations

import httpx
import pytest

from engine.errors import InvalidInput
from tests.api.conftest import Facade, assert_problem

CP = "/api/v1/charge-points/CP-1"


async def change(facade: Facade, admin: httpx.AsyncClient, outcome: str = "Accepted", **body: str) -> httpx.Response:
    facade.fleet.answer = lambda charge_point, action, payload: (outcome, {"status": outcome})
    return await admin.post(f"{CP}/password", json=body)


async def test_a_password_is_made_sent_and_shown_once(facade: Facade, admin: httpx.AsyncClient) -> None:
    answer = (await change(facade, admin)).raise_for_status().json()
    assert (answer["outcome"], answer["waiting"]) == ("Accepted", True)
    assert len(bytes.fromhex(answer["password"])) == 20
    assert facade.secrets.begun["CP-1"] == {answer["id"]: answer["password"]}
    (asked,) = facade.fleet.asked
    assert asked["payload"] == {"key": "AuthorizationKey", "value": answer["password"]}


@pytest.mark.parametrize(
    ("body", "sent"),
    [
        ({"password": "0123456789abcdefg"}, b"0123456789abcdefg".hex()),
        ({"password_hex": "FF" * 20}, "ff" * 20),
    ],
)
async def test_one_that_is_given_is_never_shown(
    facade: Facade, admin: httpx.AsyncClient, body: dict[str, str], sent: str
) -> None:
    answer = (await change(facade, admin, **body)).raise_for_status()
    assert answer.json()["password"] is None
    assert next(iter(body.values())) not in answer.text
    assert [asked["payload"]["value"] for asked in facade.fleet.asked] == [sent]


@pytest.mark.parametrize("outcome", ["Rejected", "Failed", "NotConnected", "Expired", "Superseded"])
async def test_what_the_station_did_not_take_is_gone(facade: Facade, admin: httpx.AsyncClient, outcome: str) -> None:
    answer = (await change(facade, admin, outcome)).raise_for_status().json()
    assert (answer["outcome"], answer["waiting"], answer["password"]) == (outcome, False, None)
    assert facade.secrets.begun["CP-1"] == {}


async def test_an_answer_that_was_lost_leaves_both(facade: Facade, admin: httpx.AsyncClient) -> None:
    answer = (await change(facade, admin, "TimedOut")).raise_for_status().json()
    assert answer["waiting"]
    assert len(facade.secrets.begun["CP-1"]) == 1


async def test_what_the_stations_version_cannot_say_is_never_begun_for_good(
    facade: Facade, admin: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def cannot(*_: object, **__: object) -> None:
        raise InvalidInput("OCPP 1.6 has no such password.", field="password", remedy="Use 20 bytes.")

    monkeypatch.setattr(facade.fleet, "operate", cannot)
    assert_problem(await admin.post(f"{CP}/password", json={"password": "x" * 40}), 422, field="password")
    assert facade.secrets.begun["CP-1"] == {}


async def test_only_stations_with_passwords_have_them_changed(facade: Facade, admin: httpx.AsyncClient) -> None:
    for profile in (0, 3):
        await admin.patch(CP, json={"security_profile": profile})
        assert_problem(await change(facade, admin), 409)
    assert facade.fleet.asked == []


@pytest.mark.parametrize(
    "body",
    [
        {"password": "short"},
        {"password": "x" * 65},
        {"password_hex": "abc"},
        {"password_hex": "zz" * 20},
        {"password": "x" * 20, "password_hex": "ff" * 20},
    ],
)
async def test_what_cannot_be_a_password_is_refused(
    facade: Facade, admin: httpx.AsyncClient, body: dict[str, str]
) -> None:
    assert_problem(await change(facade, admin, **body), 422)
    assert facade.fleet.asked == []


async def test_a_charge_point_is_registered_for_a_certificate(facade: Facade, admin: httpx.AsyncClient) -> None:
    body = {"id": "CP-7", "security_profile": 3, "certificate_name": "SN-7"}
    made = (await admin.post("/api/v1/charge-points", json=body)).json()
    assert (made["security_profile"], made["certificate_name"], made["secured"]) == (3, "SN-7", True)
    for body in ({"id": "CP-8"}, {"id": "CP-8", "security_profile": 2}):
        assert_problem(await admin.post("/api/v1/charge-points", json=body), 422, field="password")
    lowered = (await admin.patch("/api/v1/charge-points/CP-7", json={"security_profile": 0})).json()
    assert (lowered["security_profile"], lowered["secured"]) == (0, False)


async def test_certificates_are_listed_and_revoked_once(facade: Facade, admin: httpx.AsyncClient) -> None:
    (row,) = (await admin.get("/api/v1/certificates", params={"charge_point": "CP-1"})).json()["items"]
    assert (row["serial_number"], row["charge_point"], row["revoked_at"]) == ("a1", "CP-1", None)
    revoke = "/api/v1/certificates/A1/revoke"
    revoked = (await admin.post(revoke, json={"reason": "keyCompromise"})).raise_for_status().json()
    assert (revoked["revocation_reason"], revoked["revoked_at"] is None) == ("keyCompromise", False)
    assert_problem(await admin.post(revoke, json={}), 409)
    assert_problem(await admin.post("/api/v1/certificates/b2/revoke", json={}), 404)
    assert_problem(await admin.post("/api/v1/certificates/zz/revoke", json={}), 404)
    assert_problem(await admin.post(revoke, json={"reason": "boredom"}), 422)


async def test_roots_and_revocations_are_for_everybody(facade: Facade) -> None:
    async with facade.client() as anybody:
        for name, what in (("root", "CERTIFICATE"), ("crl", "X509 CRL")):
            answer = await anybody.get(f"/pki/{name}.pem")
            assert (answer.status_code, f"BEGIN {what}" in answer.text) == (200, True)
