"""The pages for people load nothing from elsewhere, say what everyone must know, and the OpenAPI document is whole."""

from __future__ import annotations

import base64
import hashlib
import re

import httpx
import pytest

from engine.settings import Settings
from tests.api.conftest import Facade, facade_with


@pytest.mark.parametrize("path", ["/docs"])
async def test_no_page_asks_anything_of_another_place(facade: Facade, path: str) -> None:
    async with facade.client() as client:
        answer = await client.get(path)
    assert answer.headers["content-type"].startswith("text/html")
    # Addresses may stand in the text, as examples; what a browser acts on are tags, styles and scripts.
    acted_on = re.findall(r"<(?:style|script)\b.*?</(?:style|script)>|<[^>]+>", answer.text, re.DOTALL)
    assert not re.search(r"(?:https?:)?//[\w-]+\.\w|@import|url\(", "".join(acted_on))
    for target in re.findall(r"""(?:src|href|action)=["']([^"']*)""", answer.text):
        assert target.startswith(("/", "#", "data:,")), target
        assert not target.startswith("//")


@pytest.mark.parametrize("path", ["/docs"])
async def test_the_policy_lets_exactly_the_pages_own_style_and_script_run(facade: Facade, path: str) -> None:
    async with facade.client() as client:
        answer = await client.get(path)
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    for content in re.findall(r"<(?:style|script)>(.*?)</(?:style|script)>", answer.text, re.DOTALL):
        assert f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'" in policy
    assert not re.search(r"\son\w+=|style=", answer.text)


async def test_the_reference_tells_of_demo_mode_and_of_missing_durability() -> None:
    facade = facade_with(Settings(demo=20))
    facade.health.reason = "appendfsync is <everysec>."
    async with facade.client() as client:
        text = (await client.get("/docs")).text
    assert "Demo mode: 20 simulated charge points" in text
    assert "Not durable: acknowledged data can be lost. appendfsync is &lt;everysec&gt;." in text


async def test_no_note_is_shown_when_there_is_nothing_to_tell(facade: Facade) -> None:
    async with facade.client() as client:
        assert 'class="note" role' not in (await client.get("/docs")).text


async def test_the_reference_shows_every_operation_and_its_links_lead_somewhere(facade: Facade) -> None:
    async with facade.client() as client:
        text = (await client.get("/docs")).text
        document = (await client.get("/openapi.json")).json()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert f"{method.upper()} {path}" in text
            assert f'id="{operation["operationId"]}"' in text
    anchors = set(re.findall(r'href="#([^"]+)"', text))
    assert anchors <= set(re.findall(r'id="([^"]+)"', text))


async def test_the_document_names_errors_permissions_and_examples(facade: Facade) -> None:
    async with facade.client() as client:
        document = (await client.get("/openapi.json")).json()
    operations = [each for methods in document["paths"].values() for each in methods.values()]
    assert len({each["operationId"] for each in operations}) == len(operations)
    for each in operations:
        assert each["summary"]
        for status, answer in each["responses"].items():
            assert answer["description"]
            if int(status) >= 400:
                assert answer["content"].keys() == {"application/problem+json"}
    send = document["paths"]["/api/v1/charge-points/{id}/commands"]["post"]
    assert send["responses"].keys() >= {"200", "400", "401", "403", "404", "409", "413", "415", "422", "500", "503"}
    assert (send["security"], send["x-permission"]) == ([{"login": []}], "commands:send")
    assert document["components"]["schemas"]["CommandIn"]["properties"]["payload"]["examples"] == [{"type": "Soft"}]


async def test_all_references_in_the_document_resolve(facade: Facade, admin: httpx.AsyncClient) -> None:
    answer = await admin.get("/openapi.json")
    schemas = answer.json()["components"]["schemas"]
    assert {name.rpartition("/")[2] for name in re.findall(r'"\$ref":"([^"]+)"', answer.text)} <= schemas.keys()
