"""A driver with an account and a card, at a station in Berlin, in real SQL."""

from __future__ import annotations

from sqlalchemy import insert, update

from engine.clock import ManualClock
from engine.deliveries.senders.receivers import Receivers
from engine.notices.endpoints import Endpoints
from engine.stores.business import Business, open_business
from engine.stores.changes import PubSubChangeFeed
from engine.stores.installation_key import InstallationKey
from engine.stores.pubsub import MemoryPubSub
from engine.stores.sql.engine import Database
from engine.stores.sql.models import sessions
from engine.stores.sql.tables import people, places, tokens

KEY = InstallationKey(b"k" * 32)
LOOPBACK = Endpoints(Receivers.of("127.0.0.0/8"))
DRIVER, CARD, SESSION = "u-asha", "CARD-7", "s-1"


def business_over(database: Database, clock: ManualClock) -> Business:
    feed = PubSubChangeFeed(MemoryPubSub())
    return open_business(database, feed, KEY, clock=clock, facade_url="https://ev.example", endpoints=LOOPBACK)


async def furnish(business: Business, *, language: str = "en") -> None:
    """Asha, her card, CP-1 with a session of hers that runs, and somebody of support."""
    now = business.clock.now()
    at = {"created": now, "updated": now}
    async with business.database.write() as connection:
        await connection.execute(update(places.stations).values(name="Harbour", time_zone="Europe/Berlin"))
        point = {"id": "CP-1", "folded": "cp-1", "station_id": "default"}
        await connection.execute(insert(places.charge_points), point | at)
        account: dict[str, object] = {"id": DRIVER, "kind": "driver", "network": "default", "name": "Asha"}
        account |= {"email": "asha@example.org", "email_verified": now, "password_hash": ""}
        await connection.execute(insert(people.users), account | at)
        helper = {"id": "u-help", "email": "help@example.org", "password_hash": ""}
        await connection.execute(insert(people.users), helper | at)
        grant = {"id": "g1", "account": "u-help", "role": "support", "network": "default", "created": now}
        await connection.execute(insert(people.grants), grant)
        driver = {"id": DRIVER, "network": "default", "account": DRIVER, "language": language}
        await connection.execute(insert(tokens.drivers), driver | at)
        card = {"network": "default", "folded": CARD.lower(), "id_token": CARD, "driver": DRIVER}
        await connection.execute(insert(tokens.tokens), card | at)
        holds = {"network": "default", "folded": CARD.lower(), "since": 0, "driver": DRIVER}
        await connection.execute(insert(tokens.token_holders), holds)
        session = {"id": SESSION, "charge_point": "CP-1", "id_token": CARD, "state": "metered", "network": "default"}
        place = {"evse": 1, "connector": 1, "started": now, "updated": now}
        await connection.execute(insert(sessions), session | place)
