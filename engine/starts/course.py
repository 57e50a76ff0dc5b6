"""What becomes of a start: pure. `next_step` looks at the start and at the world, and says what to do now.

A start goes from the request over the payment (where one is needed) and the remote start to a session, or to one of
`ENDS`. It has the connector to itself from `commanding` on: who asks while another has it is told that it is taken.

A transaction may begin after the start has ended: the charger was slow, or the driver plugged in late. Nobody has been
promised to pay for it, so it is stopped at once (`LateStop`), whatever end the start has had; what it has cost all the
same becomes an open item of finance, with the driver's name. It never makes an ended start another one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.charging.events import CommandOutcome
from engine.charging.transitions import Table
from engine.clock import SECOND
from engine.payments.course import OVER_UNPAID
from engine.payments.port import in_plain_words

REQUESTED, PAYING, COMMANDING, WAITING, CHARGING, ENDED = STATES = (
    "requested",
    "paying",
    "commanding",
    "waiting",
    "charging",
    "ended",
)
COMPLETED = "completed"

ENDS: Mapping[str, str] = {
    COMPLETED: "The session is over.",
    "offline": "The charger is not connected at the moment. Nothing was charged.",
    "not_plugged_in": "The cable was not plugged in in time. Nothing was charged.",
    "refused_by_charger": "The charger did not accept the start. Nothing was charged.",
    "no_transaction_in_time": "The charger did not begin in time. Nothing was charged.",
    "connector_taken": "Somebody else is charging here. Nothing was charged.",
    "connector_unavailable": "This connector is out of order or reserved. Nothing was charged.",
    "under_maintenance": "This connector is being repaired. Nothing was charged.",
    "token_refused": "You may not charge here. Nothing was charged.",
    "payment_declined": "The payment was declined. Nothing was charged.",
    "payment_expired": "The payment was not finished in time. Nothing was charged.",
    "cancelled": "You have cancelled. Nothing was charged.",
    "failed": "It could not be started, through no fault of yours. Nothing was charged.",
}
"""How a start can end, and what the driver is told."""

START = Table(
    "start",
    "A start that a driver has asked for. The arrows to `ended` bear the one end that it has had. Only `completed` "
    "costs anything.",
    REQUESTED,
    {
        REQUESTED: {"payment needed": PAYING, "connector held": COMMANDING, **dict.fromkeys(ENDS, ENDED)},
        PAYING: {"connector held": COMMANDING, **dict.fromkeys(ENDS, ENDED)},
        COMMANDING: {"accepted": WAITING, "transaction": CHARGING, **dict.fromkeys(ENDS, ENDED)},
        WAITING: {"transaction": CHARGING, **dict.fromkeys(ENDS, ENDED)},
        CHARGING: {COMPLETED: ENDED, "token_refused": ENDED},
        ENDED: {},
    },
)

LEDGER_LAG_US = 5 * SECOND
"""How much later than the deadline a transaction may become known that began before it."""

_FREE = frozenset({"", "Available", "Preparing", "Occupied", "Finishing"})
"""Where a remote start has a chance: plugged in or not. 2.x's Occupied says no more than that a cable is there."""

_OUT = frozenset({"Faulted", "Unavailable", "Reserved"})


@dataclass(frozen=True, slots=True)
class Start:
    """What the course must know of a start. `needs_payment`: none is begun without one that is authorised.

    `pay_by`, `plug_in_by` in microseconds. `stop_because` is "" until somebody wants the session stopped.
    """

    state: str
    needs_payment: bool = False
    ended_as: str = ""
    cancelled: bool = False
    pay_by: int | None = None
    plug_in_by: int | None = None
    stop_because: str = ""


@dataclass(frozen=True, slots=True)
class World:
    """What is to be seen around a start.

    `payment` and `payment_reason` are the payment's; `standing` the token's; `connected` the station's link;
    `connector` its status; `job` the maintenance job for which nobody may charge there; `occupied`: a session that is
    not this start's runs there. `outcome` is the command's, "" while it is under way. `session` is the session that
    the command led to, or that this token began there; `authorisation` how it stood, `over` whether it has stopped.
    """

    payment: str = ""
    payment_reason: str = ""
    standing: str = "Accepted"
    connected: bool = True
    connector: str = ""
    job: str = ""
    occupied: bool = False
    outcome: str = ""
    session: str = ""
    authorisation: str = ""
    over: bool = False


