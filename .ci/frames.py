"""Runs every recorded frame of a folder through the protocol core, as a station's or (where it was ours) as sent by us.

Usage: python .ci/frames.py FOLDER. Prints what became of the frames and ends with 1 on any exception that is no
ProtocolError, and on any frame that can be understood but was not.
"""

from __future__ import annotations

import collections
import json
import sys
import traceback
from pathlib import Path
from typing import Any

from engine.charging.messages import (
    Acknowledged,
    Answer,
    AuthorizeAnswer,
    AuthorizeAsked,
    BootAnswer,
    Booted,
    DataTransferAnswer,
    DataTransferred,
    Heartbeat,
    HeartbeatAnswer,
    StartAnswer,
    StartReported,
    StationMessage,
    StopAnswer,
    StopReported,
    TokenStanding,
)
from engine.errors import InvalidInput, ProtocolError
from engine.ocpp.frames import Call, CallError, CallResult, UnreadableFrame, parse
from engine.ocpp.redaction import redact_text
from engine.ocpp.rpc import CallReceived, ErrorReceived, Ignored, Rejected, ResultReceived, Rpc, refusal_of
from engine.ocpp.v16.registry import SCHEMAS
from engine.ocpp.version import VERSIONS, Circumstances, OcppVersion

NOW = 1_796_000_000_000_000
"""Later than every recording: no time in them is of the future."""


def not_understandable(record: dict[str, Any]) -> str | None:
    """Why a frame of a station may honestly go without being understood, or None."""
    protocol = record.get("protocol") or record.get("proto")
    if protocol not in VERSIONS:
        return f"{protocol} is not served yet: only its frame is read"
    return None


def answer_to(message: StationMessage) -> Answer:
    standing = TokenStanding("Accepted", NOW, "GROUP")
    match message:
        case Booted():
            return BootAnswer("Accepted", 300, NOW)
        case Heartbeat():
            return HeartbeatAnswer(NOW)
        case AuthorizeAsked():
            return AuthorizeAnswer(standing)
        case StartReported():
            return StartAnswer(message.fresh_transaction, standing)
        case StopReported():
            return StopAnswer(message.standing)
        case DataTransferred():
            return DataTransferAnswer("UnknownVendorId")
        case _:
            return Acknowledged()


class Replay:
    """One pass over a folder's frames, counting what became of them."""

    def __init__(self) -> None:
        self.counts: collections.Counter[str] = collections.Counter()
        self.deviations: collections.Counter[str] = collections.Counter()
        self.failures: list[str] = []
        self.connections: dict[tuple[str, str], Rpc] = {}

    def record(self, place: str, record: dict[str, Any]) -> None:
        direction = record.get("direction") or record.get("dir")
        if direction not in ("cp->csms", "csms->cp"):
            self.counts["not a frame (handshake, close)"] += 1
            return
        raw = str(record["raw"]).encode()
        try:
            redact_text(raw)
            if direction == "cp->csms":
                self.from_station(place, record, raw)
            else:
                self.from_us(place, record, raw)
        except Exception:  # noqa: BLE001  finding these is what this script is for
            self.failures.append(f"{place}: unhandled\n{traceback.format_exc()}")

    def from_station(self, place: str, record: dict[str, Any], raw: bytes) -> None:
        reason = not_understandable(record)
        version = VERSIONS[record.get("protocol") or record["proto"]] if reason is None else VERSIONS["ocpp1.6"]
        rpc = self.connection(place, record, version)
        event = rpc.receive(raw, NOW)
        if isinstance(event, Rejected):
            self.refused(place, reason, event.error, raw)
        elif isinstance(event, Ignored):
            self.counts["answers to CALLs that are not recorded: ignored"] += 1
        elif isinstance(event, ResultReceived | ErrorReceived):
            self.counts[f"answers to {event.action}"] += 1
            self.deviations.update(deviation.name for deviation in event.deviations)
        elif isinstance(event, CallReceived) and reason is not None:
            self.counts[reason] += 1
        elif isinstance(event, CallReceived):
            circumstances = Circumstances(NOW, lambda _: TokenStanding("Accepted"), lambda: 1, lambda: "s")
            circumstances.notes = event.deviations
            try:
                message = version.understand(event.action, event.payload, circumstances)
            except ProtocolError as error:
                frames = rpc.refuse(event.number, *refusal_of(error))
                self.refused(place, reason, error, raw)
            else:
                frames = rpc.answer(event.number, version.answer(answer_to(message)))
                self.counts[f"understood: {event.action}"] += 1
            self.check_answer(place, event.action, frames)
            self.deviations.update(deviation.name for deviation in event.deviations)

    def connection(self, place: str, record: dict[str, Any], version: OcppVersion) -> Rpc:
        """A conversation's frames share a connection; single frames from reports have one each."""
        station = record.get("charge_point")
        if station is None:
            return Rpc(version)
        return self.connections.setdefault((place.partition(":")[0], station), Rpc(version))

    def check_answer(self, place: str, action: str, frames: tuple[bytes, ...]) -> None:
        """Exactly one answer, and a CALLRESULT is valid."""
        [frame] = [parse(text, []) for text in frames]
        if isinstance(frame, CallResult) and not SCHEMAS.response(action).checked.is_valid(frame.payload):
            self.failures.append(f"{place}: our answer is not valid: {frame.payload}")
        elif not isinstance(frame, CallResult | CallError):
            self.failures.append(f"{place}: our answer is no answer: {frame}")

    def refused(self, place: str, reason: str | None, error: ProtocolError, raw: bytes) -> None:
        self.counts[f"refused with {error.code}"] += 1
        if reason is None:
            self.failures.append(f"{place}: not understood: {error}: {raw[:300]!r}")

    def from_us(self, place: str, record: dict[str, Any], raw: bytes) -> None:
        """What a recording CSMS sent: our own validation should let its CALLs pass."""
        try:
            frame = parse(raw, [])
        except UnreadableFrame as error:
            self.failures.append(f"{place}: {error}")
            return
        self.counts["sent by a CSMS"] += 1
        version = VERSIONS.get(record.get("protocol", ""))
        if isinstance(frame, Call) and version is not None:
            try:
                version.validate_call(frame.action, frame.payload)
            except InvalidInput as error:
                self.failures.append(f"{place}: a CSMS's CALL is refused: {error}")
            rpc = self.connection(place, record, version)
            if rpc.outstanding is None:
                rpc.call(frame.message_id, place, frame.action, frame.payload, NOW + 1, NOW)


def main(folder: Path) -> int:
    replay = Replay()
    files = sorted(folder.glob("*.jsonl"))
    for file in files:
        for number, line in enumerate(file.read_text().splitlines(), 1):
            replay.record(f"{file.name}:{number}", json.loads(line))
    report = [f"{count:6} {what}" for what, count in sorted(replay.counts.items())]
    report += [f"{count:6} deviation {name}" for name, count in sorted(replay.deviations.items())]
    report += replay.failures
    report.append(f"{sum(replay.counts.values())} records of {len(files)} files, {len(replay.failures)} failures")
    sys.stdout.write("\n".join(report) + "\n")
    return 1 if replay.failures or not files else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
