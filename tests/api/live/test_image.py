"""The façade's image of the fleet: what the feed tells, on top of what was read."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from api.live.applying import apply
from api.live.filling import Filling, image_of
from api.live.image import SHOWN, ChargePointImage, FleetImage
from api.memory.facade import MemoryFleet
from api.ports.facade import View
from engine.access.scope import EVERYWHERE, Scope
from engine.errors import StoreUnavailable
from tests.api.conftest import view

T0 = 1_767_225_600_000_000


def everywhere(scope: Scope, charge_point: str) -> bool:
    return scope.everywhere or charge_point.startswith("N")


@pytest.fixture
def image() -> FleetImage:
    return FleetImage(everywhere)


def link(image: FleetImage, link: str, charge_point: str = "CP-1", at: int = T0) -> Any:
    return apply(image, "link", charge_point, at, {"link": link})


def boot(image: FleetImage, status: str = "Accepted", charge_point: str = "CP-1") -> Any:
    said = {"status": status, "vendor": "V", "model": "M", "firmware": "1.4"}
    return apply(image, "boot", charge_point, T0, said)


def status(image: FleetImage, status: str, place: tuple[int, int] = (1, 1), at: int = T0, cp: str = "CP-1") -> Any:
    said = {"evse": place[0], "connector": place[1], "status": status, "error": "NoError", "vendor_error": "E7"}
    return apply(image, "status", cp, at, said | {"believed": at})


def session(image: FleetImage, kind: str, at: int = T0 + 9, **changes: Any) -> Any:
    said: dict[str, Any] = {"session": "s1", "evse": 1, "connector": 1, "believed": T0, "meter_start_wh": "1000.5"}
    return apply(image, kind, "CP-1", at, said | {"currency": "INR"} | changes)


def own(image: FleetImage) -> ChargePointImage:
    found = image.get("cp-1")
    assert found is not None
    return found


def test_a_charge_point_that_is_retired_is_no_part_of_the_fleet_from_that_moment() -> None:
    retired: set[str] = set()
    image = FleetImage(everywhere, retired=retired.__contains__)
    for name in ("N-1", "N-2"):
        link(image, "connected", name)
        status(image, "Available", cp=name)
    assert image.counts_within(EVERYWHERE) == Counter(Available=2)
    retired.add("N-1")
    assert image.counts_within(EVERYWHERE) == Counter(Available=1)
    assert [each.id for each in image.seen_by(lambda _: True)] == ["N-2"]


def test_a_connector_is_shown_as_its_station_says_while_there_is_a_connection(image: FleetImage) -> None:
    link(image, "connected")
    for said in SHOWN[:9]:
        assert status(image, said)["shown"] == said
    assert link(image, "reconnecting", at=T0 + 1) == {
        "connectors": [{"evse": 1, "connector": 1, "shown": "Reconnecting"}]
    }
    assert link(image, "offline", at=T0 + 2)["connectors"][0]["shown"] == "Offline"
    assert status(image, "Available", at=T0 + 3)["shown"] == "Offline"
    assert link(image, "connected", at=T0 + 4)["connectors"][0]["shown"] == "Available"
    assert own(image).last_seen == T0 + 4


def test_what_is_older_than_what_is_known_changes_nothing(image: FleetImage) -> None:
    link(image, "connected", at=T0 + 5)
    status(image, "Charging", at=T0 + 5)
    link(image, "offline", at=T0)
    status(image, "Available", at=T0)
    assert own(image).connectors[0].shown(own(image).link) == "Charging"


def test_a_session_tells_what_it_has_come_to(image: FleetImage) -> None:
    link(image, "connected")
    session(image, "session.started")
    meter = {"session": "s1", "evse": 1, "connector": 1, "register_wh": "1250.75", "power_w": "7200"}
    told = apply(image, "meter", "CP-1", T0, meter)
    assert told == {"energy_wh": "250.25", "power_w": "7200", "cost": None, "currency": "INR"}
    session(image, "session.changed", energy_wh="300", power_w="7000", cost="4.20")
    assert apply(image, "meter", "CP-1", T0, meter | {"register_wh": "1400.5"})["cost"] == "4.20"
    assert own(image).connectors[0].energy_wh == "400.0"
    session(image, "session.stopped")
    connector = own(image).connectors[0]
    assert (connector.session, connector.energy_wh, connector.power_w, connector.cost) == ("", None, None, None)
    assert apply(image, "meter", "CP-1", T0, meter) == {}, "values of a session that is over"


def test_a_session_whose_connector_is_told_late_is_at_one_connector_only(image: FleetImage) -> None:
    session(image, "session.started", evse=1, connector=0)
    session(image, "session.identified", evse=1, connector=2)
    assert [(each.connector, each.session) for each in own(image).connectors] == [(0, ""), (2, "s1")]


def test_what_cannot_be_understood_is_refused_and_what_does_not_matter_ignored(image: FleetImage) -> None:
    with pytest.raises(KeyError):
        apply(image, "status", "CP-1", T0, {"evse": 1, "connector": 1})
    assert apply(image, "command", "CP-2", T0, {}) == {}
    assert image.get("CP-2") is None


def test_connectors_are_counted_by_shown_state(image: FleetImage) -> None:
    for name in ("N-1", "N-2", "S-1"):
        link(image, "connected", name)
        status(image, "Available", (0, 0), cp=name)
        status(image, "Charging", (1, 1), cp=name)
        status(image, "Available", (2, 1), cp=name)
    link(image, "offline", "N-2", T0 + 1)
    north = Scope(frozenset({"north"}))
    assert image.counts_within(north) == Counter(Charging=1, Available=1, Offline=2)
    assert image.counts_within(EVERYWHERE) == Counter(Charging=2, Available=2, Offline=2)
    link(image, "connected", "N-2", T0 + 2)
    assert image.counts_within(north) == Counter(Charging=2, Available=2)


@pytest.mark.parametrize(
    ("told", "offered"),
    [("Available", True), ("Charging", True), ("Reserved", False), ("Unavailable", False), ("Faulted", False)],
)
def test_what_is_offered_to_drivers(image: FleetImage, told: str, offered: bool) -> None:
    link(image, "connected")
    boot(image)
    status(image, told)
    assert image.offered("CP-1", 1, 1) is offered
    assert not image.offered("CP-1", 1, 2), "it never said that it is there"
    assert not image.offered("CP-2", 1, 1)
    image.blocked = lambda charge_point, evse, connector: "job-1" if evse == 1 else None
    assert not image.offered("CP-1", 1, 1)
    image.blocked = lambda *_: None
    link(image, "reconnecting", at=T0 + 1)
    assert not image.offered("CP-1", 1, 1)


def test_who_follows_is_told_until_they_stop(image: FleetImage) -> None:
    seen: list[str] = []
    stop = image.follow(lambda changed: seen.append(changed.link))

    def broken(_: ChargePointImage) -> None:
        raise ValueError("a page that is gone")

    image.follow(broken)
    assert image.followers == 2
    link(image, "connected")
    assert image.followers == 1, "who cannot take it is told nothing more"
    link(image, "offline", at=T0 + 1)
    stop()
    stop()
    link(image, "connected", at=T0 + 2)
    assert (seen, image.followers) == (["connected", "offline"], 0)


def charging_view(name: str, status: str = "Charging") -> dict[str, Any]:
    going = {"id": "s1", "started": T0, "energy_wh": "12", "meter_start_wh": "100", "cost": "3", "currency": "INR"}
    connector = {"evse": 1, "connector": 1, "status": status, "error": "NoError", "info": "", "since": T0}
    told = {"vendor": "V", "model": "M", "firmware": "1.4"}
    return view(name, boot=told, connectors=[connector | {"power_w": "7000", "session": going}])


def test_a_view_becomes_an_image() -> None:
    made = image_of(charging_view("CP-1"))
    assert (made.link, made.registration, made.vendor, made.firmware) == ("connected", "accepted", "V", "1.4")
    connector = made.connectors[0]
    assert (connector.shown(made.link), connector.session, connector.cost) == ("Charging", "s1", "3")
    assert (connector.energy_wh, str(connector.meter_start)) == ("12", "100")


class Odd(MemoryFleet):
    """A fleet with one snapshot that cannot be read."""

    async def states(self, charge_points: Sequence[str]) -> dict[str, View]:
        if "CP-2" in charge_points:
            raise ValueError("version 99")
        return await super().states(charge_points)


async def test_one_that_cannot_be_read_takes_no_other_along(image: FleetImage) -> None:
    fleet = Odd({name: charging_view(name) for name in ("CP-1", "CP-2", "CP-3")})
    filling = Filling(image, fleet, lambda: ["CP-1", "CP-2", "CP-3"])
    filling.again()
    task = asyncio.create_task(filling.run())
    async with asyncio.timeout(20):
        while not image.complete:  # noqa: ASYNC110 what is waited for has no event
            await asyncio.sleep(0.001)
    assert {each.id for each in image} == {"CP-1", "CP-3"}
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


class Slow(MemoryFleet):
    """A fleet whose answers wait until they are let out; the first question fails."""

    def __init__(self) -> None:
        super().__init__()
        self.asked_for: list[list[str]] = []
        self.let_out = asyncio.Event()

    async def states(self, charge_points: Sequence[str]) -> dict[str, View]:
        self.asked_for.append(list(charge_points))
        found = await super().states(charge_points)
        if len(self.asked_for) == 1:
            raise StoreUnavailable("away")
        await self.let_out.wait()
        return found


async def test_what_the_feed_tells_while_a_view_is_on_its_way_is_not_lost(
    image: FleetImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.live.filling._PAUSE_S", 0.001)
    fleet = Slow()
    fleet.views = {name: charging_view(name) for name in ("CP-1", "CP-2")}
    filling = Filling(image, fleet, lambda: ["CP-1", "CP-2", "CP-3"])
    filling.again()
    task = asyncio.create_task(filling.run())
    async with asyncio.timeout(20):
        while len(fleet.asked_for) < 2:  # noqa: ASYNC110 what is waited for has no event
            await asyncio.sleep(0.001)
        # The view of before is on its way, the station says something, and the feed tells it first.
        fleet.views["CP-1"] = charging_view("CP-1", "Finishing")
        status(image, "Finishing")
        filling.told("CP-1")
        fleet.let_out.set()
        while not image.complete:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    assert own(image).connectors[0].status == "Finishing"
    assert fleet.asked_for[1:] == [["CP-1", "CP-2", "CP-3"], ["CP-1"]]
    assert (len(image), image.filled) == (2, 2), "CP-3 never connected"
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
