"""A world for the machines: performs effects as the actor layer does, on lists, with a clock that the test turns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any, TypeVar

from engine.charging import charge_point, messages
from engine.charging.config import MachineConfig
from engine.charging.effects import (
    Append,
    AppendMeters,
    CancelTimer,
    CommandEnded,
    Effect,
    ForgetSession,
    OpenSession,
    Operate,
    Reply,
    SendCall,
    SetTimer,
    TellChargePoint,
    TellSession,
)
from engine.charging.kept import parts as kept
from engine.charging.messages import Instant, MeterReading, MetersReported, Sample, TokenStanding
from engine.charging.session import machine as session
from engine.charging.session.machine import SessionState
from engine.charging.snapshots import (
    charge_point_parts,
    encode_course,
    encode_session,
    part_of_course,
    part_of_session,
    restore_charge_point,
    restore_sessions,
)
from engine.charging.state import ChargePointState
from engine.ocpp.v2.protocol import OCPP_201
from engine.ocpp.v16.protocol import Ocpp16

SECOND = 1_000_000
V16 = Ocpp16()
BEGIN = 1_767_225_600 * SECOND
ACCEPTED = TokenStanding("Accepted")

E = TypeVar("E")


class World:
    """One charge point with everything around it. `do` returns the effects of one message, sessions' included."""

    def __init__(self, **settings: Any) -> None:
        self.config = MachineConfig(**{"strict": True, **settings})
        self.now = BEGIN
        self.state = ChargePointState("CP-1")
        self.sessions: dict[str, SessionState] = {}
        self.parts: dict[str, bytes] = {}
        self.timers: dict[str, int] = {}
        self.happened: list[Effect] = []
        self.events: list[Any] = []
        self.rows: dict[str, list[tuple[Any, ...]]] = {}
        self.numbers = 100
        self.commands: dict[str, tuple[str, dict[str, Any]]] = {}

    def do(self, message: messages.Message) -> list[Effect]:
        done: list[Effect] = []
        self._step(message, done)
        for part, data in charge_point_parts(self.state).items():
            if data is None:
                self.parts.pop(part, None)
            else:
                self.parts[part] = data
        for name, state in self.sessions.items():
            if state.dirty:
                state.dirty = False
                self.parts[part_of_session(name)] = encode_session(state)
                if state.pricing is not None and state.pricing.dirty:
                    state.pricing.dirty = False
                    self.parts[part_of_course(name)] = encode_course(state.pricing)
        self.happened += done
        return done

    def _step(self, message: messages.Message, done: list[Effect]) -> None:
        self.state, effects = charge_point.step(self.state, message, self.now, self.config)
        self._perform(effects, done)

    def _composed(self, effect: Operate) -> messages.CommandRequested:
        """Our own wish as a command in the words of 2.0.1, as the actor layer makes it."""
        action, payload = OCPP_201.compose(effect.operation)
        intent = OCPP_201.intent(action, payload)
        return messages.CommandRequested(effect.command, action, payload, effect.deadline, intent=intent)

    def _perform(self, effects: Sequence[Effect], done: list[Effect]) -> None:
        for effect in effects:
            done.append(effect)
            match effect:
                case TellSession():
                    told = self.sessions[effect.session]
                    self.sessions[effect.session], inner = session.step(told, effect.message, self.now, self.config)
                    self._perform(inner, done)
                case TellChargePoint():
                    self._step(effect.message, done)
                case Operate():
                    self._step(self._composed(effect), done)
                case OpenSession():
                    self.sessions[effect.session] = SessionState("CP-1", effect.session)
                case ForgetSession():
                    self.sessions.pop(effect.session, None)
                    self.parts.pop(part_of_session(effect.session), None)
                    self.parts.pop(part_of_course(effect.session), None)
                case SetTimer():
                    self.timers[effect.name] = effect.at
                case CancelTimer():
                    self.timers.pop(effect.name, None)
                case Append():
                    self.events.append(effect.event)
                case AppendMeters():
                    self._store(effect)
                case _:
                    pass

    def _store(self, effect: AppendMeters) -> None:
        """Keep each reading once, by its content; nothing that is said to be new may be there already."""
        rows = self.rows.setdefault(effect.stream, [])
        for reading in effect.readings:
            row = (effect.connector, effect.transaction, reading.at.said, reading.samples)
            if effect.ordered:
                assert row not in rows, "a repeat was said to be new"
            if row not in rows:
                rows.append(row)

    def written(self) -> str:
        """All that the snapshot says, unpacked."""
        parts = self.parts.items()
        return "\n".join(repr(kept.read(name, data)) if kept.is_kept(name) else data.decode() for name, data in parts)

    def pass_time(self, seconds: float) -> None:
        """Move on, and let the timers fire that come due, in order."""
        until = self.now + int(seconds * SECOND)
        while self.timers and min(self.timers.values()) <= until:
            name = min(self.timers, key=lambda timer: self.timers[timer])
            self.now = max(self.now, self.timers.pop(name))
            self.do(messages.TimerFired(name))
        self.now = until

    def host_dies(self) -> list[Effect]:
        """Another host goes on from the snapshot: nothing but the written parts is left."""
        self.state = restore_charge_point("CP-1", self.parts)
        self.sessions = restore_sessions("CP-1", self.parts)
        self.timers = {}
        return self.do(messages.Activated(restored=True))

    def connect(self, connection: int | None = None) -> list[Effect]:
        number = self.state.connection + 1 if connection is None else connection
        return self.do(messages.Connected(number, "ocpp1.6", "10.0.0.1"))

    def disconnect(self) -> list[Effect]:
        return self.do(messages.Disconnected(self.state.connection, 1006, ""))

    def at(self, ago: float = 0) -> Instant:
        believed = self.now - int(ago * SECOND)
        return Instant(str(believed), believed, self.now)

    def start(self, meter: int = 1000, token: str = "CARD", evse: int = 1, **fields: Any) -> messages.StartReported:
        self.numbers += 1
        given = {"at": self.at(), "standing": ACCEPTED, **fields}
        return messages.StartReported(
            evse,
            1,
            token,
            Decimal(meter),
            fresh_transaction=self.numbers,
            fresh_session=f"session-{self.numbers}",
            **given,
        )

    def stop(self, transaction: int | str, meter: int, token: str = "", **fields: Any) -> messages.StopReported:
        self.numbers += 1
        given = {"at": self.at(), "reason": "Local", "readings": (), **fields}
        return messages.StopReported(
            str(transaction), token, Decimal(meter), fresh_session=f"session-{self.numbers}", **given
        )

    def meters(self, transaction: int | str, *registers: tuple[float, int], evse: int = 1) -> MetersReported:
        """Meter values of a register each, given as (seconds ago, Wh), with 7.4 kW beside it."""
        readings = tuple(reading(self.at(ago), energy(wh), power(7400)) for ago, wh in registers)
        return MetersReported(evse, 1, str(transaction), readings)

    def status(self, status: str, evse: int = 1, error: str = "NoError") -> messages.StatusReported:
        return messages.StatusReported(evse, 1 if evse else 0, status, error, self.at())

    def command(self, name: str, action: str = "Reset", **fields: Any) -> messages.CommandRequested:
        """A command with what 1.6 knows of such a call, as the actor layer makes it."""
        given = {"payload": {"type": "Soft"}, "deadline": self.now + 120 * SECOND, **fields}
        given = {"intent": V16.intent(action, given["payload"]), "patience_s": V16.timeout_s(action)} | given
        self.commands[name] = action, given["payload"]
        return messages.CommandRequested(name, action, **given)

    def answered(self, name: str, answer: dict[str, Any]) -> messages.CallAnswered:
        """The station's answer to that command, as 1.6 reads it."""
        action, payload = self.commands[name]
        return messages.CallAnswered(name, answer, V16.outcome(action, answer), V16.learned(action, payload, answer))

    def told(self, kind: type[E]) -> list[E]:
        """All events of a kind so far."""
        return [event for event in self.events if isinstance(event, kind)]

    def outcomes(self) -> dict[str, list[str]]:
        """How each command ended; a list, to see one that ended twice."""
        found: dict[str, list[str]] = {}
        for event in self.events:
            if event.kind == "command" and event.state == "ended":
                found.setdefault(event.command, []).append(event.outcome)
        return found


