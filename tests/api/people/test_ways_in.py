"""Logging in and out over REST, with and without a second factor; signing up; forgotten passwords; and the limits."""

from __future__ import annotations

from typing import Any

import httpx
import pyotp

from tests.api.conftest import PASSWORD, Facade, assert_problem
from tests.api.people.letters import codes

V1 = "/api/v1"


async def log_in(client: httpx.AsyncClient, email: str = "admin@example.org", **more: Any) -> httpx.Response:
    return await client.post(f"{V1}/login", json={"email": email, "password": PASSWORD, **more})


def bearer(answer: httpx.Response) -> dict[str, str]:
    return {"Authorization": f"Bearer {answer.raise_for_status().json()['access_token']}"}


async def test_logins_are_listed_and_ended_one_by_one_or_all_others(facade: Facade) -> None:
    facade.token()
    async with facade.client() as client:
        phone, desk, lost = [bearer(await log_in(client)) for _ in range(3)]
        listed = (await client.get(f"{V1}/me/logins", headers=desk)).json()["items"]
        assert [login["current"] for login in listed].count(True) == 1
        assert {login["address"] for login in listed} == {"198.51.100.7", ""}
        (mine,) = [login["id"] for login in listed if login["current"]]
        assert (await client.post(f"{V1}/logout", headers=phone)).status_code == 204
        assert_problem(await client.get(f"{V1}/me", headers=phone), 401)
        assert_problem(await client.delete(f"{V1}/me/logins/nothing", headers=desk), 404)
        assert (await client.delete(f"{V1}/me/logins", headers=desk)).status_code == 204
        assert_problem(await client.get(f"{V1}/me", headers=lost), 401)
        assert (await client.delete(f"{V1}/me/logins/{mine}", headers=desk)).status_code == 204
        assert_problem(await client.get(f"{V1}/me", headers=desk), 401)


async def test_a_new_password_ends_the_other_logins(facade: Facade) -> None:
    facade.token()
    async with facade.client() as client:
        here, there = [bearer(await log_in(client)) for _ in range(2)]
        body = {"old_password": "not this one", "new_password": "a new password"}
        refused = await client.post(f"{V1}/me/password", json=body, headers=here)
        assert_problem(refused, 422, field="old_password")
        body["old_password"] = PASSWORD
        assert (await client.post(f"{V1}/me/password", json=body, headers=here)).status_code == 204
        assert (await client.get(f"{V1}/me", headers=here)).status_code == 200
        assert_problem(await client.get(f"{V1}/me", headers=there), 401)
        assert_problem(await log_in(client), 401)


