"""Accounts, roles and API keys as administrators of the installation and of one network have them over REST."""

from __future__ import annotations

import httpx
import pytest

from engine.clock import to_iso
from tests.api.conftest import Facade, assert_problem
from tests.api.people.letters import codes

V1 = "/api/v1"


@pytest.fixture
async def north(facade: Facade, admin: httpx.AsyncClient) -> httpx.AsyncClient:
    """The administrator of one network of two."""
    for name in ("north", "south"):
        answer = await admin.post(f"{V1}/networks", json={"id": name, "name": name})
        assert answer.status_code == 201, answer.text
    return facade.client(facade.token("admin", "north"))


async def test_an_invited_colleague_comes_in_is_changed_and_is_out_at_once(
    facade: Facade, admin: httpx.AsyncClient
) -> None:
    body = {"email": "Ann@Example.org", "name": "Ann", "roles": [{"role": "support"}]}
    made = await admin.post(f"{V1}/users", json=body)
    assert made.status_code == 201, made.text
    ann = made.json()
    assert (ann["email"], ann["kind"], [role["role"] for role in ann["roles"]]) == (
        "ann@example.org",
        "staff",
        ["support"],
    )
    assert_problem(await admin.post(f"{V1}/users", json=body), 409, field="email")
    facade.clock.advance(1)
    assert (await admin.post(f"{V1}/users/{ann['id']}/invitation")).status_code == 204
    old, token = await codes(facade, "ann@example.org")
    async with facade.client() as client:
        accept = f"{V1}/invitation/accept"
        assert_problem(await client.post(accept, json={"token": old, "password": "her password"}), 410)
        assert (await client.post(accept, json={"token": token, "password": "her password"})).status_code == 204
        login = await client.post(f"{V1}/login", json={"email": "ann@example.org", "password": "her password"})
        client.headers["Authorization"] = f"Bearer {login.json()['access_token']}"
        assert (await client.get(f"{V1}/charge-points")).status_code == 200
        one = f"{V1}/users/{ann['id']}"
        assert len((await admin.get(f"{one}/logins")).json()["items"]) == 1
        granted = (await admin.post(f"{one}/roles", json={"role": "finance", "network": "default"})).json()
        assert "tariffs:write" in (await client.get(f"{V1}/me")).json()["permissions"]
        assert (await admin.delete(f"{one}/roles/{granted['id']}")).status_code == 204
        assert "tariffs:write" not in (await client.get(f"{V1}/me")).json()["permissions"]
        stale = made.headers["etag"]
        assert_problem(await admin.patch(one, json={"disabled": True}, headers={"If-Match": stale}), 412)
        now = (await admin.get(one)).headers["etag"]
        assert (await admin.patch(one, json={"disabled": True}, headers={"If-Match": now})).status_code == 200
        assert_problem(await client.get(f"{V1}/me"), 401)
    assert (await admin.delete(one)).status_code == 204
    assert_problem(await admin.patch(one, json={"disabled": False}), 404)


async def test_a_network_admin_sees_and_gives_only_what_is_theirs(
    facade: Facade, admin: httpx.AsyncClient, north: httpx.AsyncClient
) -> None:
    facade.token("support", "south")
    facade.token("driver", "south")
    async with north:
        mine = {user["email"] for user in (await north.get(f"{V1}/users")).json()["items"]}
        assert mine == {"admin.north@example.org"}
        for who in ("u-support.south", "u-driver.south", "u-admin"):
            assert_problem(await north.get(f"{V1}/users/{who}"), 404)
            assert_problem(await north.patch(f"{V1}/users/{who}", json={"disabled": True}), 404)
            assert_problem(
                await north.post(f"{V1}/users/{who}/roles", json={"role": "support", "network": "north"}), 404
            )
        new = {"email": "x@example.org", "password": "long enough"}
        for roles in ([{"role": "admin"}], [{"role": "support", "network": "south"}]):
            assert (await north.post(f"{V1}/users", json={**new, "roles": roles})).status_code in (403, 404)
        assert_problem(await north.post(f"{V1}/users/u-admin.north/roles", json={"role": "admin"}), 403)
        assert_problem(await north.get(f"{V1}/login-policies/*"), 404)
        assert_problem(await north.put(f"{V1}/login-policies/south", json={"totp_required": True}), 404)
        made = await north.post(f"{V1}/users", json={**new, "roles": [{"role": "support", "network": "north"}]})
        assert made.status_code == 201
        # Somebody of the installation who also works in this network is seen there, and not in their hands.
        await admin.post(f"{V1}/users/u-admin/roles", json={"role": "analyst", "network": "north"})
        seen = (await north.get(f"{V1}/users/u-admin")).json()
        assert [(role["role"], role["network"]) for role in seen["roles"]] == [("analyst", "north")]
        for refused in (
            north.patch(f"{V1}/users/u-admin", json={"email": "mine@example.org"}),
            north.post(f"{V1}/users/u-admin/password-reset"),
            north.delete(f"{V1}/users/u-admin/second-factor"),
            north.delete(f"{V1}/users/u-admin/logins"),
            north.delete(f"{V1}/users/u-admin"),
        ):
            assert_problem(await refused, 403)


