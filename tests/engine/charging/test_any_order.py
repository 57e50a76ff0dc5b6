"""Whatever a station says in whatever order, resent or not, with hosts dying between: the books stay right.

The model is the real station: its meters and which transactions really took place. Beside the world stands a mirror
that is written to bytes and read back before every step; the two must do exactly the same for ever.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from engine.charging import messages
from engine.charging.effects import AppendMeters, ForgetSession, Reply, SendCall
from engine.charging.events import SessionAmended, SessionStarted, SessionStopped
from engine.charging.messages import MetersReported, StartReported, StopReported
from engine.charging.snapshots import (
    encode_part,
    encode_session,
    restore_charge_point,
    restore_session,
)
from engine.charging.transitions import CONNECTOR
from tests.engine.charging.world import ACCEPTED, World, of, reply


class Mirror(World):
    """A world that goes through bytes before every step."""

    def do(self, message: messages.Message) -> list[object]:  # type: ignore[override]
        parts = {part: encode_part(self.state, part) for part in ("core", "tx", "conf")}
        self.state = restore_charge_point("CP-1", {name: part for name, part in parts.items() if part})
        self.sessions = {
            name: restore_session("CP-1", name, encode_session(session)) for name, session in self.sessions.items()
        }
        return super().do(message)


@dataclass
class Real:
    """A transaction that really took place."""

    start: StartReported
    register: int
    number: int = 0
    stop: StopReported | None = None
    said: list[MetersReported] = field(default_factory=list)


class StationMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world, self.mirror = World(), Mirror()
        self.meters = {1: 1000, 2: 500_000}
        self.running: dict[int, Real] = {}
        self.all: list[Real] = []
        self.unknown_stops: list[StopReported] = []
        self.commands = 0

    def both(self, message: messages.Message) -> list[object]:
        done = self.world.do(message)
        assert self.mirror.do(message) == done
        return list(done)

    def tick(self, seconds: float) -> None:
        self.world.pass_time(seconds)
        self.mirror.pass_time(seconds)

    def again(self, message: StartReported | StopReported) -> StartReported | StopReported:
        """The same words as a frame of its own: the host makes up other fresh names."""
        self.world.numbers += 1
        number = self.world.numbers
        if isinstance(message, StartReported):
            standing = messages.TokenStanding("ConcurrentTx")
            return replace(message, fresh_transaction=number, fresh_session=f"session-{number}", standing=standing)
        return replace(message, fresh_session=f"session-{number}")

    @initialize()
    def connects(self) -> None:
        self.world.connect()
        self.mirror.connect()

    @rule(evse=st.sampled_from([1, 2]), token=st.sampled_from(["A", "b"]))
    def driver_starts(self, evse: int, token: str) -> None:
        """If a transaction ran on, its Stop is lost for good, as when a station loses its power."""
        self.tick(1)
        real = Real(self.world.start(self.meters[evse], token, evse), self.meters[evse])
        real.number = reply(self.both(real.start)).transaction  # type: ignore[arg-type]
        assert real.number == real.start.fresh_transaction
        self.running[evse] = real
        self.all.append(real)

    @precondition(lambda self: self.running)
    @rule(data=st.data(), wh=st.integers(0, 500))
    def meter_is_read(self, data: st.DataObject, wh: int) -> None:
        evse = data.draw(st.sampled_from(sorted(self.running)))
        self.tick(1)
        self.meters[evse] += wh
        real = self.running[evse]
        real.register = self.meters[evse]
        message = self.world.meters(real.number, (0, real.register), evse=evse)
        self.both(message)
        real.said.append(message)

    @precondition(lambda self: any(real.said for real in self.all))
    @rule(data=st.data())
    def meter_values_are_resent(self, data: st.DataObject) -> None:
        real = data.draw(st.sampled_from([real for real in self.all if real.said]))
        message = data.draw(st.sampled_from(real.said))
        for effect in of(AppendMeters, self.both(message)):  # type: ignore[arg-type]
            assert not effect.ordered

    @precondition(lambda self: self.running)
    @rule(data=st.data(), wh=st.integers(1, 500))
    def driver_stops(self, data: st.DataObject, wh: int) -> None:
        evse = data.draw(st.sampled_from(sorted(self.running)))
        self.tick(1)
        real = self.running.pop(evse)
        self.meters[evse] += wh
        real.register = self.meters[evse]
        readings = tuple(reading for message in real.said[-2:] for reading in message.readings)
        real.stop = self.world.stop(real.number, real.register, readings=readings)
        self.both(real.stop)

    @precondition(lambda self: self.all)
    @rule(data=st.data())
    def start_is_resent(self, data: st.DataObject) -> None:
        real = data.draw(st.sampled_from(self.all))
        (answered,) = self.both(self.again(real.start))
        assert isinstance(answered, Reply)
        assert answered.durable
        assert answered.answer == messages.StartAnswer(real.number, ACCEPTED)

    @precondition(lambda self: any(real.stop for real in self.all))
    @rule(data=st.data())
    def stop_is_resent(self, data: st.DataObject) -> None:
        real = data.draw(st.sampled_from([real for real in self.all if real.stop]))
        assert real.stop is not None
        assert self.both(self.again(real.stop)) == [Reply(messages.StopAnswer(None))]

    @precondition(lambda self: any(r.stop is None and r not in self.running.values() for r in self.all))
    @rule(data=st.data())
    def lost_stop_arrives_after_all(self, data: st.DataObject) -> None:
        lost = [r for r in self.all if r.stop is None and r not in self.running.values()]
        real = data.draw(st.sampled_from(lost))
        real.stop = self.world.stop(real.number, real.register + 1)
        self.both(real.stop)

    @rule(transaction=st.sampled_from(["0", "-1"]))
    def unknown_stop(self, transaction: str) -> None:
        """Its meter is below all starts, so that no later Start can be taken for its own."""
        self.tick(1)
        stop = self.world.stop(transaction, 5)
        self.both(stop)
        self.unknown_stops.append(stop)

    @precondition(lambda self: self.unknown_stops)
    @rule(data=st.data())
    def unknown_stop_is_resent(self, data: st.DataObject) -> None:
        stop = data.draw(st.sampled_from(self.unknown_stops))
        assert self.both(self.again(stop)) == [Reply(messages.StopAnswer(None))]

    @rule(data=st.data(), evse=st.sampled_from([0, 1, 2]))
    def status_changes(self, data: st.DataObject, evse: int) -> None:
        known = self.world.state.connectors.get((evse, 1 if evse else 0))
        legal = CONNECTOR.arrows["unknown" if known is None else known.status]
        self.both(self.world.status(data.draw(st.sampled_from(sorted(legal))), evse))

    @rule(wait=st.booleans(), action=st.sampled_from(["Reset", "RemoteStartTransaction", "GetConfiguration"]))
    def command_is_asked_for(self, wait: bool, action: str) -> None:
        self.commands += 1
        payload = {"Reset": {"type": "Hard"}, "RemoteStartTransaction": {"idTag": "A"}, "GetConfiguration": {}}[action]
        self.both(self.world.command(f"c{self.commands}", action, payload=payload, wait=wait))

    @precondition(lambda self: self.commands)
    @rule(data=st.data(), accepted=st.booleans())
    def command_is_answered(self, data: st.DataObject, accepted: bool) -> None:
        name = f"c{data.draw(st.integers(1, self.commands))}"
        outcome = "Accepted" if accepted else "Rejected"
        answer = messages.CallAnswered(name, {"status": outcome}, outcome)
        self.both(answer if accepted else messages.CallRefused(name, "InternalError", ""))

    @rule()
    def station_boots(self) -> None:
        self.both(messages.Booted("V", "M"))

    @rule(seconds=st.sampled_from([1, 20, 70, 400]))
    def time_passes(self, seconds: int) -> None:
        self.tick(seconds)

    @rule()
    def connection_is_lost(self) -> None:
        assert self.world.disconnect() == self.mirror.disconnect()

    @rule()
    def station_connects(self) -> None:
        assert self.world.connect() == self.mirror.connect()

    @rule()
    def host_dies(self) -> None:
        assert self.world.host_dies() == self.mirror.host_dies()

    @invariant()
    def each_real_transaction_has_one_session(self) -> None:
        started = [event.session for event in self.world.told(SessionStarted)]
        stopped = [event.session for event in self.world.told(SessionStopped)]
        assert len(started) == len(set(started)) == len(self.all) + len(self.unknown_stops)
        assert len(stopped) == len(set(stopped)) == len(started) - len(self.running)

    @invariant()
    def energy_is_that_of_the_meter(self) -> None:
        final = {event.session: event for event in self.world.told(SessionStopped)}
        amended = {event.session: event for event in self.world.told(SessionAmended)}
        assert len(amended) == len(self.world.told(SessionAmended))
        for real in self.all:
            session = real.start.fresh_session
            known = amended.get(session) or final.get(session)
            if real.stop is not None:
                assert known is not None
                assert Decimal(known.energy_wh) == real.stop.meter_stop - real.start.meter_start  # type: ignore[arg-type]
            elif known is not None:
                assert Decimal(known.energy_wh or 0) == real.register - real.start.meter_start

    @invariant()
    def every_reading_is_stored_once(self) -> None:
        for real in self.all:
            said = {message.readings[0].at.said for message in real.said}
            rows = self.world.rows.get(real.start.fresh_session, [])
            assert sorted(str(row[2]) for row in rows) == sorted(map(str, said))

    @invariant()
    def commands_are_sent_and_end_at_most_once(self) -> None:
        calls = [effect.command for effect in of(SendCall, self.world.happened)]
        assert len(calls) == len(set(calls))
        assert all(len(outcomes) == 1 for outcomes in self.world.outcomes().values())

    def teardown(self) -> None:
        """In the end every command has ended and every closed session is final."""
        self.tick(1000)
        assert len(self.world.outcomes()) == self.commands
        forgotten = [effect.session for effect in of(ForgetSession, self.world.happened)]
        assert sorted(forgotten) == sorted(event.session for event in self.world.told(SessionStopped))
        assert self.world.sessions.keys() == {real.start.fresh_session for real in self.running.values()}


TestStation = StationMachine.TestCase
TestStation.settings = settings(
    max_examples=200,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
