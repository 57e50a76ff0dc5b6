"""The outbox in SQL: what is waiting, sent and dead, and the worker's hold on one letter at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.access.scope import Scope
from engine.clock import Clock
from engine.errors import Changed, Conflict, NotFound
from engine.outbox.letter import Attachment
from engine.stores import audit
from engine.stores.listing import Listing, Wanted
from engine.stores.paging import Page
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.outbox import outbox

WAITING, SENT, DEAD = "waiting", "sent", "dead"
MAX_ERROR = 500
"""Characters of a failure's text that are kept."""

_LISTING = Listing({"created": (outbox.c.created, int), "due": (outbox.c.due, int)}, outbox.c.id, "-created")
_SHOWN = (
    *("id", "network", "kind", "recipient", "language", "subject", "state", "attempts", "error"),
    *("created", "due", "expires", "ended", "version"),
)


@dataclass(frozen=True, slots=True)
class Dispatch:
    """A letter's way so far, without its text. Times in microseconds; `due` is its next try while it is waiting."""

    id: str
    network: str | None
    kind: str
    recipient: str
    language: str
    subject: str
    state: str
    attempts: int
    error: str
    created: int
    due: int
    expires: int | None
    ended: int | None
    version: int


@dataclass(frozen=True, slots=True)
class Held:
    """A letter that one worker has until `until`; `attempts` counts the try that it now makes."""

    id: str
    kind: str
    recipient: str
    subject: str
    body: str
    html: str | None
    attachments: tuple[Attachment, ...]
    attempts: int
    created: int
    until: int


class Outbox:
    """Everything but `put`. Raises StoreUnavailable while SQL does not answer."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def letters(
        self, scope: Scope, wanted: Wanted, *, state: str = "", kind: str = "", recipient: str = ""
    ) -> Page[Dispatch]:
        """A page of those that match."""
        query = select(*(outbox.c[name] for name in _SHOWN)).where(scope.where(outbox.c.network))
        for column, value in ((outbox.c.state, state), (outbox.c.kind, kind), (outbox.c.recipient, recipient)):
            if value:
                query = query.where(column == value)
        async with self._database.read() as connection:
            return await _LISTING.page(connection, query, wanted, _dispatch)

    async def letter(self, scope: Scope, id: str) -> Dispatch:
        """One of them. Raises NotFound."""
        async with self._database.read() as connection:
            return await _one(connection, scope, id)

    async def redeliver(self, scope: Scope, id: str, version: int | None = None) -> Dispatch:
        """Try a dead letter again, from the first try on. Raises NotFound, Changed, Conflict if not dead or wiped."""
        now = self._clock.now()
        async with self._database.write() as connection:
            known = await _one(connection, scope, id)
            if version is not None and version != known.version:
                raise Changed
            body = (await connection.execute(select(outbox.c.body).where(outbox.c.id == id))).scalar_one()
            if known.state != DEAD or not body:
                raise Conflict(
                    "Only a letter that could not be delivered can be tried again.",
                    field="state",
                    remedy="Have whatever it was about said anew." if known.state == DEAD else "",
                )
            changed = await connection.execute(
                update(outbox)
                .where(outbox.c.id == id, outbox.c.version == known.version)
                .values(state=WAITING, attempts=0, due=now, ended=None, error="", version=known.version + 1)
            )
            if changed.rowcount != 1:
                raise Changed
            await audit.note(connection, now, "redelivered", "letter", id, network=known.network)
            return await _one(connection, scope, id)

    async def hold(self, hold_us: int) -> Held | None:
        """The waiting letter that is due longest, held for `hold_us` microseconds; None if there is none.

        What died with its letter in hand comes back when that time is over.
        """
        now = self._clock.now()
        async with self._database.write() as connection:
            await _bury_expired(connection, now)
            due = select(outbox).where(outbox.c.state == WAITING, outbox.c.due <= now)
            due = due.order_by(outbox.c.due, outbox.c.id).limit(1).with_for_update(skip_locked=True)
            row = (await connection.execute(due)).first()
            if row is None:
                return None
            await connection.execute(
                update(outbox).where(outbox.c.id == row.id).values(due=now + hold_us, attempts=row.attempts + 1)
            )
        attachments = tuple(Attachment(**each) for each in row.attachments)
        texts = row.recipient, row.subject, row.body, row.html
        return Held(row.id, row.kind, *texts, attachments, row.attempts + 1, row.created, now + hold_us)

    async def sent(self, held: Held) -> None:
        """It has gone out. A secret text is wiped."""
        await self._mark(held, {"state": SENT, "ended": self._clock.now(), "error": ""})

    async def failed(self, held: Held, error: str, retry_at: int | None) -> None:
        """It has not gone out; it is tried again at `retry_at`, never for None."""
        values: dict[str, Any] = {"error": error.replace("\0", " ")[:MAX_ERROR]}
        if retry_at is None:
            values |= {"state": DEAD, "ended": self._clock.now()}
        else:
            values["due"] = retry_at
        await self._mark(held, values)

    async def counts(self) -> dict[str, int]:
        """How many letters are in each state."""
        async with self._database.read() as connection:
            rows = await connection.execute(select(outbox.c.state, func.count()).group_by(outbox.c.state))
            return {row[0]: row[1] for row in rows}

    async def _mark(self, held: Held, values: Mapping[str, Any]) -> None:
        # Only what is still ours: after our time another worker may have it, or may be done with it.
        ours = (outbox.c.id == held.id, outbox.c.state == WAITING, outbox.c.due == held.until)
        async with self._database.write() as connection:
            changed = await connection.execute(
                update(outbox).where(*ours).values(**values, version=outbox.c.version + 1)
            )
            if changed.rowcount and values.get("state") == SENT:
                await connection.execute(
                    update(outbox).where(outbox.c.id == held.id, outbox.c.secret).values(body="", html=None)
                )


async def _bury_expired(connection: AsyncConnection, now: int) -> None:
    await connection.execute(
        update(outbox)
        .where(outbox.c.state == WAITING, outbox.c.due <= now, outbox.c.expires <= now)
        .values(state=DEAD, ended=now, error="It could not be delivered in time.", version=outbox.c.version + 1)
    )
    wiped = update(outbox).where(outbox.c.state == DEAD, outbox.c.secret, outbox.c.expires <= now, outbox.c.body != "")
    await connection.execute(wiped.values(body="", html=None))


async def _one(connection: AsyncConnection, scope: Scope, id: str) -> Dispatch:
    query = select(*(outbox.c[name] for name in _SHOWN)).where(outbox.c.id == id, scope.where(outbox.c.network))
    row = (await connection.execute(query)).first()
    if row is None:
        raise NotFound("There is no such letter.", field="id", remedy="List what there is for you.")
    return _dispatch(row)


def _dispatch(row: Any) -> Dispatch:
    return Dispatch(*(row._mapping[outbox.c[name]] for name in _SHOWN))