async def test_the_last_administrator_stays(facade: Facade, admin: httpx.AsyncClient) -> None:
    me = f"{V1}/users/u-admin"
    (role,) = (await admin.get(me)).json()["roles"]
    for refused in (
        admin.patch(me, json={"disabled": True}),
        admin.delete(me),
        admin.delete(f"{me}/roles/{role['id']}"),
    ):
        assert_problem(await refused, 409)
    assert (await admin.get(f"{V1}/me")).status_code == 200


async def test_an_operators_own_role_is_data(facade: Facade, admin: httpx.AsyncClient) -> None:
    body = {"name": "Night desk", "permissions": ["charge-points:read", "commands:basic"]}
    made = await admin.post(f"{V1}/roles", json=body)
    role = made.json()
    one = f"{V1}/roles/{role['id']}"
    assert (role["builtin"], role["permissions"]) == (False, body["permissions"])
    assert_problem(await admin.post(f"{V1}/roles", json={**body, "permissions": ["own:read"]}), 422)
    new = {"email": "desk@example.org", "password": "long enough", "roles": [{"role": role["id"]}]}
    desk = (await admin.post(f"{V1}/users", json=new)).json()
    assert_problem(await admin.delete(one), 409)
    changed = await admin.patch(
        one, json={"permissions": ["sessions:read"]}, headers={"If-Match": made.headers["etag"]}
    )
    assert changed.json()["permissions"] == ["sessions:read"]
    assert_problem(await admin.patch(one, json={"name": "x"}, headers={"If-Match": made.headers["etag"]}), 412)
    assert_problem(await admin.patch(f"{V1}/roles/support", json={"permissions": ["sessions:read"]}), 422)
    names = {each["id"] for each in (await admin.get(f"{V1}/roles", params={"builtin": True})).json()["items"]}
    assert names == {"admin", "operations", "support", "finance", "analyst", "partner", "driver"}
    assert (await admin.delete(f"{V1}/users/{desk['id']}")).status_code == 204
    assert (await admin.delete(one)).status_code == 204
    assert_problem(await admin.get(one), 404)


async def test_an_api_key_cannot_take_over_its_owner(facade: Facade, admin: httpx.AsyncClient) -> None:
    ends = to_iso(facade.clock.now() + 86_400_000_000)
    body = {"name": "Directory", "permissions": ["users:read", "users:write"], "expires_at": ends}
    key = (await admin.post(f"{V1}/api-keys", json=body)).json()["key"]
    facade.token("driver")
    async with facade.client(key) as program:
        for refused in (
            program.patch(f"{V1}/users/u-admin", json={"email": "mine@example.org"}),
            program.post(f"{V1}/users/u-admin/password-reset"),
            program.delete(f"{V1}/users/u-admin/second-factor"),
            program.post(f"{V1}/users/u-admin/roles", json={"role": "support"}),
        ):
            assert_problem(await refused, 403)
        changed = await program.patch(f"{V1}/users/u-driver", json={"name": "Dora"})
        assert changed.status_code == 200, "who holds nothing but their own things"


async def test_an_api_key_works_within_its_bounds_until_it_is_revoked(facade: Facade, admin: httpx.AsyncClient) -> None:
    ends = to_iso(facade.clock.now() + 86_400_000_000)
    body = {"name": "Export", "permissions": ["charge-points:read"], "networks": ["default"], "expires_at": ends}
    made = await admin.post(f"{V1}/api-keys", json=body)
    assert made.status_code == 201, made.text
    key = made.json()["key"]
    one = f"{V1}/api-keys/{made.json()['api_key']['id']}"
    async with facade.client(key) as program:
        assert (await program.get(f"{V1}/charge-points")).status_code == 200
        for path in ("/sessions", "/me", "/users", "/api-keys"):
            assert_problem(await program.get(f"{V1}{path}"), 403)
        shown = (await admin.get(one)).json()
        assert shown["last_used_at"] is not None
        assert key not in (await admin.get(one)).text + (await admin.get(f"{V1}/api-keys")).text
        assert (await admin.delete(one)).status_code == 204
        assert_problem(await program.get(f"{V1}/charge-points"), 401)
    assert_problem(await admin.delete(one), 404)
