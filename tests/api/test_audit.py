"""The audit log: every change and command with who, what, before, after, from where; never a secret; never changed."""

from __future__ import annotations

from typing import Any

import httpx
from sqlalchemy import select

from engine.settings import Settings
from engine.stores.sql.tables.audit import audit_log
from tests.api.conftest import Facade, assert_problem, facade_with, view
from tests.api.two_networks import NORTH, SOUTH, two_networks

PASSWORD = "A-very-secret-password-1"
API = "/api/v1"
SECRETS = (PASSWORD, "hunter2", "s3cr3t", "Bearer", "$argon2", "password_hash", "secret_hash", "eyJ")


async def lines(client: httpx.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    answer = await client.get(f"{API}/audit", params=query)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_a_change_is_told_with_who_what_before_after_and_from_where(
    facade: Facade, admin: httpx.AsyncClient
) -> None:
    answer = await admin.patch(f"{API}/charge-points/CP-1", json={"name": "Back"})
    (line,) = await lines(admin, kind="charge_point", action="changed", subject="CP-1")
    assert line["actor"] == {"kind": "user", "id": "u-admin", "label": "admin@example.org", "address": "198.51.100.7"}
    assert (line["before"]["name"], line["after"]["name"]) == ("Front", "Back")
    assert line["network"] == "default"
    assert line["correlation"] == answer.headers["x-request-id"]
    assert (await admin.get(f"{API}/audit/{line['id']}")).json() == line


async def test_a_command_is_told_before_it_is_sent_and_without_secrets(
    facade: Facade, admin: httpx.AsyncClient
) -> None:
    facade.fleet.views["CP-1"] = view("CP-1")
    reset = (await admin.post(f"{API}/charge-points/CP-1/reset", json={"immediate": True})).json()["id"]
    key = {"name": {"key": "AuthorizationKey"}, "value": "hunter2"}
    await admin.post(f"{API}/charge-points/CP-1/configuration", json=key)
    call = {"action": "ChangeConfiguration", "payload": {"key": "AuthorizationKey", "value": "hunter2"}}
    await admin.post(f"{API}/charge-points/CP-1/commands", json=call)
    told = {line["action"]: line for line in await lines(admin, kind="command")}
    assert told["reset"]["subject"] == reset
    assert told["reset"]["after"] == {"charge_point": "CP-1", "immediate": True, "evse": 0}
    assert told["set_configuration"]["after"]["value"] == "***"
    assert told["call"]["after"]["payload"] == {"key": "AuthorizationKey", "value": "***"}
    assert {line["network"] for line in told.values()} == {"default"}


async def test_a_command_that_the_station_cannot_be_asked_is_told_too(facade: Facade, admin: httpx.AsyncClient) -> None:
    facade.fleet.views["CP-1"] = view("CP-1")
    wish = {"content": "Hello"}
    answer = await admin.post(f"{API}/charge-points/CP-1/display-messages", json=wish)
    assert answer.status_code == 422, answer.text
    (line,) = await lines(admin, kind="command", action="set_display_message")
    assert (line["actor"]["id"], line["after"]["charge_point"]) == ("u-admin", "CP-1")


async def test_no_secret_gets_into_the_log_whatever_is_done(facade: Facade, admin: httpx.AsyncClient) -> None:
    facade.fleet.views["CP-1"] = view("CP-1")
    made = {"id": "CP-9", "password": PASSWORD}
    assert (await admin.post(f"{API}/charge-points", json=made)).status_code == 201
    await admin.patch(f"{API}/charge-points/CP-9", json={"password": f"{PASSWORD}-2"})
    await admin.post(f"{API}/charge-points/CP-9/password", json={"password": f"{PASSWORD}-3"})
    log = {"location": "ftp://user:hunter2@files.example/up/", "log": "security"}
    await admin.post(f"{API}/charge-points/CP-1/logs", json=log)
    await admin.post(f"{API}/charge-points/CP-1/data-transfer", json={"vendor": "V", "data": {"password": "s3cr3t"}})
    campaign = {"operation": "update_firmware", "parameters": {"location": "https://u:hunter2@files.example/v2.bin"}}
    await admin.post(f"{API}/campaigns", json=campaign)
    user = {"email": "new@example.org", "roles": [{"role": "support"}]}
    await admin.post(f"{API}/users", json=user)
    key = {"name": "export", "permissions": ["sessions:read"], "expires_at": "2026-02-01T00:00:00Z"}
    shown = (await admin.post(f"{API}/api-keys", json=key)).json()
    mine = {"old_password": "correct horse battery staple", "new_password": PASSWORD}
    assert (await admin.post(f"{API}/me/password", json=mine)).status_code < 300
    async with facade.ports.business.database.read() as connection:
        rows = [repr(tuple(row)) for row in await connection.execute(select(audit_log))]
    assert len(rows) > 8
    secrets = [*SECRETS, *(str(value) for name, value in shown.items() if name in ("key", "secret", "token"))]
    assert [(secret, row) for row in rows for secret in secrets if secret in row] == []


async def test_the_log_is_shown_by_network_and_the_installation_s_lines_to_who_sees_all_of_it() -> None:
    facade = await two_networks()
    async with facade.client(facade.token("operations", NORTH)) as north:
        assert {line["network"] for line in await lines(north)} == {NORTH}
        assert await lines(north, network=SOUTH) == []
        assert_problem(await north.get(f"{API}/audit/audit-{SOUTH}"), 404)
    async with facade.client(facade.token("support", NORTH)) as support:
        assert_problem(await support.get(f"{API}/audit"), 403)
    async with facade.client(facade.token("admin")) as admin:
        assert {NORTH, SOUTH} <= {line["network"] for line in await lines(admin)}


async def test_the_log_is_paged_both_ways_and_filtered_by_time(facade: Facade, admin: httpx.AsyncClient) -> None:
    for number in range(5):
        facade.clock.advance(60)
        await admin.patch(f"{API}/charge-points/CP-1", json={"name": f"n{number}"})
    whole = await lines(admin, subject="CP-1", action="changed")
    assert [line["after"]["name"] for line in whole] == ["n4", "n3", "n2", "n1", "n0"]
    for sort, expected in (("-at", whole), ("at", whole[::-1])):
        seen: list[Any] = []
        cursor: dict[str, str] = {}
        while True:
            query = {"subject": "CP-1", "action": "changed", "sort": sort, "limit": 2, **cursor}
            page = (await admin.get(f"{API}/audit", params=query)).json()
            seen += page["items"]
            if page["next"] is None:
                break
            cursor = {"cursor": page["next"]}
        assert seen == expected
    since, until = whole[3]["at"], whole[1]["at"]
    among = await lines(admin, subject="CP-1", action="changed", since=since, until=until)
    assert [line["after"]["name"] for line in among] == ["n2", "n1"]


async def test_an_address_counts_only_from_a_proxy_that_is_trusted() -> None:
    facade = facade_with(Settings(trusted_proxies="198.51.100.0/24, ::1"))
    forwarded = {"X-Forwarded-For": "10.9.9.9, 203.0.113.5, 198.51.100.9"}
    async with facade.client(facade.token()) as near, facade.client(facade.token(), "192.0.2.4") as far:
        for client in (near, far):
            await client.post(f"{API}/tokens", json={"id_token": f"TAG{client is near}"}, headers=forwarded)
        told = {line["subject"]: line["actor"]["address"] for line in await lines(near, kind="token")}
    assert told == {"TAGTrue": "203.0.113.5", "TAGFalse": "192.0.2.4"}
