"""The charge points that we know: made, changed, listed and retired. Every change is announced on the change feed.

Secrets are hashed with argon2 here and nowhere else; where the plain secret is at hand its proof (`credentials.py`) is
written in the same transaction, so that the station's first handshake is cheap already.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.clock import Clock, SystemClock
from engine.errors import Conflict, InvalidInput, NotFound
from engine.ids import checked_charge_point_id
from engine.stores.changes import ALL, CHARGE_POINT, CREDENTIAL, Change, ChangeFeed
from engine.stores.installation_key import InstallationKey
from engine.stores.paging import Page, checked_limit, from_cursor, pattern, to_cursor
from engine.stores.passwords import Passwords
from engine.stores.proofs import keep_proofs, proof_of
from engine.stores.sql.engine import Database
from engine.stores.sql.models import DEFAULT_STATION, charge_points

ISOLATIONS = ("shared", "dedicated")
AUTHS = ("none", "basic")
MAX_SECRET = 256

_ANNOUNCED_ONE_BY_ONE = 100
"""A change of more charge points than this is announced as "all of them"."""


@dataclass(frozen=True, slots=True)
class ChargePoint:
    """A charge point as registered, and from `vendor` on as it last reported itself. Times in microseconds."""

    id: str
    station_id: str
    name: str
    isolation: str
    auth: str
    secret_version: int
    enabled: bool
    created: int
    updated: int
    retired: int | None
    vendor: str
    model: str
    serial: str
    firmware: str
    iccid: str
    imsi: str
    meter_type: str
    meter_serial: str
    boot_reason: str
    boot_status: str
    booted: int | None


@dataclass(frozen=True, slots=True)
class NewChargePoint:
    """What is needed to register one. `isolation`: shared or dedicated (design, section 2)."""

    id: str
    name: str = ""
    station_id: str = DEFAULT_STATION
    isolation: str = "shared"


_COLUMNS = [charge_points.c[field.name] for field in fields(ChargePoint)]


class Registry:
    """The repository of charge points. All methods raise StoreUnavailable while SQL does not answer."""

    def __init__(
        self,
        database: Database,
        feed: ChangeFeed,
        key: InstallationKey,
        passwords: Passwords | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._database, self._feed, self._key = database, feed, key
        self._passwords = passwords or Passwords()
        self._clock = clock or SystemClock()

    async def create(self, new: NewChargePoint, secret: str | None = None) -> ChargePoint:
        """Register one; with a secret it has to authenticate by HTTP Basic. Raises InvalidInput, Conflict."""
        await self.create_many([new], secret)
        return await self.get(new.id)

    async def create_many(self, news: Sequence[NewChargePoint], secret: str | None = None) -> None:
        """Register many in one transaction, all with the same secret (hashed once) or none: all of them or nobody.

        Raises InvalidInput for an id or value that cannot be, Conflict if one is there already, in whatever case.
        """
        for new in news:
            _check(new)
        secret_hash = None if secret is None else await self._passwords.hash(_checked_secret(secret))
        now = self._clock.now()
        common: dict[str, Any] = {
            "auth": "none" if secret is None else "basic",
            "secret_hash": secret_hash,
            "secret_version": 0 if secret is None else 1,
            "created": now,
            "updated": now,
        }
        rows: list[dict[str, Any]] = [
            {
                "id": new.id,
                "folded": new.id.lower(),
                "name": new.name,
                "station_id": new.station_id,
                "isolation": new.isolation,
            }
            | common
            for new in news
        ]
        if not rows:
            return
        try:
            async with self._database.write() as connection:
                await connection.execute(insert(charge_points), rows)
                if secret is not None:
                    await self._seed(connection, [(new.id, 1) for new in news], secret)
        except IntegrityError as error:
            raise Conflict(
                "A charge point of this id is registered already, or its station is not.",
                field="charge_point_id",
                remedy="Use another id, and a station that exists.",
            ) from error
        await self._announce(CHARGE_POINT, [new.id for new in news])

    async def get(self, charge_point: str) -> ChargePoint:
        """By id in any case. Raises NotFound."""
        query = select(*_COLUMNS).where(charge_points.c.folded == charge_point.lower())
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            raise _unknown()
        return ChargePoint(*row)

    async def page(
        self, *, text: str = "", cursor: str | None = None, limit: int = 100, retired: bool = False
    ) -> Page[ChargePoint]:
        """Charge points in the order of their ids; with `text` those that have it in id, name, vendor, model, serial.

        Retired ones only with `retired`. Raises InvalidInput for a foreign cursor or a limit outside 1 to 1000.
        """
        table = charge_points.c
        query = select(*_COLUMNS).order_by(table.id).limit(checked_limit(limit) + 1)
        if cursor is not None:
            query = query.where(table.id > from_cursor(cursor, str)[0])
        if not retired:
            query = query.where(table.retired.is_(None))
        if text:
            searched = (table.id, table.name, table.vendor, table.model, table.serial)
            query = query.where(or_(*(column.ilike(pattern(text), escape="\\") for column in searched)))
        async with self._database.read() as connection:
            found = [ChargePoint(*row) for row in await connection.execute(query)]
        more = len(found) > limit
        return Page(found[:limit], to_cursor(found[limit - 1].id) if more else None)

    async def all_ids(self) -> list[str]:
        """The ids of all enabled charge points."""
        query = select(charge_points.c.id).where(charge_points.c.enabled).order_by(charge_points.c.id)
        async with self._database.read() as connection:
            return list((await connection.execute(query)).scalars())

    async def dedicated_ids(self) -> list[str]:
        """The ids of all enabled charge points of `isolation: dedicated`."""
        table = charge_points.c
        query = select(table.id).where(table.enabled, table.isolation == "dedicated").order_by(table.id)
        async with self._database.read() as connection:
            return list((await connection.execute(query)).scalars())

    async def update(
        self,
        charge_point: str,
        *,
        name: str | None = None,
        station_id: str | None = None,
        isolation: str | None = None,
        enabled: bool | None = None,
    ) -> ChargePoint:
        """Change what is given. Raises NotFound, InvalidInput, Conflict (no such station, or retired)."""
        known = await self.get(charge_point)
        given = {"name": name, "station_id": station_id, "isolation": isolation, "enabled": enabled}
        values = {column: value for column, value in given.items() if value is not None}
        _check_choice("isolation", values.get("isolation", "shared"), ISOLATIONS)
        await self._change(known.id, values)
        await self._announce(CHARGE_POINT, [known.id])
        return await self.get(known.id)

    async def set_secret(self, charge_point: str, secret: str | None) -> ChargePoint:
        """Give it a new secret, valid at once and alone; None lets it in without one. Raises NotFound, InvalidInput."""
        known = await self.get(charge_point)
        secret_hash = None if secret is None else await self._passwords.hash(_checked_secret(secret))
        values = {
            "auth": "none" if secret is None else "basic",
            "secret_hash": secret_hash,
            "secret_version": charge_points.c.secret_version + 1,
        }
        async with self._database.write() as connection:
            version = await self._change_in(connection, known.id, values)
            if secret is not None:
                await self._seed(connection, [(known.id, version)], secret)
        await self._announce(CREDENTIAL, [known.id])
        return await self.get(known.id)

    async def retire(self, charge_point: str) -> ChargePoint:
        """Let it in no more. Its sessions stay, and its id stays taken. Raises NotFound, Conflict if it is retired."""
        known = await self.get(charge_point)
        await self._change(known.id, {"enabled": False, "retired": self._clock.now()})
        await self._announce(CHARGE_POINT, [known.id])
        return await self.get(known.id)

    async def _change(self, charge_point: str, values: dict[str, Any]) -> None:
        try:
            async with self._database.write() as connection:
                await self._change_in(connection, charge_point, values)
        except IntegrityError as error:
            raise Conflict(
                "There is no such station.", field="station_id", remedy="Use a station that exists."
            ) from error

    async def _change_in(self, connection: AsyncConnection, charge_point: str, values: dict[str, Any]) -> int:
        statement = (
            update(charge_points)
            .where(charge_points.c.id == charge_point, charge_points.c.retired.is_(None))
            .values(values | {"updated": self._clock.now()})
            .returning(charge_points.c.secret_version)
        )
        version: int | None = (await connection.execute(statement)).scalar_one_or_none()
        if version is None:
            raise Conflict("This charge point has been retired.", field="charge_point_id", remedy="Register a new one.")
        return version

    async def _seed(self, connection: AsyncConnection, versions: Iterable[tuple[str, int]], secret: str) -> None:
        proofs = [(name, version, proof_of(self._key, name, version, secret)) for name, version in versions]
        await keep_proofs(connection, self._key, proofs)

    async def _announce(self, kind: str, names: Sequence[str]) -> None:
        keys = names if len(names) <= _ANNOUNCED_ONE_BY_ONE else [ALL]
        await self._feed.announce([Change(kind, key) for key in keys])


def _check(new: NewChargePoint) -> None:
    checked_charge_point_id(new.id)
    _check_choice("isolation", new.isolation, ISOLATIONS)


def _check_choice(field: str, value: object, choices: Sequence[str]) -> None:
    if value not in choices:
        raise InvalidInput(f"{field} cannot be {value!r}.", field=field, remedy=f"Use one of: {', '.join(choices)}.")


def _checked_secret(secret: str) -> str:
    if not 1 <= len(secret) <= MAX_SECRET:
        raise InvalidInput(
            f"A secret has 1 to {MAX_SECRET} characters.", field="secret", remedy="Use 16 to 40 random characters."
        )
    return secret


def _unknown() -> NotFound:
    return NotFound("There is no such charge point.", field="charge_point_id", remedy="Register it first.")
