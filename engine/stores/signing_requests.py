"""Stations' requests for certificates, from the ledger: what the authority works off, and what became of each.

    asked ──► signed ──► installed       the station has accepted its certificate
       │         ├─────► rejected        the station refused it
       │         └─────► undelivered     it could not be told in time
       └──► refused                      the authority does not sign this, or a newer one instead; `detail` says why

A request is signed before it is sent, under a command id of its own: after a restart it is sent under the same one, so
that no station gets two answers to one request.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

from sqlalchemy import and_, exists, or_, select, tuple_, update

from engine.access.scope import EVERYWHERE, Scope
from engine.clock import Clock, SystemClock
from engine.stores.sql.engine import Database
from engine.stores.sql.models import signing_requests
from engine.stores.whereabouts import said_within

ASKED, SIGNED = "asked", "signed"
INSTALLED, REJECTED, UNDELIVERED, REFUSED = "installed", "rejected", "undelivered", "refused"

ASKED_AGAIN = "The station has asked again since."


@dataclass(frozen=True, slots=True)
class SigningRequest:
    """One request. `use` as in 2.x, `request` the station's own number of it (2.1), times in microseconds."""

    charge_point: str
    received: int
    csr: str
    use: str
    request: int | None
    state: str
    serial_number: str
    command: str
    detail: str
    updated: int


_COLUMNS = [signing_requests.c[field.name] for field in fields(SigningRequest)]


class SigningRequests:
    """The repository. All methods raise StoreUnavailable while SQL does not answer."""

    def __init__(self, database: Database, clock: Clock | None = None) -> None:
        self._database = database
        self._clock = clock or SystemClock()

    async def unfinished(self, limit: int = 100) -> Sequence[SigningRequest]:
        """What the authority has to do: what is to be signed before what is to be delivered, each oldest first.

        Of a station's requests for the same use only the newest counts: it asks again where it waited in vain.
        """
        table, newer = signing_requests.c, signing_requests.alias()
        again = exists().where(
            newer.c.charge_point == table.charge_point, newer.c.use == table.use, newer.c.received > table.received
        )
        query = select(*_COLUMNS).where(or_(table.state == SIGNED, and_(table.state == ASKED, ~again)))
        query = query.order_by(table.state, table.received).limit(limit)
        async with self._database.read() as connection:
            return [SigningRequest(*row) for row in await connection.execute(query)]

    async def signed(self, request: SigningRequest, serial_number: str, command: str) -> SigningRequest:
        """It is signed; the certificate will be sent by this command."""
        return await self._move(request, state=SIGNED, serial_number=serial_number, command=command)

    async def ended(self, request: SigningRequest, state: str, detail: str = "") -> SigningRequest:
        """Nothing more is done about it."""
        return await self._move(request, state=state, detail=detail[:1000])

    async def latest(
        self,
        *,
        charge_point: str | None = None,
        before: tuple[int, str] | None = None,
        limit: int = 100,
        scope: Scope = EVERYWHERE,
    ) -> Sequence[SigningRequest]:
        """Those of charge points within `scope`, newest first, from before (time, charge point) on."""
        table = signing_requests.c
        query = select(*_COLUMNS).order_by(table.received.desc(), table.charge_point.desc()).limit(limit)
        query = query.where(said_within(scope, table.charge_point))
        if charge_point is not None:
            query = query.where(table.charge_point == charge_point)
        if before is not None:
            query = query.where(tuple_(table.received, table.charge_point) < before)
        async with self._database.read() as connection:
            return [SigningRequest(*row) for row in await connection.execute(query)]

    async def _move(self, request: SigningRequest, **values: str) -> SigningRequest:
        table = signing_requests.c
        statement = (
            update(signing_requests)
            .where(table.charge_point == request.charge_point, table.received == request.received)
            .values(values | {"updated": self._clock.now()})
            .returning(*_COLUMNS)
        )
        older = (table.charge_point == request.charge_point, table.use == request.use, table.state == ASKED)
        given_up = update(signing_requests).where(*older, table.received < request.received)
        async with self._database.write() as connection:
            await connection.execute(given_up.values(state=REFUSED, detail=ASKED_AGAIN, updated=self._clock.now()))
            return SigningRequest(*(await connection.execute(statement)).one())