async def test_with_a_second_factor_the_password_alone_lets_nobody_in(facade: Facade) -> None:
    facade.token()
    async with facade.client() as client:
        mine = bearer(await log_in(client))
        wrong = await client.post(f"{V1}/me/second-factor", json={"password": "no"}, headers=mine)
        assert_problem(wrong, 422, field="password")
        begun = await client.post(f"{V1}/me/second-factor", json={"password": PASSWORD}, headers=mine)
        totp = pyotp.TOTP(begun.json()["secret"])

        def code() -> str:
            facade.clock.advance(30)
            return totp.generate_otp(facade.clock.now() // 30_000_000)

        confirmed = await client.post(f"{V1}/me/second-factor/confirm", json={"code": code()}, headers=mine)
        recovery = confirmed.json()["recovery_codes"]
        assert_problem(await log_in(client), 401, field="totp")
        used = code()
        assert (await log_in(client, totp=used)).status_code == 200
        assert_problem(await log_in(client, totp=used), 401, field="totp")
        assert (await log_in(client, recovery_code=recovery[0])).status_code == 200
        assert_problem(await log_in(client, recovery_code=recovery[0]), 401, field="totp")
        body = {"password": PASSWORD, "code": code()}
        fresh = await client.post(f"{V1}/me/second-factor/recovery-codes", json=body, headers=mine)
        body["code"] = fresh.json()["recovery_codes"][0]
        assert (await client.post(f"{V1}/me/second-factor/give-up", json=body, headers=mine)).status_code == 204
        assert (await log_in(client)).status_code == 200


async def test_guessing_codes_is_limited_whatever_the_password_allows(facade: Facade) -> None:
    facade.token()
    async with facade.client() as client:
        mine = bearer(await log_in(client))
        begun = await client.post(f"{V1}/me/second-factor", json={"password": PASSWORD}, headers=mine)
        code = pyotp.TOTP(begun.json()["secret"]).generate_otp(facade.clock.now() // 30_000_000)
        await client.post(f"{V1}/me/second-factor/confirm", json={"code": code}, headers=mine)
        answers = [(await log_in(client, totp="000000")).status_code for _ in range(6)]
        assert answers == [401] * 5 + [429]


async def test_where_a_second_factor_is_asked_for_one_can_do_nothing_else_first(facade: Facade) -> None:
    support = facade.token("support")
    async with facade.client(facade.token()) as admin, facade.client(support) as client:
        policy = f"{V1}/login-policies/*"
        tag = (await admin.get(policy)).headers["etag"]
        answer = await admin.put(policy, json={"totp_required": True}, headers={"If-Match": tag})
        assert answer.json() == {"network": "*", "totp_required": True}
        assert_problem(await admin.get(policy), 403)
        assert_problem(await client.get(f"{V1}/charge-points"), 403)
        assert (await log_in(client, "support@example.org")).json()["second_factor_missing"]
        begun = await client.post(f"{V1}/me/second-factor", json={"password": PASSWORD})
        code = pyotp.TOTP(begun.json()["secret"]).generate_otp(facade.clock.now() // 30_000_000)
        assert (await client.post(f"{V1}/me/second-factor/confirm", json={"code": code})).status_code == 200
        assert (await client.get(f"{V1}/charge-points")).status_code == 200


async def test_a_driver_signs_up_and_a_stranger_learns_nothing(facade: Facade) -> None:
    body = {"network": "default", "email": "dora@example.org", "password": PASSWORD, "name": "Dora"}
    async with facade.client() as client:
        first = await client.post(f"{V1}/sign-up", json=body)
        assert first.status_code == 202
        (token,) = await codes(facade, "dora@example.org")
        made = await client.post(f"{V1}/sign-up/confirm", json={"token": token, "password": PASSWORD})
        assert made.status_code == 201
        me = (await client.get(f"{V1}/me", headers=bearer(made))).json()
        assert (me["role"], me["network"], me["permissions"]) == (
            "driver",
            "default",
            ["locations:read", "own:read", "own:write", "self:read", "self:write"],
        )
        again = await client.post(f"{V1}/sign-up", json=body)
        assert (again.status_code, again.json()) == (first.status_code, first.json())
        spent = await client.post(f"{V1}/sign-up/confirm", json={"token": token, "password": PASSWORD})
        assert_problem(spent, 410, field="token")
        assert_problem(await client.post(f"{V1}/sign-up", json={**body, "network": "nowhere", "email": "x@y.org"}), 404)
        assert (await log_in(client, "dora@example.org", network="default")).status_code == 200


async def test_letters_to_one_address_are_limited_whoever_asks_and_whoever_has_it(facade: Facade) -> None:
    facade.token()
    for email in ("admin@example.org", "stranger@example.org"):
        answers = []
        for number in range(4):
            async with facade.client(address=f"198.51.100.{number}") as client:
                answers.append(await client.post(f"{V1}/password-reset", json={"email": email}))
        assert [answer.status_code for answer in answers] == [202] * 3 + [429]
        assert answers[0].json() == {"message": "If this address can be used, a letter is on its way."}
    assert len(await codes(facade, "admin@example.org")) == 3
    assert await codes(facade, "stranger@example.org") == []


async def test_a_forgotten_password_is_replaced_with_the_letters_code(facade: Facade) -> None:
    facade.token()
    async with facade.client() as client:
        mine = bearer(await log_in(client))
        await client.post(f"{V1}/password-reset", json={"email": "admin@example.org"})
        (token,) = await codes(facade, "admin@example.org")
        body = {"token": token, "password": "a new password"}
        assert (await client.post(f"{V1}/password-reset/confirm", json=body)).status_code == 204
        assert_problem(await client.post(f"{V1}/password-reset/confirm", json=body), 410, field="token")
        assert_problem(await client.get(f"{V1}/me", headers=mine), 401)
