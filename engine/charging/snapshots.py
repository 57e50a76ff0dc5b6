"""Write states as versioned bytes, in parts, and read them back: what a host needs to go on where another ended.

A charge point has the parts `core` and `tx` and those of `kept/parts.py`; each of its sessions has one, `s:<session
id>`, and `c:<session id>` where it has a price: its tariff and course, which few meter values change. Only dirty
parts are written. A part carries its version ("v", or the first item of a session's array); `UPCASTERS` lift older
ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import astuple
from decimal import Decimal
from typing import Any, Final

import orjson

from engine.charging.intents import Intent
from engine.charging.kept.parts import is_kept
from engine.charging.messages import Booted, Instant
from engine.charging.secrecy import redacted
from engine.charging.session.pricing import Pricing, wants_of
from engine.charging.session.registers import as_text
from engine.charging.session.state import Closing, EventMemory, SessionState
from engine.charging.state import CORE, TX, ChargePointState, Command, Connector, Expectation, Occupied
from engine.charging.transactions import memory
from engine.tariffs.course import Flow
from engine.tariffs.flat import price_per_kwh
from engine.tariffs.stored import stored_tariff, tariff_of

VERSION: Final = 1
"""Of those parts that have no other in `VERSIONS`."""

SESSION: Final = "s:"
"""What a session's part name begins with; its id follows."""

COURSE: Final = "c:"
"""What the name of its tariff's and course's part begins with."""

_SESSION_VERSION: Final = 2
VERSIONS: Final[Mapping[str, int]] = {SESSION: _SESSION_VERSION}
_dumps: Final = orjson.dumps


def _price_of_first_session(row: list[Any]) -> list[Any]:
    """Version 1 had a price for each kWh and the cost as last told, and said nothing of its closing."""
    facts, later = row[1:17], row[17:]
    events, price = (*later, None, None)[:2]
    priced = None if price is None else [None, 0, *price[2:], price[:2]]
    return [2, *facts, events, priced, None]


UPCASTERS: dict[tuple[str, int], Callable[[Any], Any]] = {(SESSION, 1): _price_of_first_session}
"""(part without the session's id, version) → what makes the next version of it."""

_CORE_FIELDS = (
    "registration",
    "booted",
    "link",
    "link_since",
    "connection",
    "subprotocol",
    "remote",
    "offline_at",
    "last_seen",
    "ended",
    "deviations",
    "drift",
    "drift_least",
    "drift_until",
    "loose_newest",
    "loose_days",
)


def part_of_session(session: str) -> str:
    """The name of a session's part."""
    return SESSION + session


def part_of_course(session: str) -> str:
    """The name of the part with a session's tariff and course."""
    return COURSE + session


def charge_point_parts(state: ChargePointState) -> dict[str, bytes | None]:
    """The charge point's own parts that are to be written now (None: deleted); its dirtiness is cleared."""
    parts = {part: encode_part(state, part) for part in state.dirty}
    state.dirty.clear()
    return parts


def encode_part(state: ChargePointState, part: str) -> bytes | None:
    """One of the charge point's own parts, None if it is there no more."""
    if part == CORE:
        return _encode_core(state)
    if part == TX:
        return orjson.dumps(
            {
                "v": VERSION,
                "open": [orjson.Fragment(memory.pack(transaction)) for transaction in state.open.values()],
                "closed": [orjson.Fragment(row) for row in state.closed],
                "occupied": {session: astuple(occupied) for session, occupied in state.occupied.items()},
            }
        )
    if is_kept(part):
        return state.kept.get(part)
    raise ValueError(f"a charge point has no snapshot part {part!r}")


def _encode_core(state: ChargePointState) -> bytes:
    core: dict[str, Any] = {name: getattr(state, name) for name in _CORE_FIELDS}
    core["v"] = VERSION
    core["boot"] = None if state.boot is None else astuple(state.boot)
    core["connectors"] = [
        [evse, number, c.status, c.error, c.info, c.since, as_text(c.power), c.said, c.vendor_error]
        for (evse, number), c in state.connectors.items()
    ]
    core["commands"] = [
        [
            # A password that waits for its turn is never on disk: after a restart the command ends unsent.
            *(c.command, c.action, redacted(c.payload, urls=False), c.deadline, c.requested_by, c.state, c.expires),
            *(c.subprotocol, c.patience_s, tuple(c.intent)),
        ]
        for c in state.commands
    ]
    core["expected_starts"] = [astuple(expectation) for expectation in state.expected_starts]
    core["expected_boot"] = None if state.expected_boot is None else astuple(state.expected_boot)
    return orjson.dumps(core)


def restore_charge_point(charge_point: str, parts: Mapping[str, bytes]) -> ChargePointState:
    """A charge point's state from its parts; those that are missing are as in one that nobody has seen yet."""
    state = ChargePointState(charge_point)
    if CORE in parts:
        _decode_core(state, _lifted(CORE, parts[CORE]))
    if TX in parts:
        tx = _lifted(TX, parts[TX])
        state.open = {row[0]: memory.unpack(row) for row in tx["open"]}
        state.closed = [orjson.dumps(row) for row in tx["closed"]]
        # These came later within this version.
        state.occupied = {session: Occupied(*row) for session, row in tx.get("occupied", {}).items()}
    state.kept = {name: data for name, data in parts.items() if is_kept(name)}
    return state


