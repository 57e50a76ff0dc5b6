"""Exports as jobs over REST, and imports that can be looked at while they run."""

from __future__ import annotations

import httpx

from engine.long_work.exporter import Exporter
from tests.api.conftest import Facade, assert_problem

API = "/api/v1"


async def _work(facade: Facade) -> None:
    business = facade.ports.business
    assert await Exporter(business.database, business.long_works, facade.ports.files.store).work_once()


async def test_an_export_is_asked_for_made_and_fetched(facade: Facade, admin: httpx.AsyncClient) -> None:
    assert (await admin.post(f"{API}/tokens", json={"id_token": "CARD"})).status_code == 201
    asked = await admin.post(f"{API}/audit-exports", params={"kind": "token"})
    assert asked.status_code == 202, asked.text
    where = asked.headers["location"]
    assert asked.json()["state"] == "waiting"
    assert_problem(await admin.get(f"{where}/file"), 404)
    await _work(facade)
    told = (await admin.get(where)).json()
    assert (told["state"], told["done"], told["total"], told["file_name"]) == ("done", 1, 1, "audit.csv")
    file = await admin.get(f"{where}/file")
    assert file.headers["content-disposition"].startswith('attachment; filename="audit.csv"')
    assert len(file.text.splitlines()) == 2
    listed = (await admin.get(f"{API}/long-work", params={"kind": "audit_export"})).json()
    assert [each["id"] for each in listed["items"]] == [told["id"]]
    assert_problem(await admin.post(f"{where}/cancel"), 409)
    async with facade.client(facade.token("operations")) as other:
        assert_problem(await other.get(where), 404)
        assert_problem(await other.get(f"{where}/file"), 404)


async def test_a_file_is_refused_to_who_may_no_longer_see_what_is_in_it(facade: Facade) -> None:
    async with facade.client(facade.token("operations", name="ann")) as ann:
        where = (await ann.post(f"{API}/audit-exports")).headers["location"]
        await _work(facade)
        assert (await ann.get(f"{where}/file")).status_code == 200
        async with facade.client(facade.token()) as admin:
            (grant,) = (await admin.get(f"{API}/users/u-ann")).json()["roles"]
            given = await admin.post(f"{API}/users/u-ann/roles", json={"role": "operations", "network": "default"})
            assert given.status_code == 201
            assert (await admin.delete(f"{API}/users/u-ann/roles/{grant['id']}")).status_code == 204
        assert (await ann.get(where)).status_code == 200
        assert_problem(await ann.get(f"{where}/file"), 403)


async def test_an_import_is_noted_with_what_came_of_it(facade: Facade, admin: httpx.AsyncClient) -> None:
    head = "station,station_name\r\n"
    kind = {"Content-Type": "text/csv"}
    assert (await admin.post(f"{API}/import", content=f"{head}mall,Mall\r\n", headers=kind)).status_code == 200
    assert_problem(await admin.post(f"{API}/import", content=f"{head}m l,\r\n", headers=kind), 422)
    dry = await admin.post(f"{API}/import", params={"dry_run": True}, content=f"{head}x,X\r\n", headers=kind)
    assert dry.json()["dry_run"]
    found = (await admin.get(f"{API}/long-work")).json()["items"]
    assert sorted(each["state"] for each in found) == ["done", "failed"]
    done = next(each for each in found if each["state"] == "done")
    assert (done["kind"], done["done"], done["total"]) == ("places_import", 1, 1)
    assert done["result"] == {"rows": 1, "stations": 1, "charge_points": 0}
    failed = next(each for each in found if each["state"] == "failed")
    assert failed["error"]
