"""The browsers that a driver has subscribed, each by the address at its push service and its own keys."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from binascii import Error as NoBase64
from dataclasses import dataclass, fields

from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.clock import Clock, SystemClock
from engine.errors import Conflict, InvalidInput, NotFound
from engine.ids import new_id
from engine.notices.endpoints import Endpoints
from engine.stores.audit import note
from engine.stores.sql.dialect import upsert
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.notices import push_messages, push_subscriptions

MOST = 20
_S = push_subscriptions.c


@dataclass(frozen=True, slots=True)
class Subscription:
    """One browser. Keys are base64url as the browser gives them; `reached` is when it took a message last, µs."""

    id: str
    driver: str
    endpoint: str
    p256dh: str
    auth: str
    label: str
    created: int
    reached: int | None


_COLUMNS = [_S[field.name] for field in fields(Subscription)]


class Browsers:
    """All methods raise StoreUnavailable while SQL does not answer."""

    def __init__(self, database: Database, endpoints: Endpoints | None = None, clock: Clock | None = None) -> None:
        self._database, self._endpoints = database, endpoints or Endpoints()
        self._clock = clock or SystemClock()

    async def of(self, driver: str) -> list[Subscription]:
        """A driver's, the newest first."""
        query = select(*_COLUMNS).where(_S.driver == driver).order_by(_S.created.desc(), _S.id)
        async with self._database.read() as connection:
            return [Subscription(*row) for row in await connection.execute(query)]

    async def add(
        self, driver: str, network: str, endpoint: str, p256dh: str, auth: str, label: str = ""
    ) -> Subscription:
        """Subscribe a browser; one that is there already is this driver's from now on, and keeps its id.

        Raises InvalidInput, Conflict when the driver has too many.
        """
        self._endpoints.check(endpoint)
        check_keys(p256dh, auth)
        now = self._clock.now()
        async with self._database.write() as connection:
            count = select(func.count()).where(_S.driver == driver, _S.endpoint != endpoint)
            if (await connection.execute(count)).scalar_one() >= MOST:
                raise Conflict(f"{MOST} browsers at most.", field="endpoint", remedy="Remove one that is not used.")
            row = {"driver": driver, "p256dh": p256dh, "auth": auth, "label": label, "created": now}
            statement = upsert(connection.dialect.name, push_subscriptions)
            statement = statement.on_conflict_do_update(index_elements=["endpoint"], set_=row)
            await connection.execute(statement, row | {"id": new_id(), "endpoint": endpoint})
            found = (await connection.execute(select(*_COLUMNS).where(_S.endpoint == endpoint))).one()
            await note(connection, now, "created", "push_subscription", found.id, network=network)
            return Subscription(*found)

    async def remove(self, driver: str, network: str, id: str) -> None:
        """Raises NotFound, also for another driver's."""
        now = self._clock.now()
        async with self._database.write() as connection:
            mine = delete(push_subscriptions).where(_S.id == id, _S.driver == driver)
            if not (await connection.execute(mine)).rowcount:
                raise NotFound("There is no such browser.", field="id", remedy="See the list of your browsers.")
            await connection.execute(delete(push_messages).where(push_messages.c.subscription == id))
            await note(connection, now, "deleted", "push_subscription", id, network=network)


async def forget_browsers(connection: AsyncConnection, driver: str) -> None:
    """Delete all of a driver's, and what is on its way there."""
    await connection.execute(delete(push_subscriptions).where(_S.driver == driver))
    await connection.execute(delete(push_messages).where(push_messages.c.driver == driver))


def check_keys(p256dh: str, auth: str) -> None:
    """Raise InvalidInput unless they are a browser's keys (RFC 8291: a point on P-256, 16 bytes)."""
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _raw(p256dh))
    except (ValueError, NoBase64) as error:
        raise InvalidInput(
            "This is no public key.", field="keys.p256dh", remedy="Give what the browser's PushSubscription says."
        ) from error
    try:
        long = len(_raw(auth))
    except (ValueError, NoBase64):
        long = 0
    if long != 16:
        raise InvalidInput(
            "This is no secret of 16 bytes.", field="keys.auth", remedy="Give what the browser's PushSubscription says."
        )


def _raw(text: str) -> bytes:
    return urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))