def _decode_core(state: ChargePointState, core: dict[str, Any]) -> None:
    for name in _CORE_FIELDS:
        setattr(state, name, core[name])
    state.boot = None if core["boot"] is None else Booted(*core["boot"])
    for evse, number, status, error, info, since, power, *repeat in core["connectors"]:
        watts = None if power is None else Decimal(power)
        # The last two came later within this version; without them the next status counts as news.
        state.connectors[evse, number] = Connector(status, error, info, since, watts, *repeat)
    state.commands = [_command(*row) for row in core["commands"]]
    state.expected_starts = [Expectation(*row) for row in core["expected_starts"]]
    state.expected_boot = None if core["expected_boot"] is None else Expectation(*core["expected_boot"])


def _command(*row: Any) -> Command:
    """A command from its row; the last three items came later within this version."""
    return Command(*row) if len(row) < 10 else Command(*(*row[:9], Intent(*row[9])))


def encode_session(state: SessionState) -> bytes:
    """A session's part. It is written with every meter value, so it is small: an array, without what its key says."""
    start, register, power = state.meter_start, state.register, state.power
    return _dumps(
        (
            _SESSION_VERSION,
            state.phase,
            state.evse,
            state.connector,
            state.transaction,
            state.id_token,
            state.authorisation,
            state.command,
            None if start is None else str(start),
            state.started,
            None if register is None else str(register),
            state.register_at,
            None if power is None else str(power),
            state.newest,
            state.metered,
            state.told_at,
            state.doubts,
            None if state.events is None else _event_memory(state.events),
            None if state.pricing is None else _price(state.pricing),
            None if state.closing is None else astuple(state.closing),
        )
    )


def restore_session(charge_point: str, session: str, part: bytes, course: bytes | None = None) -> SessionState:
    """A session's state from its part, and from that of its tariff and course where it has a price."""
    values = _lifted(SESSION, part)
    start, started, register, register_at, power, newest, metered, told_at, doubts, *later = values[8:]
    events, price, closing = later
    phase, evse, connector, transaction, id_token, authorisation, command = values[1:8]
    return SessionState(
        charge_point,
        session,
        phase,
        evse,
        connector,
        transaction,
        id_token,
        authorisation,
        command,
        None if start is None else Decimal(start),
        started,
        None if register is None else Decimal(register),
        register_at,
        None if power is None else Decimal(power),
        newest,
        metered,
        told_at,
        tuple(doubts),
        None if events is None else _restored_events(events),
        None if price is None else _restored_pricing(price, course),
        None if closing is None else Closing(*closing),
    )


def _event_memory(events: EventMemory) -> list[Any]:
    stop = None if events.stop is None else [list(events.stop[0]), *events.stop[1:]]
    return [events.next, events.ahead, events.newest, events.stated, events.begun, stop]


def _restored_events(row: list[Any]) -> EventMemory:
    next_event, ahead, newest, stated, begun, stop = row
    said = None if stop is None else (Instant(*stop[0]), stop[1], stop[2])
    return EventMemory(next_event, tuple(ahead), newest, stated, begun, said)


def encode_course(pricing: Pricing) -> bytes:
    """The part of a session's tariff and course. It is written when one of these has changed, which is seldom."""
    readings = [
        (at, str(register), None if current is None else str(current)) for at, register, current in pricing.readings
    ]
    return orjson.dumps(
        (
            VERSION,
            None if pricing.tariff is None else stored_tariff(pricing.tariff),
            pricing.zone,
            pricing.group,
            pricing.statements,
            readings,
            pricing.keep_from,
            pricing.band,
        )
    )


def _price(pricing: Pricing) -> list[Any]:
    """What each minute changes of a price, and so goes with the session's own part."""
    return [as_text(pricing.cost), pricing.reckoned, as_text(pricing.shown), pricing.shown_at]


def _restored_pricing(row: list[Any], course: bytes | None) -> Pricing:
    cost, reckoned, shown, shown_at, *flat = row
    pricing = Pricing()
    if course is not None:
        _, tariff, pricing.zone, pricing.group, statements, readings, pricing.keep_from, band = _lifted(COURSE, course)
        pricing.tariff = None if tariff is None else tariff_of(tariff)
        pricing.statements = [(at, Flow(flow)) for at, flow in statements]
        pricing.readings = [(at, Decimal(wh), None if amps is None else Decimal(amps)) for at, wh, amps in readings]
        pricing.band = (band[0], band[1])
    elif flat:
        pricing.tariff = price_per_kwh(Decimal(flat[0][0]), flat[0][1])
    if pricing.tariff is not None:
        pricing.wants = wants_of(pricing.tariff)
    pricing.cost, pricing.reckoned = None if cost is None else Decimal(cost), reckoned
    pricing.shown, pricing.shown_at = None if shown is None else Decimal(shown), shown_at
    pricing.dirty = course is None
    return pricing


def restore_sessions(charge_point: str, parts: Mapping[str, bytes]) -> dict[str, SessionState]:
    """All sessions among the parts of a charge point, by id."""
    ids = [name.removeprefix(SESSION) for name in parts if name.startswith(SESSION)]
    return {
        session: restore_session(charge_point, session, parts[SESSION + session], parts.get(COURSE + session))
        for session in ids
    }


def _lifted(part: str, data: bytes) -> Any:
    content = orjson.loads(data)
    version = content["v"] if isinstance(content, dict) else content[0]
    present = VERSIONS.get(part, VERSION)
    while version < present:
        content = UPCASTERS[part, version](content)
        version += 1
    if version > present:
        raise ValueError(f"snapshot part {part!r} has version {version}, this release knows up to {present}")
    return content
