"""Drivers' profiles. Who logs in is an account's matter (engine/stores/people): a driver may have one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.access.scope import EVERYWHERE, Scope
from engine.clock import Clock, SystemClock
from engine.errors import Changed, InvalidInput, NotFound
from engine.ids import new_id
from engine.stores import audit
from engine.stores.changes import ACCOUNT, Change, ChangeFeed
from engine.stores.drivers import holders
from engine.stores.drivers.driver import OWN, STAFFS, Driver, check_driver, digest, digits_of, plate_of
from engine.stores.drivers.enrolment import enrol
from engine.stores.listing import Listing, Wanted
from engine.stores.paging import Page, pattern
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.billing import receipts
from engine.stores.sql.tables.people import users
from engine.stores.sql.tables.tokens import drivers, tokens, vehicles
from engine.stores.tokens.credit import owe_driver, touch

_D = drivers.c
_NAME = func.coalesce(users.c.name, _D.name).label("shown_name")
_EMAIL = func.coalesce(users.c.email, _D.email).label("shown_email")
_STORED = ("phone", "language", "address", "notify", "credit_limit", "credit_used", "erased", "version", "created")
_QUERY = select(_D.id, _D.network, _D.account, _NAME, _EMAIL, *(_D[name] for name in _STORED), _D.updated).select_from(
    drivers.outerjoin(users, users.c.id == _D.account)
)
_LISTING = Listing(
    {"name": (_NAME, str), "created": (_D.created, int), "updated": (_D.updated, int)}, _D.id, "-created"
)


class Drivers:
    """The repository of drivers. All methods raise StoreUnavailable while SQL does not answer."""

    def __init__(self, database: Database, feed: ChangeFeed, clock: Clock | None = None) -> None:
        self._database, self._feed = database, feed
        self._clock = clock or SystemClock()

    # whose ------------------------------------------------------------------------------------------------------------

    async def driver_of(self, network: str, id_token: str, at: int | None = None) -> str | None:
        """The id of the driver who holds the token, or held it at `at` (microseconds: a session's start); else None."""
        async with self._database.read() as connection:
            return await holders.holder_of(connection, network, id_token, at)

    async def of_account(self, account: str, network: str) -> Driver:
        """The driver who logs in with this account; made with an app's token if there is none yet."""
        query = _QUERY.where(_D.account == account)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is not None:
            return Driver(*row)
        try:
            async with self._database.write() as connection:
                changes = await enrol(connection, account, network, self._clock.now())
        except IntegrityError:
            # Another request of the same driver was faster.
            changes = ()
        await self._feed.announce(changes)
        async with self._database.read() as connection:
            return Driver(*(await connection.execute(query)).one())

    # reading ---------------------------------------------------------------------------------------------------------

    async def get(self, id: str, scope: Scope = EVERYWHERE) -> Driver:
        """Raises NotFound."""
        async with self._database.read() as connection:
            return await _one(connection, id, scope)

    async def page(
        self,
        *,
        text: str = "",
        network: str | None = None,
        wanted: Wanted | None = None,
        scope: Scope = EVERYWHERE,
    ) -> Page[Driver]:
        """Those in the scope who were not forgotten, the newest first unless sorted otherwise.

        `text` is looked for in name, e-mail, phone and plate, and as the number of a token, card or receipt.
        """
        query = _QUERY.where(scope.where(_D.network), _D.erased.is_(None))
        if network is not None:
            query = query.where(_D.network == network)
        if text.strip():
            query = query.where(_found_by(text.strip()))
        async with self._database.read() as connection:
            return await _LISTING.page(connection, query, wanted or Wanted(), _of_row)

    # writing ---------------------------------------------------------------------------------------------------------

    async def add(self, driver: Driver, scope: Scope = EVERYWHERE) -> Driver:
        """Add one without an account, by staff. Raises InvalidInput, NotFound (network)."""
        scope.need(driver.network)
        now = self._clock.now()
        made = replace(driver, id=driver.id or new_id(), account=None, version=1, created=now, updated=now)
        check_driver(made)
        async with self._database.write() as connection:
            await connection.execute(insert(drivers), _row(made) | {"id": made.id, "network": made.network})
            await audit.note(connection, now, "created", "driver", made.id, network=made.network)
        return made

    async def change(
        self,
        id: str,
        changes: Mapping[str, Any],
        *,
        scope: Scope = EVERYWHERE,
        version: int | None = None,
        own: bool = False,
    ) -> Driver:
        """Change any of `STAFFS`, or with `own` of `OWN`. Raises NotFound, InvalidInput, Changed."""
        if unknown := changes.keys() - (OWN if own else STAFFS):
            raise InvalidInput(f"A driver's {min(unknown)} cannot be changed here.", field=min(unknown))
        now = self._clock.now()
        async with self._database.write() as connection:
            before = await _one(connection, id, scope, locked=True)
            if version is not None and version != before.version:
                raise Changed
            if before.account is not None and changes.get("email", before.email) != before.email:
                raise InvalidInput(
                    "The address is the account's.", field="email", remedy="Change it where the account is."
                )
            after = replace(before, **changes, version=before.version + 1, updated=now)
            check_driver(after)
            await connection.execute(update(drivers).where(_D.id == id).values(_row(after)))
            announced = list(await touch(connection, id, now)) if after.credit_limit != before.credit_limit else []
            if before.account is not None and after.name != before.name:
                renamed = {"name": after.name, "version": users.c.version + 1, "updated": now}
                await connection.execute(update(users).where(users.c.id == before.account).values(renamed))
                announced.append(Change(ACCOUNT, before.account))
            told = digest({name: value for name, value in changes.items() if getattr(before, name) != value})
            await audit.note(connection, now, "changed", "driver", id, network=after.network, after=told)
        await self._feed.announce(announced)
        return after

    async def book(self, id: str, amount: Decimal, note: str, scope: Scope = EVERYWHERE) -> Driver:
        """What the driver has paid outside of Raycharge (negative: what is owed outside of it). Raises NotFound."""
        now = self._clock.now()
        async with self._database.write() as connection:
            driver = await _one(connection, id, scope, locked=True)
            changes = await owe_driver(connection, id, -amount, now)
            told = {"amount": str(amount), "note": note}
            await audit.note(connection, now, "payment booked", "driver", id, network=driver.network, after=told)
            after = await _one(connection, id, scope)
        await self._feed.announce(changes)
        return after


async def _one(connection: AsyncConnection, id: str, scope: Scope, *, locked: bool = False) -> Driver:
    query: Select[Any] = _QUERY.where(_D.id == id, scope.where(_D.network), _D.erased.is_(None))
    row = (await connection.execute(query.with_for_update(of=drivers) if locked else query)).one_or_none()
    if row is None:
        raise unknown_driver()
    return Driver(*row)


def unknown_driver() -> NotFound:
    """The one error for a driver that is not there, not to be seen, or forgotten."""
    return NotFound("There is no such driver.", field="driver", remedy="See the list of drivers.")


def _of_row(row: Any) -> Driver:
    return Driver(*row)


def _row(driver: Driver) -> dict[str, Any]:
    """Without what the account has."""
    held = driver.account is not None
    return {
        "name": "" if held else driver.name,
        "email": "" if held else driver.email.strip().lower(),
        "phone": driver.phone,
        "phone_digits": digits_of(driver.phone),
        "language": driver.language,
        "address": dict(driver.address),
        "notify": dict(driver.notify),
        "credit_limit": driver.credit_limit,
        "version": driver.version,
        "created": driver.created,
        "updated": driver.updated,
    }


def _found_by(text: str) -> ColumnElement[bool]:
    like, digits, plate = pattern(text), digits_of(text), plate_of(text)
    ways: list[ColumnElement[bool]] = [
        _NAME.element.ilike(like, escape="\\"),
        _EMAIL.element.ilike(like, escape="\\"),
        _D.id == text,
        _D.id.in_(select(tokens.c.driver).where((tokens.c.folded == text.lower()) | (tokens.c.visual_number == text))),
        _D.id.in_(select(receipts.c.driver).where(receipts.c.number == text)),
    ]
    if len(digits) >= 4:
        ways.append(_D.phone_digits.like(pattern(digits), escape="\\"))
    if len(plate) >= 2:
        ways.append(_D.id.in_(select(vehicles.c.driver).where(vehicles.c.plate_folded.like(pattern(plate)))))
    return or_(*ways)
