"""Firmware, log, diagnostics and publish jobs, from the command that the station accepted to its last word.

A job goes on by what the station reports. 1.6's firmware and diagnostics jobs have no number: a report is about the
newest of its kind. A report may come before the answer to the command that it belongs to; the two become one job.
"""

from __future__ import annotations

from typing import Any

from engine.charging.config import MachineConfig
from engine.charging.effects import Append, Effect, Reply
from engine.charging.kept import parts as kept
from engine.charging.kept.facts import JobAccepted
from engine.charging.kept.notice_events import JobChanged
from engine.charging.kept.notices import JobReported
from engine.charging.messages import Acknowledged
from engine.charging.secrecy import without_credentials
from engine.charging.state import ChargePointState
from engine.clock import SECOND

MAX_JOBS = 32
MAX_STEPS = 32
"""Reports of one job that are kept: the first and the newest."""

CROSSING = 60 * SECOND
"""How long before its command's answer a job may have been heard of."""

RUNNING, DONE, FAILED, SUPERSEDED = "running", "done", "failed", "superseded"

_DONE = frozenset({"Installed", "Uploaded", "Published"})
_FAILED = frozenset(
    {
        "DownloadFailed",
        "InstallationFailed",
        "InstallVerificationFailed",
        "InvalidSignature",
        "UploadFailed",
        "UploadFailure",
        "BadMessage",
        "NotSupportedOperation",
        "PermissionDenied",
        "PublishFailed",
        "InvalidChecksum",
        "RevokedCertificate",
        "InvalidCertificate",
    }
)
_SUPERSEDED = frozenset({"AcceptedCanceled"})
_IDLE = "Idle"

Row = dict[str, Any]


def accepted(state: ChargePointState, fact: JobAccepted, command: str, now: int, effects: list[Effect]) -> None:
    """The station took a job on. It does one of a kind at a time: what it did before of that kind is superseded."""
    rows = _rows(state)
    mine: Row | None = None
    for row in rows:
        if row["job"] != fact.job or row["state"] == SUPERSEDED:
            continue
        if not row["command"] and row["request"] == fact.request and row["started"] >= now - CROSSING:
            mine = row
        elif row["state"] == RUNNING:
            row |= {"state": SUPERSEDED, "ended": now}
            effects.append(Append(_event(state, row, "", now)))
    if mine is None:
        mine = _new(fact.job, fact.request, now)
        rows.append(mine)
    mine |= {"command": command, "location": without_credentials(fact.location)[:1000], "file": fact.file[:255]}
    effects.append(Append(_event(state, mine, "", now)))
    _put(state, rows)


def reported(
    state: ChargePointState, message: JobReported, now: int, config: MachineConfig, effects: list[Effect]
) -> None:
    """FirmwareStatusNotification and its like. Idle says that there is no job, and the same again is no news."""
    state.last_seen = now
    rows = _rows(state)
    row = _about(rows, message)
    if row is not None and row["status"] == message.status and not message.info:
        effects.append(Reply(Acknowledged()))
        return
    if message.status == _IDLE:
        nothing = _new(message.job, message.request, now) | {"status": _IDLE, "state": DONE}
        effects += (Append(_event(state, nothing, message.info, now)), Reply(Acknowledged()))
        return
    if row is None:
        row = _new(message.job, message.request, now)
        rows.append(row)
    row["status"] = message.status
    row["steps"] = [*row["steps"][:1], *row["steps"][1:][-(MAX_STEPS - 2) :], [message.status, now]]
    if row["state"] != DONE:
        row["state"] = _state_after(message.status)
        row["ended"] = None if row["state"] == RUNNING else now
    if message.info:
        row["info"] = message.info[:1000]
    effects += (Append(_event(state, row, message.info, now)), Reply(Acknowledged()))
    _put(state, rows)


def _about(rows: list[Row], message: JobReported) -> Row | None:
    """The job that a report is about: by its number, or the newest of its kind.

    What is done takes no new word without a number; what failed may be tried again by the station itself.
    """
    for row in reversed(rows):
        if row["job"] != message.job:
            continue
        if message.request is not None and row["request"] != message.request:
            continue
        over = row["state"] in (DONE, SUPERSEDED) and row["status"] != message.status
        return None if over and message.request is None else row
    return None


def _state_after(status: str) -> str:
    if status in _DONE:
        return DONE
    if status in _SUPERSEDED:
        return SUPERSEDED
    return FAILED if status in _FAILED else RUNNING


def _new(job: str, request: int | None, now: int) -> Row:
    return {
        "job": job,
        "request": request,
        "command": "",
        "state": RUNNING,
        "status": "",
        "location": "",
        "file": "",
        "info": "",
        "started": now,
        "ended": None,
        "steps": [],
    }


def _event(state: ChargePointState, row: Row, info: str, now: int) -> JobChanged:
    return JobChanged(
        *(state.charge_point, now, row["job"], row["request"], row["command"], row["status"], row["state"]), info[:1000]
    )


def _rows(state: ChargePointState) -> list[Row]:
    rows: list[Row] = kept.load(state, kept.JOBS).get("rows", [])
    return rows


def _put(state: ChargePointState, rows: list[Row]) -> None:
    kept.store(state, kept.JOBS, {"rows": rows[-MAX_JOBS:]})