def reading(at: Instant, *samples: Sample) -> MeterReading:
    return MeterReading(at, samples)


def energy(wh: int | str, **fields: str) -> Sample:
    return sample("Energy.Active.Import.Register", str(wh), "Wh", **fields)


def power(watts: int | str, **fields: str) -> Sample:
    return sample("Power.Active.Import", str(watts), "W", **fields)


def sample(measurand: str, raw: str, unit: str, **fields: str) -> Sample:
    given = {"phase": "", "location": "Outlet", "context": "Sample.Periodic", "format": "Raw", **fields}
    return Sample(measurand, unit=unit, raw=raw, value=Decimal(raw), base_unit=unit, **given)


def of(kind: type[E], effects: Sequence[Effect]) -> list[E]:
    return [effect for effect in effects if isinstance(effect, kind)]


def reply(effects: Sequence[Effect]) -> Any:
    """The answer of a step; there must be exactly one."""
    (one,) = of(Reply, effects)
    return one.answer


def appended(effects: Sequence[Effect]) -> list[str]:
    return [effect.event.kind for effect in of(Append, effects)]


def calls(effects: Sequence[Effect]) -> list[str]:
    return [effect.command for effect in of(SendCall, effects)]


def endings(effects: Sequence[Effect]) -> list[tuple[str, str]]:
    return [(effect.command, effect.outcome) for effect in of(CommandEnded, effects)]


def fields_of(event: Any, *names: str) -> tuple[Any, ...]:
    return tuple(asdict(event)[name] for name in names)
