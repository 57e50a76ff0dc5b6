"""Tiles under the maps: none by default; an operator's server is the only one that the pages' policy lets in."""

from __future__ import annotations

import httpx
import pytest
from pydantic import ValidationError

from api.drive.tiles import tile_host, tiles
from engine.settings import Settings
from tests.web.world import empty_world

TEMPLATE = "https://tiles.example.org/{z}/{x}/{y}.png"


def test_there_are_none_unless_an_operator_names_a_server() -> None:
    assert tiles(Settings()) is None
    named = tiles(Settings(map_tiles=TEMPLATE, map_attribution="© Example"))
    assert named is not None
    assert (named.template, named.attribution) == (TEMPLATE, "© Example")
    assert tile_host(named) == ["https://tiles.example.org"]
    many = tiles(Settings(map_tiles="https://{s}.tiles.example.org/{z}/{x}/{y}.png"))
    assert tile_host(many) == ["https://*.tiles.example.org"]


@pytest.mark.parametrize(
    "said",
    ["https://a.example/{z}/{x}.png", "ftp://a.example/{z}/{x}/{y}", "https://a.example; script-src */{z}/{x}/{y}"],
)
def test_what_is_no_template_is_refused_at_start(said: str) -> None:
    with pytest.raises(ValidationError, match="Give the tiles as"):
        Settings(map_tiles=said)


async def test_the_policy_names_that_host_alone() -> None:
    front = empty_world(Settings(payments="off", map_tiles=TEMPLATE, map_attribution="© Example")).front
    async with httpx.AsyncClient(transport=httpx.ASGITransport(front), base_url="http://facade") as client:
        shown = await client.get("/drive")
        assert "img-src 'self' data: https://tiles.example.org;" in shown.headers["content-security-policy"]
        assert "© Example" in shown.text
        for path in ("/sign-in", "/map"):
            answer = await client.get(path)
            assert "blob: https://tiles.example.org;" in answer.headers["content-security-policy"], path
