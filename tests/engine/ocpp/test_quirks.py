"""Quirk profiles: read as data, chosen by what a station says of itself, and doing what their meaning says."""

from __future__ import annotations

import re
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.charging.messages import (
    Heartbeat,
    Instant,
    MeterReading,
    MetersReported,
    Sample,
    StartReported,
    StatusReported,
    StopReported,
    TokenStanding,
    TransactionReported,
)
from engine.clock import SECOND
from engine.errors import ConfigurationError
from engine.ocpp import quirks as module
from engine.ocpp.quirks import (
    Quirk,
    QuirkBook,
    Tolerances,
    corrected,
    load_quirks,
    read_profiles,
    standing_of,
    without_fractions,
)

HOUR = 3600 * SECOND
SAID, BELIEVED, RECEIVED = "2026-01-01T02:00:00Z", 1_767_232_800 * SECOND, 1_767_225_605 * SECOND
AT = Instant(SAID, BELIEVED, RECEIVED)
GOOD = TokenStanding("Accepted")

PROFILES = """
[[profile]]
name = "local time"
vendor = "Acme*"
model = "X?"
charge_point = "BERLIN-*"
quirks = ["local_time_labelled_z", "no_ping"]
offset_minutes = 120

[[profile]]
name = "old firmware"
vendor = "acme"
firmware = "1.*"
quirks = ["kwh_labelled_wh"]
"""


def quirks(*wanted: Quirk, hours: int = 0) -> Tolerances:
    return Tolerances(frozenset(wanted), hours * HOUR)


def energy(raw: str, unit: str = "Wh", measurand: str = "Energy.Active.Import.Register") -> Sample:
    return Sample(measurand, "", "Outlet", "Sample.Periodic", "Raw", unit, raw, Decimal(raw), "Wh")


def test_profiles_that_fit_count_together() -> None:
    book = QuirkBook(read_profiles(PROFILES, "here"))
    assert book.of("BERLIN-1", "Acme", "X9", "2.0") == quirks(Quirk.LOCAL_TIME, Quirk.NO_PING, hours=2)
    assert book.of("BERLIN-1", "ACME ", "x9", "1.7") == quirks(
        Quirk.LOCAL_TIME, Quirk.NO_PING, Quirk.KWH_VALUES, hours=2
    )
    assert book.of("PARIS-1", "Acme", "X9", "1.7") == quirks(Quirk.KWH_VALUES)
    for stranger in (("BERLIN-1", "Acme", "X10", "2.0"), ("BERLIN-1", "Other", "X9", "1.0"), ("BERLIN-1", "", "", "")):
        assert book.of(*stranger) is None


def test_our_own_file_is_valid_and_every_profile_names_its_report() -> None:
    text = (Path(module.__file__).parent / "quirks.toml").read_text()
    entries = tomllib.loads(text)["profile"]
    assert len(read_profiles(text, "quirks.toml")) == len(entries) > 0
    assert [entry["name"] for entry in entries if not entry.get("source", "").startswith("https://")] == []
    found = load_quirks().of("CP-1", "OCA", "OCA", "")
    assert found is not None
    assert found.names == ["no_milliseconds"]


def test_an_operators_file_comes_after_ours(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(PROFILES + '[[profile]]\nname = "us"\nvendor = "OCA"\nquirks = ["no_ping"]\n')
    book = load_quirks(str(own))
    assert book.of("BERLIN-1", "Acme", "X9", "2.0") is not None
    found = book.of("CP-1", "OCA", "OCA", "")
    assert found is not None
    assert found.names == ["no_milliseconds", "no_ping"]
    with pytest.raises(ConfigurationError, match="RAYCHARGE_QUIRKS cannot be read"):
        load_quirks(str(tmp_path / "missing.toml"))


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("[[profile", "is no TOML"),
        ("profiles = 1", "holds"),
        ("[profile]\nname = 'x'", "holds"),
        ("[[profile]]\nname = 'x'\nquirks = ['no_ping']", "profile 1 needs a name and at least one"),
        ("[[profile]]\nvendor = 'x'\nquirks = ['no_ping']", "needs a name"),
        ("[[profile]]\nname = 'x'\nvendor = 'x'\nquirks = ['no_pong']", "no quirk 'no_pong'; there are: local_time"),
        ("[[profile]]\nname = 'x'\nvendor = 'x'\nquirks = 'no_ping'", "is to be a list"),
        ("[[profile]]\nname = 'x'\nvendor = 'x'\nquirks = []", "is to be a list"),
        ("[[profile]]\nname = 'x'\nvendor = 7\nquirks = ['no_ping']", "vendor is to be a text"),
        ("[[profile]]\nname = 'x'\nvendr = 'x'\nquirks = ['no_ping']", "no key 'vendr'"),
        ("[[profile]]\nname = 'x'\nvendor = 'x'\nquirks = ['local_time_labelled_z']", "belong together"),
        ("[[profile]]\nname = 'x'\nvendor = 'x'\nquirks = ['no_ping']\noffset_minutes = 60", "belong together"),
        (
            "[[profile]]\nname = 'x'\nvendor = 'x'\nquirks = ['local_time_labelled_z']\noffset_minutes = 1000",
            "whole number of up to 840",
        ),
    ],
)
def test_a_file_with_a_mistake_is_refused_and_says_which(text: str, wrong: str) -> None:
    with pytest.raises(ConfigurationError, match=wrong) as caught:
        read_profiles(text, "own.toml")
    assert str(caught.value).startswith("own.toml")


