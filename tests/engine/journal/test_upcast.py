"""Old stored forms are read as today's; those of a newer release are refused."""

from __future__ import annotations

from typing import Any

import pytest

from engine.charging.events import BootReported, SessionStopped
from engine.errors import ConfigurationError
from engine.journal.port import Entry
from engine.journal.records import VERSION
from engine.journal.upcast import EVENT_VERSIONS, PRESENT, Upcasters


def _split_rows(entry: Entry) -> Entry:
    channels = dict(entry.channels)
    channels["m"] = channels.pop("rows")
    return Entry(entry.partition, entry.number, 0, channels)


def _rename_cp(event: dict[str, Any]) -> dict[str, Any]:
    event["charge_point"] = event.pop("cp")
    return event


def _new_kind(event: dict[str, Any]) -> dict[str, Any]:
    return event | {"kind": "session.stopped"}


LATER = Upcasters(
    entry_version=3,
    event_versions={"session.stopped": 3},
    entry_steps={1: _split_rows, 2: lambda entry: entry},
    event_steps={("stopped", 1): _rename_cp, ("stopped", 2): _new_kind},
)


def test_an_old_entry_is_lifted_step_by_step() -> None:
    assert LATER.lift_entry(Entry(2, 9, 1, {"rows": b"[1]"})) == Entry(2, 9, 3, {"m": b"[1]"})


def test_an_old_event_is_lifted_even_under_its_old_name() -> None:
    stored = {"kind": "stopped", "version": 1, "cp": "A"}
    assert LATER.lift_event(stored) == {"kind": "session.stopped", "version": 3, "charge_point": "A"}
    assert stored == {"kind": "stopped", "version": 1, "cp": "A"}, "what was stored is left alone"


def test_what_is_of_today_passes_as_it_is() -> None:
    entry = Entry(0, 1, VERSION, {"m": b"[]"})
    event = {"kind": "boot", "version": 1}
    assert PRESENT.lift_entry(entry) is entry
    assert PRESENT.lift_event(event) is event


def test_a_message_of_the_first_version_has_no_latency() -> None:
    old = b'[["CP",7,5,"in",2,"Heartbeat","1","[2]","[3]",["no_zone"]]]'
    lifted = PRESENT.lift_entry(Entry(0, 1, 1, {"o": old, "m": b"[]"}))
    assert lifted.version == VERSION
    assert lifted.channels == {"o": old[:-2] + b",null]]", "m": b"[]"}
    broken = {"o": b"[[broken"}
    assert PRESENT.lift_entry(Entry(0, 1, 1, broken)).channels == broken


@pytest.mark.parametrize("event", [{"kind": "boot", "version": 2}, {"kind": "unheard of", "version": 1}])
def test_an_event_of_a_newer_release_is_refused(event: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="newer release"):
        PRESENT.lift_event(event)


def test_an_entry_of_a_newer_release_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="newer release"):
        PRESENT.lift_entry(Entry(0, 1, VERSION + 1, {}))


def test_every_kind_of_event_has_a_version_and_a_way_up_to_it() -> None:
    assert EVENT_VERSIONS[BootReported.kind] == BootReported.version
    assert SessionStopped.kind in EVENT_VERSIONS
    for kind, version in PRESENT.event_versions.items():
        for older in range(1, version):
            assert (kind, older) in PRESENT.event_steps
