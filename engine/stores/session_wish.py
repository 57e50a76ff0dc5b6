"""Which sessions are wanted, as SQL's conditions: the same for the list and for what is exported of it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Text, cast, not_, or_, select

from engine.access.scope import Scope
from engine.stores.drivers.own_sessions import of_driver
from engine.stores.sql.models import charge_points, sessions
from engine.stores.sql.tables.billing import review_items
from engine.stores.whereabouts import session_within

_S = sessions.c
TROUBLE = or_(
    cast(_S.doubts, Text) != "[]",
    _S.id.in_(select(review_items.c.session).where(review_items.c.resolved.is_(None))),
)
"""The station's data are doubtful, or finance has to decide about it."""


@dataclass(frozen=True, slots=True)
class SessionWish:
    """None: any. `since` ≤ started < `until`, microseconds. `running`: not stopped yet."""

    charge_point: str | None = None
    state: str | None = None
    since: int | None = None
    until: int | None = None
    id_token: str | None = None
    station: str | None = None
    network: str | None = None
    driver: str | None = None
    running: bool | None = None
    trouble: bool | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = []
        for name in ("charge_point", "state", "id_token"):
            if (value := getattr(self, name)) is not None:
                found.append(_S[name] == value)
        if self.station is not None:
            there = select(charge_points.c.id).where(charge_points.c.station_id == self.station)
            found.append(_S.charge_point.in_(there))
        if self.network is not None:
            found.append(session_within(Scope(frozenset({self.network}))))
        if self.driver is not None:
            found.append(_S.id.in_(of_driver(self.driver).with_only_columns(_S.id)))
        if self.running is not None:
            found.append(_S.stopped.is_(None) if self.running else _S.stopped.is_not(None))
        if self.trouble is not None:
            found.append(TROUBLE if self.trouble else not_(TROUBLE))
        if self.since is not None:
            found.append(_S.started >= self.since)
        if self.until is not None:
            found.append(_S.started < self.until)
        return found
