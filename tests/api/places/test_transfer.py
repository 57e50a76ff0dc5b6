"""Import and export over REST: a dry run that tells, a run that does it or not at all, and what comes out again."""

from __future__ import annotations

import httpx
import pytest

from api.web import imports
from tests.api.conftest import Facade, assert_problem

API = "/api/v1"
CSV = {"Content-Type": "text/csv; charset=utf-8"}
MALL = """station,station_name,city,charge_point,security_profile,evse,connector_type,connector_format,power_type
mall,City Mall,Bengaluru,CP-01,0,1,IEC_62196_T2_COMBO,CABLE,DC
mall,City Mall,Bengaluru,CP-01,0,2,IEC_62196_T2,SOCKET,AC_3_PHASE
yard,Yard,,,,,,,
"""


async def test_a_dry_run_tells_what_would_be_and_a_run_does_it_once(facade: Facade, admin: httpx.AsyncClient) -> None:
    dry = await admin.post(f"{API}/import", params={"dry_run": True}, content=MALL, headers=CSV)
    assert dry.status_code == 200, dry.text
    assert dry.json()["connectors"] == {"created": 2, "changed": 0, "unchanged": 0}
    assert_problem(await admin.get(f"{API}/stations/mall"), 404)
    done = await admin.post(f"{API}/import", content=MALL.encode("utf-8-sig"), headers=CSV)
    assert done.json() == dry.json() | {"dry_run": False}
    assert facade.ports.business.places.network_of("CP-01") == "default", "known at once"
    again = (await admin.post(f"{API}/import", content=MALL, headers=CSV)).json()
    assert (again["stations"]["unchanged"], again["connectors"]["unchanged"]) == (2, 2)
    out = await admin.get(f"{API}/export", params={"station": "mall"})
    assert out.headers["content-type"] == "text/csv; charset=utf-8"
    assert len(out.text.splitlines()) == 3
    rows = (await admin.get(f"{API}/export", params={"format": "json"})).json()
    assert [row["station"] for row in rows] == ["default", "mall", "mall", "yard"]
    told = await admin.post(f"{API}/import", json=rows)
    assert (told.json()["stations"]["unchanged"], told.json()["charge_points"]["unchanged"]) == (3, 2)
    empty = await admin.get(f"{API}/export", params={"tag": "none", "format": "json"})
    assert empty.json() == []


async def test_every_bad_line_is_named_and_nothing_is_done(
    admin: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = MALL.replace("yard,Yard", "ya rd,Yard").replace(",SOCKET,", ",HOLE,")
    dry = (await admin.post(f"{API}/import", params={"dry_run": True}, content=bad, headers=CSV)).json()
    assert [(each["line"], each["field"]) for each in dry["errors"]] == [(3, "connector_format"), (4, "station")]
    body = assert_problem(await admin.post(f"{API}/import", content=bad, headers=CSV), 422, field="connector_format")
    assert body["errors"] == dry["errors"]
    assert_problem(await admin.get(f"{API}/stations/mall"), 404)
    assert_problem(await admin.post(f"{API}/import", content=MALL, headers={"Content-Type": "text/plain"}), 415)
    assert_problem(await admin.post(f"{API}/import", content="{", headers={"Content-Type": "application/json"}), 422)
    monkeypatch.setattr(imports, "MAX_IMPORT", 100)
    assert_problem(await admin.post(f"{API}/import", content=MALL, headers=CSV), 413)


async def test_an_operator_imports_into_its_own_network_only(facade: Facade, admin: httpx.AsyncClient) -> None:
    await admin.post(f"{API}/networks", json={"id": "city", "name": "City"})
    async with facade.client(facade.token("operations", "city")) as city:
        assert_problem(await city.post(f"{API}/import", content=MALL, headers=CSV), 422, field="network")
        assert (await city.get(f"{API}/export", params={"format": "json"})).json() == []
        rows = [{"station": "a", "station_name": "A", "network": "city", "charge_point": "CP-1"}]
        assert_problem(await city.post(f"{API}/import", json=rows), 422, field="charge_point")
        assert (await city.post(f"{API}/import", json=[{**rows[0], "charge_point": "CP-A"}])).status_code == 200
    async with facade.client(facade.token("support")) as support:
        assert_problem(await support.post(f"{API}/import", content=MALL, headers=CSV), 403)
