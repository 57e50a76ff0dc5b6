"""The image: all charge points as last told, in this façade's memory.

Filled from `Fleet`'s views (filling.py), kept by the live feed (applying.py). It costs no store anything to look at,
and is as fresh as the feed: a fraction of a second. Objects are changed in place; who needs to compare keeps a copy.

The shown state of a connector is one of eleven words: what the station said of it while there is a connection, and
Reconnecting or Offline where there is none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal

import structlog

from engine.access.scope import Scope
from engine.charging.transitions import STATUSES
from engine.places.availability import Told, stands, to_be_offered

log = structlog.get_logger("api.live")

OFFLINE, RECONNECTING, UNAVAILABLE = "Offline", "Reconnecting", "Unavailable"
SHOWN = (*STATUSES, OFFLINE, RECONNECTING)
"""All shown states, in the order in which a legend has them."""

_SHOWN_OF = {status: status for status in STATUSES}

Blocked = Callable[[str, int, int], str | None]
"""By charge point, EVSE and connector: what keeps drivers from it (the id of a maintenance job), None: nothing."""


Retired = Callable[[str], bool]
"""By charge point: whether it is out of use for good, and so no part of the fleet."""


def blocked_by_nothing(charge_point: str, evse: int, connector: int) -> str | None:
    """No connector is kept from drivers by us."""
    return None


@dataclass(slots=True)
class ConnectorImage:
    """A connector as last told; evse 0 and connector 0 stand for the whole of which they are a part.

    `since` (µs) is when its status began. `power_w`, `energy_wh` and `cost` are decimal text; `session` is "" where
    none runs, and `energy_wh`, `cost` and `currency` are that session's. `meter_start` (Wh) and `at` (µs, when the
    newest status was received) are for whoever keeps the image.
    """

    evse: int
    connector: int
    status: str = "unknown"
    error: str = ""
    vendor_error: str = ""
    since: int | None = None
    power_w: str | None = None
    session: str = ""
    started: int | None = None
    energy_wh: str | None = None
    cost: str | None = None
    currency: str = ""
    meter_start: Decimal | None = None
    at: int = 0

    def shown(self, link: str) -> str:
        """One of `SHOWN`. A connector that never said how it is counts as unavailable."""
        if link == "connected":
            return _SHOWN_OF.get(self.status, UNAVAILABLE)
        return RECONNECTING if link == "reconnecting" else OFFLINE


@dataclass(slots=True)
class ChargePointImage:
    """A charge point as last told. `link`: connected, reconnecting, offline or unknown; times are µs."""

    id: str
    link: str = "unknown"
    link_since: int | None = None
    registration: str = "unknown"
    vendor: str = ""
    model: str = ""
    firmware: str = ""
    last_seen: int | None = None
    connectors: list[ConnectorImage] = field(default_factory=list)

    def connector(self, evse: int, connector: int) -> ConnectorImage | None:
        """None for one that never told anything."""
        for each in self.connectors:
            if each.evse == evse and each.connector == connector:
                return each
        return None

    def real(self) -> Iterator[ConnectorImage]:
        """The connectors that a cable may hang on: without those that stand for a whole."""
        return (each for each in self.connectors if each.evse > 0 and each.connector > 0)

    def availability(self, evse: int, connector: int) -> str:
        """How a driver would find the connector: one of the words of engine/places/availability.py."""
        if self.link != "connected" or self.registration != "accepted":
            told: dict[tuple[int, int], Told] = {}
        else:
            told = {(each.evse, each.connector): (each.status, bool(each.session)) for each in self.connectors}
        return stands(told, evse, connector)


class FleetImage:
    """All of them. `within(scope, charge_point)` says whether one lies in a scope.

    `filled` is how many were read from the fleet since the last gap, `complete` whether those were all.
    """

    def __init__(
        self,
        within: Callable[[Scope, str], bool],
        blocked: Blocked = blocked_by_nothing,
        retired: Retired = lambda _: False,
    ) -> None:
        self._within, self.blocked, self._retired = within, blocked, retired
        self._images: dict[str, ChargePointImage] = {}
        self._callbacks: dict[object, Callable[[ChargePointImage], None]] = {}
        self.on_audience: Callable[[], None] = lambda: None
        self.filled = 0
        self.complete = False

    def __len__(self) -> int:
        return len(self._images)

    def __iter__(self) -> Iterator[ChargePointImage]:
        return iter(self._images.values())

    @property
    def followers(self) -> int:
        """How many follow the changes."""
        return len(self._callbacks)

    def get(self, charge_point: str) -> ChargePointImage | None:
        """By id in any case; None for one that never connected."""
        return self._images.get(charge_point.lower())

    def seen_by(self, sees: Callable[[str], bool]) -> Iterator[ChargePointImage]:
        """Those in use that `sees` (by charge point) says yes to. Do not let the event loop go on while you iterate."""
        return (image for image in self._images.values() if sees(image.id) and not self._retired(image.id))

    def counts(self, sees: Callable[[str], bool]) -> Counter[str]:
        """The connectors by their shown state."""
        return Counter(each.shown(image.link) for image in self.seen_by(sees) for each in image.real())

    def counts_within(self, scope: Scope) -> Counter[str]:
        """As `counts`, for all in a scope as it is now."""
        return self.counts(lambda charge_point: self._within(scope, charge_point))

    def offered(self, charge_point: str, evse: int, connector: int) -> bool:
        """Whether a driver may be offered it: not if it is faulted, offline, reserved, unavailable or blocked."""
        return to_be_offered(self.availability(charge_point, evse, connector))

    def availability(self, charge_point: str, evse: int, connector: int) -> str:
        """How a driver would find the connector: one of the words of engine/places/availability.py."""
        image = self.get(charge_point)
        if self.blocked(charge_point, evse, connector) is not None:
            return stands({(0, 0): (UNAVAILABLE, False)}, evse, connector)
        return stands({}, evse, connector) if image is None else image.availability(evse, connector)

    def follow(self, callback: Callable[[ChargePointImage], None]) -> Callable[[], None]:
        """Have `callback` called after each change, until what is returned is called.

        It may be called a thousand times a second and with the same object each time: note what changed, and draw it
        at a pace of your own.
        """
        key = object()
        self._callbacks[key] = callback
        self.on_audience()

        def stop() -> None:
            self._callbacks.pop(key, None)
            self.on_audience()

        return stop

    def charge_point(self, charge_point: str) -> ChargePointImage:
        """As `get`, for whoever keeps the image: one that is not there is made."""
        folded = charge_point.lower()
        image = self._images.get(folded)
        if image is None:
            image = self._images[folded] = ChargePointImage(charge_point)
        return image

    def put(self, image: ChargePointImage) -> None:
        """Take over what was read of a charge point. Who holds the object of before sees the change in it."""
        kept = self.charge_point(image.id)
        for name in ChargePointImage.__slots__:
            setattr(kept, name, getattr(image, name))
        self.tell(kept)

    def tell(self, image: ChargePointImage) -> None:
        """Call everybody who follows. One whose callback fails is told nothing more."""
        for key, callback in list(self._callbacks.items()):
            try:
                callback(image)
            except Exception:
                log.exception("follower_failed", charge_point=image.id)
                self._callbacks.pop(key, None)
