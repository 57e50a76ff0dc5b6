"""Chargers that nobody has registered, as one host hears them at its door: noted for the inbox, or let in at once.

A knock costs no more than a dictionary's entry; what was heard is written every few seconds, so many rows at most. How
long the refusal takes tells nothing: the door has checked a password by then, known or not.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

import structlog

from engine.clock import SECOND, Clock
from engine.errors import InvalidInput, StoreUnavailable
from engine.places.commissioning import COMMISSIONING
from engine.stores.places.book import PlaceBook
from engine.stores.places.inbox import CERTIFICATE, NONE, PASSWORD, Inbox, Knocked
from engine.stores.registration import NewChargePoint
from engine.stores.registry import Registry

log = structlog.get_logger("arrivals")
WRITE_EVERY_S = 3.0
MAX_HEARD = 200
"""Chargers that are remembered between two writes; others are heard when they knock again."""

WELCOMES = 200
"""Chargers that a host registers by itself at once; then one a second more."""

_MAX_OFFERED = 100


class Arrivals:
    """One host's. `keep_writing` is to run beside the door."""

    def __init__(self, inbox: Inbox, registry: Registry, places: PlaceBook, clock: Clock) -> None:
        self._inbox, self._registry, self._places, self._clock = inbox, registry, places, clock
        self._heard: dict[str, Knocked] = {}
        self._something = asyncio.Event()
        self._welcomed_until = 0

    async def welcome(self, charge_point: str, secret: bytes | None, certificate: bool) -> bool:
        """Register a charger if its network-to-be accepts automatically. True if it is registered now.

        A password that it offers is its password from then on; with a certificate alone it has to show that. It is in
        commissioning: that drivers are sent there is for somebody to say. Raises StoreUnavailable, PasswordsBusy.
        """
        station = self._places.arrival_station(self._inbox.network)
        if not station or not self._may_welcome():
            return False
        new = NewChargePoint(
            charge_point,
            station_id=station,
            security_profile=3 if certificate else None,
            commissioning=COMMISSIONING,
        )
        try:
            await self._registry.create(new, secret)
        except InvalidInput as error:
            # Its id was retired, or is another's certificate name: nothing that it can do about it.
            log.info("not_accepted_automatically", charge_point=charge_point, reason=error.message)
            return False
        log.info("accepted_automatically", charge_point=charge_point, station=station)
        return True

    def _may_welcome(self) -> bool:
        now = self._clock.now()
        until = max(self._welcomed_until, now) + SECOND
        if until - now > WELCOMES * SECOND:
            return False
        self._welcomed_until = until
        return True

    def knocked(
        self, charge_point: str, address: str, subprotocols: tuple[str, ...], *, secret: bool, certificate: bool
    ) -> None:
        """Note one that was refused. Of its credentials only which kind they are."""
        now = self._clock.now()
        offered = " ".join(subprotocols)[:_MAX_OFFERED]
        kind = CERTIFICATE if certificate else PASSWORD if secret else NONE
        before = self._heard.get(charge_point.lower())
        if before is None and len(self._heard) >= MAX_HEARD:
            return
        heard = Knocked(charge_point, address, offered, kind, 1, now, now)
        if before is not None:
            heard = replace(heard, knocks=before.knocks + 1, first_seen=before.first_seen)
        self._heard[charge_point.lower()] = heard
        self._something.set()

    async def keep_writing(self) -> None:
        """Write down what was heard, every few seconds if there is anything; for ever."""
        while True:
            await self._something.wait()
            await self.write_down()
            await asyncio.sleep(WRITE_EVERY_S)

    async def write_down(self) -> None:
        """Write down what was heard so far. While SQL is away it is kept for the next time."""
        self._something.clear()
        heard, self._heard = self._heard, {}
        try:
            await self._inbox.write_down(list(heard.values()))
        except StoreUnavailable as error:
            log.warning("arrivals_not_written", count=len(heard), error=str(error))
            self._heard = heard | self._heard
            self._something.set()
