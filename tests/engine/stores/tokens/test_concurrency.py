"""How many sessions at once: starts, stops, retries, reconnects and hosts that die, in any order.

Three stations of two EVSEs at two hosts, and the journal that tells each host what the other has committed. Nobody ever
gets more sessions than permitted, nobody is refused one that is free, and what is said again is answered as at first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from engine.charging.effects import Reply
from engine.charging.events import SessionIdentified, SessionStarted, SessionStopped
from engine.charging.messages import AuthorizeAnswer, AuthorizeAsked, StartAnswer, StartReported
from engine.stores.tokens.book import TokenBook
from engine.stores.tokens.held import HeldGroup, MemoryTokenSource
from engine.stores.tokens.open_sessions import Open
from engine.stores.tokens.token import Token
from tests.engine.charging.world import World

SOURCE = MemoryTokenSource(
    Token("ONE", max_sessions=1),
    Token("Two", max_sessions=2),
    Token("GA", group_id="Fleet"),
    Token("GB", group_id="FLEET", max_sessions=1),
    Token("FREE"),
    groups=[HeldGroup("default", "fleet", False, "", 2, False)],
)
LIMITS = {("one",): 1, ("two",): 2, ("ga", "gb"): 2, ("gb",): 1}
TOKENS = st.sampled_from(["ONE", "one", "Two", "GA", "GB", "FREE"])
STATIONS, EVSES = st.integers(0, 2), st.integers(1, 2)


@dataclass
class Running:
    """A transaction as its station sees it."""

    start: StartReported
    answer: StartAnswer

    @property
    def accepted(self) -> bool:
        return self.answer.standing.accepted


class Hosts(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.worlds = [World() for _ in range(3)]
        for number, world in enumerate(self.worlds):
            world.numbers = 1000 * (number + 1)
        self.at = [0, 0, 1]
        self.ledger: dict[str, Open] = {}
        self.running: dict[tuple[int, int], Running] = {}
        self.meter = 1000
        self.seen = [0, 0, 0]
        self.late: list[tuple[int, Callable[[TokenBook], None]]] = []

    def now(self) -> int:
        return self.worlds[0].now

    def book(self) -> TokenBook:
        book = TokenBook(SOURCE, self)  # type: ignore[arg-type]
        asyncio.run(book.read())
        book.open.read(self.ledger.values(), self.now())
        return book

    @initialize()
    def begin(self) -> None:
        self.books = [self.book(), self.book()]
        for station, world in enumerate(self.worlds):
            world.connect()
            self.committed(station)

    # what the actor layer does ----------------------------------------------------------------------------------------

    def committed(self, station: int) -> None:
        """The host of this station knows at once, the others by the journal."""
        world = self.worlds[station]
        self.books[self.at[station]].open.at(f"CP-{station}", world.state)
        for event in world.events[self.seen[station] :]:
            if isinstance(event, (SessionStarted, SessionIdentified)) and event.authorisation in ("", "Accepted"):
                opened = Open(event.session, f"CP-{station}", event.id_token.lower(), event.received)
                self.ledger[event.session] = opened
                self.tell(self.at[station], lambda book, opened=opened: book.open.heard(opened))
            elif isinstance(event, SessionStopped):
                self.ledger.pop(event.session, None)
                ended = event.session
                self.tell(self.at[station], lambda book, ended=ended: book.open.ended(ended, self.now()))
        self.seen[station] = len(world.events)

    def tell(self, own: int, news: Callable[[TokenBook], None]) -> None:
        """The other host now; the station's own, which knows already, when it comes to it."""
        news(self.books[1 - own])
        self.late.append((own, news))

    def hear_echo(self) -> None:
        for host, news in self.late:
            news(self.books[host])
        self.late = []

    def standing(self, station: int, token: str):  # type: ignore[no-untyped-def]
        return self.books[self.at[station]].standing(token, f"CP-{station}")

    def says(self, station: int, message: object) -> object:
        effects = self.worlds[station].do(message)  # type: ignore[arg-type]
        self.committed(station)
        return next(effect.answer for effect in effects if isinstance(effect, Reply))

    def tick(self) -> None:
        for station, world in enumerate(self.worlds):
            world.pass_time(1)
            self.committed(station)

    def open_by(self, names: tuple[str, ...], but: tuple[int, int] | None = None) -> int:
        return sum(
            one.accepted and one.start.id_token.lower() in names for place, one in self.running.items() if place != but
        )

    # what happens -----------------------------------------------------------------------------------------------------

    @rule(station=STATIONS, evse=EVSES, token=TOKENS)
    def card_is_shown(self, station: int, evse: int, token: str) -> None:
        """If a transaction ran on there, its Stop is lost for good, as when a station loses its power."""
        self.tick()
        self.meter += 10
        place = (station, evse)
        free = all(self.open_by(names, place) < most for names, most in LIMITS.items() if token.lower() in names)
        world = self.worlds[station]
        start = world.start(self.meter, token, evse, standing=self.standing(station, token))
        answer = self.says(station, start)
        assert isinstance(answer, StartAnswer)
        assert answer.standing.status == ("Accepted" if free else "ConcurrentTx")
        self.running[place] = Running(start, answer)

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def start_is_said_again(self, data: st.DataObject) -> None:
        """Its answer was lost; maybe the station is at another host by now."""
        station, evse = data.draw(st.sampled_from(sorted(self.running)))
        first = self.running[station, evse]
        world = self.worlds[station]
        world.numbers += 1
        again = replace(
            first.start,
            standing=self.standing(station, first.start.id_token),
            fresh_transaction=world.numbers,
            fresh_session=f"session-{world.numbers}",
        )
        assert self.says(station, again) == first.answer

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def card_is_shown_to_stop(self, data: st.DataObject) -> None:
        station, evse = data.draw(st.sampled_from(sorted(self.running)))
        running = self.running[station, evse]
        if running.accepted:
            token = running.start.id_token
            asked = self.says(station, AuthorizeAsked(token, self.standing(station, token)))
            assert isinstance(asked, AuthorizeAnswer)
            assert asked.standing.status == "Accepted"
            assert asked.standing.taken == ()

    @precondition(lambda self: self.running)
    @rule(data=st.data(), named=st.booleans())
    def session_stops(self, data: st.DataObject, named: bool) -> None:
        self.tick()
        self.meter += 10
        place = data.draw(st.sampled_from(sorted(self.running)))
        running = self.running.pop(place)
        token = running.start.id_token if named else ""
        standing = self.standing(place[0], token) if named else None
        stop = self.worlds[place[0]].stop(running.answer.transaction, self.meter, token, standing=standing)
        self.says(place[0], stop)

    @rule(station=STATIONS, host=st.integers(0, 1))
    def station_comes_back(self, station: int, host: int) -> None:
        """To the same host or the other one, which goes on from what was committed."""
        self.hear_echo()
        self.books[self.at[station]].open.gone(f"CP-{station}")
        self.at[station] = host
        self.worlds[station].host_dies()
        self.worlds[station].connect()
        self.committed(station)

    @rule(host=st.integers(0, 1))
    def host_dies(self, host: int) -> None:
        """It begins anew from the ledger; its stations come back one by one, with their next message."""
        self.hear_echo()
        self.books[host] = self.book()

    @rule()
    def echo_arrives(self) -> None:
        self.hear_echo()

    @invariant()
    def nobody_has_more_than_permitted(self) -> None:
        for names, most in LIMITS.items():
            assert self.open_by(names) <= most


TestHosts = Hosts.TestCase
TestHosts.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
