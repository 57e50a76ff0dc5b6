"""Support's search over the façade: one box, and each kind of thing only for who has that thing's permission."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert

from engine.stores.drivers.driver import Driver
from engine.stores.sql.models import sessions
from engine.stores.tokens.token import Token
from tests.api.conftest import Facade


async def furnished(facade: Facade) -> Driver:
    """A driver with a card, whose car charges at CP-1."""
    business = facade.ports.business
    asha = await business.drivers.add(Driver("", "default", name="Asha Rao", phone="+91 98450 12345"))
    await business.tokens.create(Token("CARD-7", driver=asha.id))
    now = facade.clock.now()
    row: dict[str, Any] = {"id": "s-asha", "charge_point": "CP-1", "id_token": "CARD-7", "state": "started"}
    async with business.database.write() as connection:
        await connection.execute(insert(sessions), row | {"started": now, "updated": now, "network": "default"})
    return asha


async def ask(facade: Facade, role: str, q: str, **more: Any) -> Any:
    async with facade.client(facade.token(role)) as client:
        return await client.get("/api/v1/search", params={"q": q, **more})


async def test_support_finds_the_session_by_the_callers_phone(facade: Facade) -> None:
    asha = await furnished(facade)
    answer = (await ask(facade, "support", "098450 12345")).json()
    driver, session = answer["items"]
    assert (driver["kind"], driver["id"], driver["title"], driver["why"]) == ("driver", asha.id, "Asha Rao", "phone")
    assert (session["kind"], session["session"], session["driver"]) == ("session", "s-asha", asha.id)
    assert not answer["more"]
    assert "12345" not in str(answer["items"])


async def test_finance_finds_what_it_may_see_and_no_person(facade: Facade) -> None:
    await furnished(facade)
    assert (await ask(facade, "finance", "098450 12345")).json()["items"] == []
    (session,) = (await ask(facade, "finance", "CARD-7")).json()["items"]
    assert session["kind"] == "session"


async def test_what_is_too_short_is_told_by_name(facade: Facade) -> None:
    answer = await ask(facade, "support", "a")
    assert (answer.status_code, answer.json()["field"]) == (422, "q")


async def test_a_list_that_was_cut_off_says_so(facade: Facade) -> None:
    await furnished(facade)
    answer = (await ask(facade, "support", "098450 12345", limit=1)).json()
    assert len(answer["items"]) == 1
    assert answer["more"]


async def test_a_drivers_sessions_are_listed_for_who_may_read_drivers(facade: Facade) -> None:
    asha = await furnished(facade)
    for role, status in (("support", 200), ("finance", 404)):
        async with facade.client(facade.token(role)) as client:
            answer = await client.get("/api/v1/sessions", params={"driver": asha.id})
        assert answer.status_code == status, role
