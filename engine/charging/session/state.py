"""What a session's machine remembers."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from engine.charging.messages import Instant
from engine.charging.session.pricing import Pricing
from engine.charging.transitions import SESSION


@dataclass(slots=True)
class EventMemory:
    """What only a session told by TransactionEvents remembers (2.x): which events came, in whichever order.

    All events below `next` were seen, and those in `ahead`. `newest` is the time of the youngest, `stated` the number
    of the one whose charging state is in force. `begun`: the Started came. `stop` is how the Ended closed the session:
    (at, id token, reason).
    """

    next: int = 0
    ahead: tuple[int, ...] = ()
    newest: int = 0
    stated: int = -1
    begun: bool = False
    stop: tuple[Instant, str, str] | None = None


@dataclass(slots=True)
class Closing:
    """How a session was closed: when (believed), why, and whether that it is settled was said."""

    stopped: int
    reason: str
    settled: bool = False


@dataclass(slots=True)
class SessionState:
    """One session. `SessionState(charge_point, session)` is one that nothing was said to yet.

    `register` (Wh) is the newest import register and `register_at` its time; `newest` is the youngest reading of the
    session's meter stream. `told_at` is when the last event about it went out. Times are microseconds.
    `events` is None where the station speaks 1.6, `pricing` where there is no price, `closing` while it is open.
    """

    charge_point: str
    session: str
    phase: str = SESSION.initial
    evse: int = 0
    connector: int = 0
    transaction: str = ""
    id_token: str = ""
    authorisation: str = ""
    command: str = ""
    meter_start: Decimal | None = None
    started: int | None = None
    register: Decimal | None = None
    register_at: int = 0
    power: Decimal | None = None
    newest: int = 0
    metered: int = 0
    told_at: int = 0
    doubts: tuple[str, ...] = ()
    events: EventMemory | None = None
    pricing: Pricing | None = None
    closing: Closing | None = None
    dirty: bool = False

    @property
    def energy(self) -> Decimal | None:
        """Energy so far in Wh."""
        if self.register is None or self.meter_start is None:
            return None
        return self.register - self.meter_start
