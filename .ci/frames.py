"""Runs every recorded frame of a folder through the protocol core, as a station's or (where it was ours) as sent by us.

Usage: python .ci/frames.py FOLDER. What a station says goes through its version and the charge point's machine, whose
answer has to be valid; what it answers is read as the answer to the recorded CALL. Prints what became of the frames and
ends with 1 on any exception that is no ProtocolError, and on any frame that can be understood but was not.
"""

from __future__ import annotations

import collections
import json
import sys
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.charging import charge_point
from engine.charging.config import MachineConfig
from engine.charging.effects import Reply
from engine.charging.messages import Answer, Connected, StationMessage, TokenStanding
from engine.charging.state import ChargePointState
from engine.errors import InvalidInput, ProtocolError
from engine.ocpp.frames import Call, CallError, CallResult, Send, UnreadableFrame, parse
from engine.ocpp.redaction import redact_text
from engine.ocpp.rpc import CallReceived, ErrorReceived, Ignored, Rejected, ResultReceived, Rpc, refusal_of
from engine.ocpp.v2.registry import SCHEMAS_21, SCHEMAS_201
from engine.ocpp.v16.registry import SCHEMAS as SCHEMAS_16
from engine.ocpp.version import VERSIONS, Circumstances, OcppVersion

NOW = 1_796_000_000_000_000
"""Later than every recording: no time in them is of the future."""

SCHEMAS = {"ocpp1.6": SCHEMAS_16, "ocpp2.0.1": SCHEMAS_201, "ocpp2.1": SCHEMAS_21}


@dataclass
class Station:
    """One connection and what is known behind it."""

    rpc: Rpc
    state: ChargePointState = field(default_factory=lambda: ChargePointState("recorded"))


def not_understandable(record: dict[str, Any]) -> str | None:
    """Why a frame of a station may honestly go without being understood, or None."""
    protocol = record.get("protocol") or record.get("proto")
    if protocol not in VERSIONS:
        return f"{protocol} is not served: only its frame is read"
    return None


def answer_to(station: Station, message: StationMessage) -> Answer:
    """What the machine answers."""
    station.state, effects = charge_point.step(station.state, message, NOW, MachineConfig())
    return [effect.answer for effect in effects if isinstance(effect, Reply)][-1]


class Replay:
    """One pass over a folder's frames, counting what became of them."""

    def __init__(self) -> None:
        self.counts: collections.Counter[str] = collections.Counter()
        self.deviations: collections.Counter[str] = collections.Counter()
        self.failures: list[str] = []
        self.stations: dict[tuple[str, str], Station] = {}

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
        version = VERSIONS.get(record.get("protocol") or record["proto"], VERSIONS["ocpp1.6"])
        station = self.station(place, record, version)
        event = station.rpc.receive(raw, NOW)
        self.note(version, event.deviations)
        if isinstance(event, Rejected):
            self.refused(place, reason, event.error, raw)
        elif isinstance(event, Ignored):
            self.count(version, f"answers that are ignored: {event.reason.value}")
        elif isinstance(event, ErrorReceived):
            self.count(version, f"CALLERRORs to {event.action}")
        elif isinstance(event, ResultReceived):
            self.answered(place, version, event)
        elif reason is not None:
            self.counts[reason] += 1
        else:
            self.called(place, version, station, event)

    def answered(self, place: str, version: OcppVersion, event: ResultReceived) -> None:
        """A CALLRESULT has to be understood, and what it teaches to be found."""
        outcome = version.outcome(event.action, event.payload)
        version.learned(event.action, event.sent, event.payload)
        self.count(version, f"answers to {event.action}: {outcome}")
        if any(deviation.name == "invalid_answer" for deviation in event.deviations):
            self.failures.append(f"{place}: an answer is not understood: {event.deviations}")

    def called(self, place: str, version: OcppVersion, station: Station, event: CallReceived) -> None:
        """A CALL or SEND goes through the version and the machine; a CALL is answered."""
        circumstances = Circumstances(NOW, lambda _: TokenStanding("Accepted", NOW, "GROUP"), lambda: 1, lambda: "s")
        known = len(event.deviations)
        circumstances.notes = event.deviations
        rpc = station.rpc
        try:
            answer = answer_to(station, version.understand(event.action, event.payload, circumstances))
        except ProtocolError as error:
            frames = rpc.refuse(event.number, *refusal_of(error))
            self.refused(place, None, error, event.raw)
        else:
            frames = rpc.answer(event.number, version.answer(answer)) if event.number else ()
            self.count(version, f"understood: {event.action}")
        self.note(version, event.deviations[known:])
        if event.number:
            self.check_answer(place, version, event.action, frames)

    def station(self, place: str, record: dict[str, Any], version: OcppVersion) -> Station:
        """A conversation's frames share a connection; single frames from reports have one each."""
        name = record.get("charge_point")
        station = Station(Rpc(version))
        if name is not None:
            station = self.stations.setdefault((place.partition(":")[0], name), station)
        if not station.state.connection:
            station.state, _ = charge_point.step(
                station.state, Connected(1, version.subprotocol, "recorded"), NOW, MachineConfig()
            )
        return station

    def count(self, version: OcppVersion, what: str) -> None:
        self.counts[f"{version.subprotocol:9} {what}"] += 1

    def note(self, version: OcppVersion, deviations: list[Any]) -> None:
        self.deviations.update(f"{version.subprotocol:9} deviation {deviation.name}" for deviation in deviations)

    def check_answer(self, place: str, version: OcppVersion, action: str, frames: tuple[bytes, ...]) -> None:
        """Exactly one answer, and a CALLRESULT is valid."""
        [frame] = [parse(text, []) for text in frames]
        if isinstance(frame, CallResult):
            if not SCHEMAS[version.subprotocol].response(action).checked.is_valid(frame.payload):
                self.failures.append(f"{place}: our answer is not valid: {frame.payload}")
        elif not isinstance(frame, CallError):
            self.failures.append(f"{place}: our answer is no answer: {frame}")

    def refused(self, place: str, reason: str | None, error: ProtocolError, raw: bytes | str) -> None:
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
        version = VERSIONS.get(record.get("protocol", ""))
        if version is None or not isinstance(frame, Call | Send):
            self.counts["answers of a CSMS"] += 1
            return
        self.count(version, f"sent by a CSMS: {frame.action}")
        try:
            version.validate_call(frame.action, frame.payload)
        except InvalidInput as error:
            self.failures.append(f"{place}: a CSMS's CALL is refused: {error}")
        rpc = self.station(place, record, version).rpc
        if isinstance(frame, Call) and rpc.outstanding is None:
            rpc.call(frame.message_id, place, frame.action, frame.payload, NOW + 1, NOW)


def main(folder: Path) -> int:
    replay = Replay()
    files = sorted(folder.glob("*.jsonl"))
    for file in files:
        for number, line in enumerate(file.read_text().splitlines(), 1):
            replay.record(f"{file.name}:{number}", json.loads(line))
    report = [f"{count:6} {what}" for what, count in sorted(replay.counts.items())]
    report += [f"{count:6} {name}" for name, count in sorted(replay.deviations.items())]
    report += replay.failures
    report.append(f"{sum(replay.counts.values())} records of {len(files)} files, {len(replay.failures)} failures")
    sys.stdout.write("\n".join(report) + "\n")
    return 1 if replay.failures or not files else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