@dataclass(frozen=True, slots=True)
class AskPayment:
    """Have the payment authorised."""


@dataclass(frozen=True, slots=True)
class TakeConnector:
    """Have the connector for this start alone, then command. Whoever comes second gets `connector_taken`."""


@dataclass(frozen=True, slots=True)
class Command:
    """Send the remote start, or learn how it went, by the id that is written down."""


@dataclass(frozen=True, slots=True)
class Await:
    """The charger has consented: wait for the transaction."""


@dataclass(frozen=True, slots=True)
class Charge:
    """The session has begun."""


@dataclass(frozen=True, slots=True)
class StopSession:
    """Have the session stopped from afar; asked again until it has."""


@dataclass(frozen=True, slots=True)
class LateStop:
    """As StopSession, for a session that began after the start had ended."""


@dataclass(frozen=True, slots=True)
class End:
    """It is over. `detail` is for those who look into it."""

    how: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Nothing:
    """Look again later."""


Step = AskPayment | TakeConnector | Command | Await | Charge | StopSession | LateStop | End | Nothing


def next_step(start: Start, world: World, now: int) -> Step:
    """What to do at `now` (microseconds)."""
    if start.state == ENDED:
        late = world.session and not world.over and start.ended_as != COMPLETED
        return LateStop() if late else Nothing()
    if start.state == CHARGING:
        return _charging(start, world)
    if start.state in (COMMANDING, WAITING) and world.session:
        return Charge()
    if start.cancelled:
        return End("cancelled")
    if start.state == REQUESTED:
        return in_the_way(world) or (AskPayment() if start.needs_payment else TakeConnector())
    if start.state == PAYING:
        return _paying(start, world, now)
    if start.state == COMMANDING:
        return _commanding(world)
    return _waiting(start, world, now)


def in_the_way(world: World) -> End | None:
    """What stands against it from the start."""
    if world.standing != "Accepted":
        return End("token_refused", world.standing)
    if not world.connected:
        return End("offline")
    if world.job:
        return End("under_maintenance", world.job)
    if world.connector in _OUT:
        return End("connector_unavailable", world.connector)
    if world.occupied or world.connector not in _FREE:
        return End("connector_taken", world.connector)
    return None


def _paying(start: Start, world: World, now: int) -> Step:
    if world.payment == "authorised":
        return in_the_way(world) or TakeConnector()
    if world.payment == "declined":
        return End("payment_declined", world.payment_reason)
    if world.payment in ("expired", "voided"):
        return End("payment_expired", world.payment_reason)
    if world.payment in OVER_UNPAID or world.payment not in ("", "requested", "action_required", "pending"):
        return End("failed", f"payment {world.payment}")
    if start.pay_by is not None and now >= start.pay_by:
        return End("payment_expired", "not_in_time")
    return Nothing()


def _commanding(world: World) -> Step:
    """A command that was not answered may have been heard all the same: then what follows decides."""
    outcome = world.outcome
    if outcome == "":
        return Command()
    if outcome in (CommandOutcome.ACCEPTED, CommandOutcome.TIMED_OUT):
        return Await()
    if outcome in (CommandOutcome.NOT_CONNECTED, CommandOutcome.EXPIRED):
        return End("offline", outcome)
    if outcome in (CommandOutcome.REJECTED, CommandOutcome.FAILED):
        return End("refused_by_charger", outcome)
    return End("failed", outcome)


def _waiting(start: Start, world: World, now: int) -> Step:
    if start.plug_in_by is None or now < start.plug_in_by + LEDGER_LAG_US:
        return Nothing()
    if not world.connected:
        return End("offline", "the charger went away after it had consented")
    if world.connector in ("", "Available"):
        return End("not_plugged_in")
    return End("no_transaction_in_time", world.connector)


def _charging(start: Start, world: World) -> Step:
    if world.over:
        refused = world.authorisation not in ("", "Accepted")
        return End("token_refused", world.authorisation) if refused else End(COMPLETED)
    if start.stop_because or world.authorisation not in ("", "Accepted"):
        return StopSession()
    return Nothing()


def told(ended_as: str, detail: str = "") -> str:
    """What the driver is told of an end."""
    if ended_as == "payment_declined" and detail:
        return f"{in_plain_words(detail)} Nothing was charged."
    return ENDS.get(ended_as, "")
