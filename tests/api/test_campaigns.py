"""Campaigns over REST: what is made of a request, how it is followed and steered, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx
import pytest

from engine.charging import operations as ops
from engine.stores.tokens.token import Token
from tests.api.conftest import Facade, assert_problem, view

URL = "/api/v1/campaigns"
SETTING = {"operation": "set_configuration", "parameters": {"name": {"key": "HeartbeatInterval"}, "value": "300"}}


@pytest.fixture
def fleet(facade: Facade) -> Facade:
    """Six charge points: two of another vendor, one that never connected, one that speaks 2.0.1, one offline."""
    for number in range(2, 7):
        facade.campaigns.charge_points[f"CP-{number}"] = ("Other" if number > 4 else "V", "M", "1.4")
        facade.fleet.views[f"CP-{number}"] = view(f"CP-{number}")
    del facade.fleet.views["CP-2"]
    facade.fleet.views["CP-3"] = view("CP-3", subprotocol="ocpp2.0.1")
    facade.fleet.views["CP-4"] = view("CP-4", link="offline")
    return facade


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ({}, ["CP-1", "CP-2", "CP-3", "CP-4", "CP-5", "CP-6"]),
        ({"ids": ["cp-5", "CP-1", "CP-9"]}, ["CP-1", "CP-5"]),
        ({"vendor": "Other"}, ["CP-5", "CP-6"]),
        ({"vendor": "V", "online_only": True}, ["CP-1", "CP-3"]),
        ({"version": "ocpp2.0.1"}, ["CP-3"]),
    ],
)
async def test_the_filter_chooses_the_targets(
    fleet: Facade, admin: httpx.AsyncClient, wanted: dict[str, Any], names: list[str]
) -> None:
    made = await admin.post(URL, json=SETTING | {"filter": wanted, "per_minute": 600, "stop_share": 0.1})
    assert made.status_code == 201, made.text
    shown = made.json()
    assert made.headers["location"] == f"{URL}/{shown['id']}"
    assert (shown["state"], shown["operation"], shown["filter"]) == ("running", "set_configuration", wanted)
    assert (shown["progress"]["targets"], shown["progress"]["waiting"]) == (len(names), len(names))
    targets = (await admin.get(f"{URL}/{shown['id']}/targets")).json()["items"]
    assert [target["charge_point"] for target in targets] == names
    kept = await fleet.campaigns.get(shown["id"])
    assert kept.operation == ops.SetConfiguration(ops.SettingName("HeartbeatInterval"), "300")
    assert (kept.plan.per_minute, kept.plan.stop_share, kept.created_by) == (600, 0.1, "admin@example.org")


async def test_what_a_campaign_may_carry(fleet: Facade, admin: httpx.AsyncClient) -> None:
    await fleet.ports.business.tokens.put(Token("T2"))
    raw = {"operation": "call", "parameters": {"action": "ClearCache", "payload": {}}}
    firmware = {"operation": "update_firmware", "parameters": {"location": "https://files/v2"}}
    local_list = {"operation": "send_local_list", "parameters": {}}
    kept = []
    for body in (raw, firmware, local_list):
        made = await admin.post(URL, json=body)
        assert made.status_code == 201, made.text
        kept.append((await fleet.campaigns.get(made.json()["id"])).operation)
    assert kept[0] == ops.RawCall("ClearCache", {})
    assert isinstance(kept[1], ops.UpdateFirmware)
    assert (kept[1].location, kept[1].retrieve_at) == ("https://files/v2", fleet.clock.now())
    assert isinstance(kept[2], ops.SendLocalList)
    assert [listed.id_token.text for listed in kept[2].tokens] == ["T2", "TAG"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"operation": "start"}, "operation"),
        ({"parameters": {"value": "1"}}, "parameters.name"),
        ({"parameters": {"name": {"kee": "x"}, "value": "1"}}, "parameters.name.kee"),
        ({"filter": {"vendor": "Nobody"}}, "filter"),
        ({"deadline_at": "2020-01-01T00:00:00Z"}, "deadline_at"),
        ({"per_minute": 0}, "per_minute"),
        ({"parameters": {"name": {"key": "AuthorizationKey"}, "value": "aa"}}, "operation"),
    ],
)
async def test_what_cannot_be_is_refused_by_its_field(
    fleet: Facade, admin: httpx.AsyncClient, change: dict[str, Any], field: str
) -> None:
    assert_problem(await admin.post(URL, json=SETTING | change), 422, field=field)
    assert list(fleet.campaigns.rows) == ["k0001"]


async def test_a_campaign_is_steered(facade: Facade, admin: httpx.AsyncClient) -> None:
    states = [(await admin.post(f"{URL}/k0001/{wish}")).json()["state"] for wish in ("pause", "resume", "cancel")]
    assert states == ["paused", "running", "cancelled"]
    shown = (await admin.get(f"{URL}/k0001")).json()
    assert (shown["state"], shown["progress"]["skipped"], shown["ended_at"] is None) == ("cancelled", 1, False)
    assert_problem(await admin.post(f"{URL}/k0001/resume"), 409, field="id")
    assert_problem(await admin.get(f"{URL}/nothing"), 404)
    assert_problem(await admin.get(f"{URL}/nothing/targets"), 404)


async def test_targets_are_listed_by_state_and_in_pages(facade: Facade, admin: httpx.AsyncClient) -> None:
    store, now = facade.campaigns, facade.clock.now()
    await store.create(replace(store.rows["k0001"], id="k0002", created=now + 1), [f"CP-{n}" for n in range(5)])
    (first, *_) = await store.due("k0002", now, 9)
    claimed = await store.claim(first, "c7", now)
    assert claimed is not None
    await store.end(claimed, "Refused", "It cannot.", now)
    ended = (await admin.get(f"{URL}/k0002/targets", params={"state": "ended"})).json()["items"]
    assert [(t["charge_point"], t["outcome"], t["error"], t["command"]) for t in ended] == [
        ("CP-0", "Refused", "It cannot.", "c7")
    ]
    seen, cursor = [], None
    while True:
        place = {"cursor": cursor} if cursor else {}
        page = (await admin.get(f"{URL}/k0002/targets", params={"limit": 2} | place)).json()
        seen += [target["charge_point"] for target in page["items"]]
        if (cursor := page["next"]) is None:
            break
    assert seen == [f"CP-{n}" for n in range(5)]
    assert [row["id"] for row in (await admin.get(URL)).json()["items"]] == ["k0002", "k0001"]


async def test_campaigns_are_filtered_and_sorted(facade: Facade, admin: httpx.AsyncClient) -> None:
    first = facade.campaigns.rows["k0001"]
    facade.campaigns.rows["k0002"] = replace(first, id="k0002", state="paused", created=first.created + 1)

    async def ids(**query: str) -> list[str]:
        answer = await admin.get("/api/v1/campaigns", params=query)
        return [each["id"] for each in answer.json()["items"]]

    assert await ids() == ["k0002", "k0001"]
    assert await ids(sort="created") == ["k0001", "k0002"]
    assert await ids(state="paused") == ["k0002"]
    assert await ids(created_by="nobody@host") == []
    page = (await admin.get("/api/v1/campaigns", params={"sort": "created", "limit": "1"})).json()
    assert await ids(sort="created", cursor=page["next"]) == ["k0002"]
