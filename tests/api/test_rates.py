"""Every caller and every address has a minute's worth of requests, and every answer says how many are left."""

from __future__ import annotations

from engine.settings import Settings
from tests.api.conftest import assert_problem, facade_with


async def test_a_caller_who_asks_too_often_is_told_when_to_come_back() -> None:
    facade = facade_with(Settings(requests_per_minute=3, requests_per_minute_per_address=5))
    async with facade.client(facade.token()) as client:
        answers = [await client.get("/api/v1/me") for _ in range(3)]
        assert [each.status_code for each in answers] == [200, 200, 200]
        assert answers[0].headers["ratelimit-policy"] == '"caller";q=3;w=60, "address";q=5;w=60'
        assert [each.headers["ratelimit"] for each in answers] == [
            '"caller";r=2;t=20, "address";r=4;t=12',
            '"caller";r=1;t=40, "address";r=3;t=24',
            '"caller";r=0;t=60, "address";r=2;t=36',
        ]
        refused = await client.get("/api/v1/me")
        assert_problem(refused, 429, type="urn:raycharge:problem:too-many-requests")
        assert refused.headers["retry-after"] == "20"
        async with facade.client(facade.token("support")) as colleague:
            assert (await colleague.get("/api/v1/me")).status_code == 200
            # The address is theirs together, whoever asks and even without a login.
            assert_problem(await colleague.get("/api/v1/me"), 429)
            assert (await colleague.get("/healthz")).status_code == 200
        facade.clock.advance(20)
        assert (await client.get("/api/v1/me")).status_code == 200


async def test_nobody_is_limited_where_the_operator_says_so() -> None:
    facade = facade_with(Settings(requests_per_minute=0, requests_per_minute_per_address=0))
    async with facade.client(facade.token()) as client:
        answers = [await client.get("/api/v1/me") for _ in range(5)]
    assert {each.status_code for each in answers} == {200}
    assert not any("ratelimit" in each.headers for each in answers)