def test_every_quirk_has_a_meaning_of_one_line() -> None:
    for quirk in Quirk:
        assert re.fullmatch(r"[A-Z][^\n]+\.", quirk.meaning), quirk


def test_local_time_is_taken_to_utc_and_what_was_said_stays() -> None:
    tolerances = quirks(Quirk.LOCAL_TIME, hours=2)
    status = corrected(StatusReported(1, 1, "Available", "NoError", AT), tolerances)
    assert isinstance(status, StatusReported)
    assert status.at == Instant(SAID, BELIEVED - 2 * HOUR, RECEIVED)
    meters = corrected(MetersReported(1, 1, "7", (MeterReading(AT, (energy("1"),)),)), tolerances)
    assert isinstance(meters, MetersReported)
    assert meters.readings[0] == MeterReading(status.at, (energy("1"),))
    event: Any = corrected(
        TransactionReported("Started", "t", 0, AT, "Authorized", False, "", "", 1, 1, None, None, meters.readings),
        tolerances,
    )
    assert event.at == status.at
    for right in (
        Instant("2026-01-01T02:00:00+02:00", BELIEVED, RECEIVED),
        Instant("2026-01-01T02:00:00.000-0500", BELIEVED, RECEIVED),
        Instant(None, RECEIVED, RECEIVED),
        Instant("1970-01-01T00:00:00Z", RECEIVED, RECEIVED),
    ):
        assert corrected(StatusReported(1, 1, "Available", "NoError", right), tolerances).at == right  # type: ignore[union-attr]


def test_kwh_labelled_wh_is_taken_for_what_it_is() -> None:
    samples = (
        energy("12.345"),
        energy("5", "kWh")._replace(value=Decimal(5000)),
        energy("7", "Wh", "Power.Active.Import"),
        energy("1")._replace(value=None),
    )
    readings = (MeterReading(AT, samples),)
    meters = corrected(MetersReported(1, 1, "", readings), quirks(Quirk.KWH_VALUES))
    assert isinstance(meters, MetersReported)
    assert [s.value for s in meters.readings[0].samples] == [Decimal(12345), Decimal(5000), Decimal(7), None]
    assert [s.raw for s in meters.readings[0].samples] == ["12.345", "5", "7", "1"]
    stop = StopReported("7", "", Decimal(20), AT, "Local", readings, "s")
    one = corrected(stop, quirks(Quirk.KWH_VALUES))
    other = corrected(stop, quirks(Quirk.KWH_REGISTERS))
    assert isinstance(one, StopReported)
    assert isinstance(other, StopReported)
    assert (one.meter_stop, one.readings) == (Decimal(20), meters.readings)
    assert (other.meter_stop, other.readings) == (Decimal(20_000), readings)
    start = StartReported(1, 1, "T", Decimal("1.5"), AT, GOOD, 1, "s")
    assert corrected(start, quirks(Quirk.KWH_REGISTERS)).meter_start == Decimal(1500)  # type: ignore[union-attr]


def test_what_no_quirk_is_about_passes_as_it_is() -> None:
    beat = Heartbeat()
    assert corrected(beat, quirks(*Quirk, hours=2)) is beat


def test_a_token_is_looked_up_as_it_may_have_been_meant() -> None:
    known = {"04A2B3C4", "1234"}

    def standing(token: str) -> TokenStanding:
        return GOOD if token.upper() in known else TokenStanding("Invalid")

    reversed_ = standing_of(standing, quirks(Quirk.TOKEN_REVERSED))
    assert reversed_("c4b3a204").accepted
    assert reversed_("04a2b3c4").accepted
    assert not reversed_("4b3a204").accepted
    assert not reversed_("nothex!!").accepted
    padded = standing_of(standing, quirks(Quirk.TOKEN_PADDED))
    for said in ("1234    ", "12340000", "00001234", " 04A2B3C4"):
        assert padded(said).accepted, said
    assert not padded("0000").accepted
    assert standing_of(standing, quirks(Quirk.TOKEN_PADDED, Quirk.TOKEN_REVERSED))("C4B3A204  ").accepted
    assert standing_of(standing, quirks(Quirk.NO_PING)) is standing


@given(st.text())
def test_no_token_breaks_the_lookup(token: str) -> None:
    asked: list[str] = []

    def standing(text: str) -> TokenStanding:
        asked.append(text)
        return TokenStanding("Invalid")

    assert not standing_of(standing, quirks(*Quirk, hours=1))(token).accepted
    assert asked[0] == token
    assert len(asked) == len(set(asked)) <= 8


def test_only_times_lose_their_fractions() -> None:
    text = b'{"currentTime":"2026-01-01T00:00:00.123Z","limit":1.5,"a":"x.5Z","b":"2026-01-01T00:00:00Z"}'
    assert without_fractions(text) == text.replace(b".123Z", b"Z")
