"""Firmware and log jobs of a simulated 2.x station (2.0.1 blocks L and N): accepted, then told step by step.

Nothing is downloaded or uploaded: this station has no input or output of its own.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from loadtest.outbox import Call
from loadtest.speech import Answer

if TYPE_CHECKING:
    from loadtest.v2.speech import Speech2

STEP_S = 2.0
"""How long each step of a job takes."""


def _get_log(speech: Speech2, payload: dict[str, Any]) -> Answer:
    request, kind = int(payload["requestId"]), str(payload["logType"])
    if not payload["log"]["remoteLocation"]:
        return {"status": "Rejected"}, None
    running = speech.station.has_deadline("log")
    answer = {"status": "AcceptedCanceled" if running else "Accepted", "filename": f"{kind}-{request}.log"}
    steps = ["Uploading", "Uploaded"]
    return answer, partial(_next, speech, "log", "LogStatusNotification", request, steps)


def _update_firmware(speech: Speech2, payload: dict[str, Any]) -> Answer:
    request, firmware = int(payload["requestId"]), payload["firmware"]
    steps = ["Downloading", "Downloaded", "Installing", "Installed"]
    if "signature" in firmware or "signingCertificate" in firmware:
        steps.insert(2, "SignatureVerified")
    if not firmware["location"]:
        return {"status": "Rejected"}, None
    running = speech.station.has_deadline("firmware")
    answer = {"status": "AcceptedCanceled" if running else "Accepted"}
    return answer, partial(_next, speech, "firmware", "FirmwareStatusNotification", request, steps)


def _next(speech: Speech2, job: str, action: str, request: int, steps: list[str], now: int) -> None:
    """Say the job's next step; the one after it follows in a while. A newer job takes the older one's place."""
    status, *rest = steps
    station = speech.station
    station.say(Call(action, {"status": status, "requestId": request}), now)
    if rest:
        station.after(job, STEP_S, now, partial(_next, speech, job, action, request, rest))
    else:
        station.forget_deadline(job)


def say_idle(speech: Speech2, action: str, now: int) -> None:
    """The answer to a trigger while no job runs."""
    speech.station.say(Call(action, {"status": "Idle"}), now)


HANDLERS = {"GetLog": _get_log, "UpdateFirmware": _update_firmware}
