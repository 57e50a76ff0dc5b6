"""Firmware and log jobs from the command to the station's last word, in every version's way of telling."""

from __future__ import annotations

from typing import Any

import pytest

from engine.charging.kept import jobs
from engine.charging.kept import parts as kept
from engine.charging.kept.notice_events import JobChanged
from engine.charging.kept.notices import DIAGNOSTICS, FIRMWARE, LOG, JobReported
from engine.charging.kept.view import rows_view
from engine.charging.messages import Acknowledged
from tests.engine.charging.asking import V16, V201, ask
from tests.engine.charging.world import World, reply

UPDATE = {"location": "ftp://me:geheim@host/image", "retrieveDate": "2026-01-01T00:00:00Z"}
GET_LOG = {"requestId": 5, "logType": "DiagnosticsLog", "log": {"remoteLocation": "https://host/up"}}


@pytest.fixture
def world() -> World:
    world = World()
    world.connect()
    return world


def known(world: World) -> list[dict[str, Any]]:
    return rows_view(kept.JOBS, world.parts)


def test_a_numberless_firmware_job_goes_from_the_command_to_installed_over_a_restart(world: World) -> None:
    ask(world, V16, "UpdateFirmware", UPDATE, {})
    for status in ("Downloading", "Downloaded"):
        assert reply(world.do(JobReported(FIRMWARE, status))) == Acknowledged()
    world.host_dies()
    for status in ("Installing", "Installing", "Installed"):
        world.do(JobReported(FIRMWARE, status))
    (job,) = known(world)
    assert (job["state"], job["status"], job["ended"]) == ("done", "Installed", world.now)
    assert [status for status, _ in job["steps"]] == ["Downloading", "Downloaded", "Installing", "Installed"]
    assert job["command"].startswith("command-")
    assert job["location"] == "ftp://***@host/image"
    told = [(event.status, event.state) for event in world.told(JobChanged)]
    assert told == [
        ("", "running"), ("Downloading", "running"), ("Downloaded", "running"), ("Installing", "running"),
        ("Installed", "done"),
    ]  # fmt: skip


def test_what_is_done_takes_no_new_word_but_what_failed_may_be_tried_again(world: World) -> None:
    ask(world, V16, "UpdateFirmware", UPDATE, {})
    for status in ("DownloadFailed", "Downloading", "Downloaded", "Installed", "Downloading"):
        world.do(JobReported(FIRMWARE, status))
    first, second = known(world)
    assert (first["state"], first["ended"] is not None) == ("done", True)
    assert (second["state"], second["command"]) == ("running", "")


def test_a_report_before_the_answer_belongs_to_the_command(world: World) -> None:
    world.do(JobReported(LOG, "Uploading", 5))
    ask(world, V201, "GetLog", GET_LOG, {"status": "Accepted", "filename": "log.zip"})
    world.do(JobReported(LOG, "Uploaded", 5))
    (job,) = known(world)
    assert (job["state"], job["file"], job["command"] != "") == ("done", "log.zip", True)


def test_a_second_job_of_a_kind_supersedes_the_first_whose_late_word_stays_its_own(world: World) -> None:
    ask(world, V201, "GetLog", GET_LOG, {"status": "Accepted"})
    world.do(JobReported(LOG, "Uploading", 5))
    ask(world, V201, "GetLog", GET_LOG | {"requestId": 6}, {"status": "AcceptedCanceled"})
    world.do(JobReported(LOG, "AcceptedCanceled", 5))
    world.do(JobReported(LOG, "Uploaded", 6))
    assert [(job["request"], job["state"]) for job in known(world)] == [(5, "superseded"), (6, "done")]


def test_idle_says_that_there_is_nothing_and_changes_no_job(world: World) -> None:
    ask(world, V16, "GetDiagnostics", {"location": "ftp://host/"}, {"fileName": "d.tar"})
    world.do(JobReported(DIAGNOSTICS, "Idle"))
    assert [(job["state"], job["file"]) for job in known(world)] == [("running", "d.tar")]
    world.do(JobReported(FIRMWARE, "Idle"))
    assert len(known(world)) == 1


def test_no_file_name_means_that_there_is_nothing_to_upload(world: World) -> None:
    ask(world, V16, "GetDiagnostics", {"location": "ftp://host/"}, {})
    assert known(world) == []


def test_a_refused_command_is_no_job(world: World) -> None:
    ask(world, V201, "GetLog", GET_LOG, {"status": "Rejected"})
    assert known(world) == []


def test_jobs_and_their_steps_are_bounded(world: World) -> None:
    for number in range(jobs.MAX_JOBS + 3):
        world.do(JobReported(LOG, "Uploading", number))
    for turn in range(jobs.MAX_STEPS):
        world.do(JobReported(LOG, "UploadFailure" if turn % 2 else "BadMessage", jobs.MAX_JOBS))
    assert len(known(world)) == jobs.MAX_JOBS
    assert max(len(job["steps"]) for job in known(world)) == jobs.MAX_STEPS
