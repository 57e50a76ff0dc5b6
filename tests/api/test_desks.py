"""The overview, the whole fleet in one answer, and views that people save for themselves."""

from __future__ import annotations

import httpx
import pytest

from tests.api.conftest import Facade, assert_problem

VIEW = {"page": "charge-points", "name": "Broken", "content": {"state": "Faulted"}}


async def test_the_fleet_is_told_in_one_answer_as_rows_of_its_columns(admin: httpx.AsyncClient) -> None:
    told = (await admin.get("/api/v1/fleet")).json()
    rows = [dict(zip(told["columns"], row, strict=True)) for row in told["rows"]]
    assert told["complete"]
    assert [(row["id"], row["name"], row["network"]) for row in rows] == [("CP-1", "Front", "default")]


async def test_the_overview_counts_what_is_seen(admin: httpx.AsyncClient) -> None:
    told = (await admin.get("/api/v1/overview", params={"zone": "Asia/Kolkata"})).json()
    # 1 January 2026 in India began on 31 December in UTC.
    assert told["since"] == "2025-12-31T18:30:00.000Z"
    assert (told["sessions"], told["hours"]) == (0, [])
    assert_problem(await admin.get("/api/v1/overview", params={"zone": "Mars/Base"}), 422)


async def test_a_network_that_is_not_seen_has_nothing_to_show(facade: Facade) -> None:
    async with facade.client(facade.token("support", "default")) as client:
        told = (await client.get("/api/v1/fleet", params={"network": "other"})).json()
    assert told["rows"] == []


async def test_views_are_saved_changed_and_deleted(admin: httpx.AsyncClient) -> None:
    made = await admin.post("/api/v1/me/views", json=VIEW)
    assert made.status_code == 201
    path = f"/api/v1/me/views/{made.json()['id']}"
    assert_problem(await admin.post("/api/v1/me/views", json=VIEW), 409)
    other = {"name": "Offline", "content": {"state": "Offline"}}
    assert_problem(await admin.put(path, json=other, headers={"If-Match": '"7"'}), 412)
    changed = await admin.put(path, json=other, headers={"If-Match": made.headers["etag"]})
    assert (changed.status_code, changed.json()["name"], changed.headers["etag"]) == (200, "Offline", '"2"')
    listed = (await admin.get("/api/v1/me/views", params={"page": "charge-points"})).json()
    assert [view["content"] for view in listed["items"]] == [{"state": "Offline"}]
    assert (await admin.delete(path)).status_code == 204
    assert_problem(await admin.delete(path), 404)


async def test_nobody_sees_another_s_views(facade: Facade, admin: httpx.AsyncClient) -> None:
    made = await admin.post("/api/v1/me/views", json=VIEW)
    async with facade.client(facade.token("operations")) as other:
        assert (await other.get("/api/v1/me/views")).json()["items"] == []
        path = f"/api/v1/me/views/{made.json()['id']}"
        assert_problem(await other.put(path, json={"name": "Mine", "content": {}}), 404)
        assert_problem(await other.delete(path), 404)


@pytest.mark.parametrize("page", ["", "Charge Points", "a" * 41])
async def test_a_page_has_a_name_that_can_stand_in_an_address(admin: httpx.AsyncClient, page: str) -> None:
    assert_problem(await admin.post("/api/v1/me/views", json=VIEW | {"page": page}), 422)


async def test_a_view_cannot_hold_much(admin: httpx.AsyncClient) -> None:
    answer = await admin.post("/api/v1/me/views", json=VIEW | {"content": {"note": "x" * 9000}})
    assert_problem(answer, 422)


@pytest.mark.parametrize(
    "what", [str(2**64), str(-(2**63) - 1), '{"deep": [' + str(10**30) + "]}", "[" * 300 + "]" * 300]
)
@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/me/views", '{"page": "charge-points", "name": "Broken", "content": {"a": %s}}', "content"),
        ("/charge-points/CP-1/commands", '{"action": "DataTransfer", "payload": {"vendorId": %s}}', "payload"),
        ("/campaigns", '{"operation": "call", "parameters": {"action": "Reset", "payload": {"a": %s}}}', "parameters"),
    ],
)
async def test_what_cannot_be_kept_as_json_is_told_by_its_member(
    admin: httpx.AsyncClient, path: str, body: str, field: str, what: str
) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await admin.post(f"/api/v1{path}", content=(body % what).encode(), headers=headers)
    problem = assert_problem(answer, 422)
    assert problem["field"] == field
    assert "64 bits" in problem["detail"]
