"""The charge points that we know: made, changed, listed and retired. Every change is announced on the change feed.

Secrets are hashed with argon2 here and nowhere else; where the plain secret is at hand its proof (`credentials.py`) is
written in the same transaction, so that the station's first handshake is cheap already.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import ColumnElement, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.clock import Clock, SystemClock
from engine.errors import Conflict, InvalidInput, NotFound
from engine.ids import checked_charge_point_id
from engine.security.secrets import checked_secret
from engine.stores.changes import ALL, CHARGE_POINT, CREDENTIAL, Change, ChangeFeed
from engine.stores.installation_key import InstallationKey
from engine.stores.paging import Page, checked_limit, from_cursor, pattern, to_cursor
from engine.stores.passwords import Passwords
from engine.stores.proofs import keep_proofs, proof_of
from engine.stores.sql.engine import Database
from engine.stores.sql.models import DEFAULT_STATION, charge_points, pending_secrets

ISOLATIONS = ("shared", "dedicated")
PROFILES = (0, 1, 2, 3)
"""Security profiles (2.x, A00): none, password, password over TLS, client certificate."""

MAX_COMMON_NAME = 64
"""Of a certificate (RFC 5280, appendix A.1)."""

_NAMED_AT_ONCE = 500
_ANNOUNCED_ONE_BY_ONE = 100
"""A change of more charge points than this is announced as "all of them"."""


@dataclass(frozen=True, slots=True)
class ChargePoint:
    """A charge point as registered, and from `vendor` on as it last reported itself. Times in microseconds."""

    id: str
    station_id: str
    name: str
    isolation: str
    security_profile: int
    certificate_name: str | None
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
    """What is needed to register one. `isolation`: shared or dedicated (design, section 2).

    `security_profile` None means 1 with a secret and 0 without. `certificate_name` is the common name in its client
    certificate where that is not its id: the station's serial number.
    """

    id: str
    name: str = ""
    station_id: str = DEFAULT_STATION
    isolation: str = "shared"
    security_profile: int | None = None
    certificate_name: str | None = None


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

    async def create(self, new: NewChargePoint, secret: str | bytes | None = None) -> ChargePoint:
        """Register one; with a secret it has to authenticate by HTTP Basic. Raises InvalidInput, Conflict.

        A secret of bytes is what the station sends; text that is hexadecimal as an AuthorizationKey stands for bytes.
        """
        await self.create_many([new], secret)
        return await self.get(new.id)

    async def create_many(self, news: Sequence[NewChargePoint], secret: str | bytes | None = None) -> None:
        """Register many in one transaction, all with the same secret (hashed once) or none: all of them or nobody.

        Raises InvalidInput for an id or value that cannot be, Conflict if one is there already, in whatever case.
        """
        for new in news:
            _check(new, secret is not None)
        raw = None if secret is None else checked_secret(secret)
        secret_hash = None if raw is None else await self._passwords.hash(raw)
        now = self._clock.now()
        common: dict[str, Any] = {
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
                "security_profile": _profile(new, secret is not None),
                "certificate_name": new.certificate_name or None,
            }
            | common
            for new in news
        ]
        if not rows:
            return
        try:
            async with self._database.write() as connection:
                await connection.execute(insert(charge_points), rows)
                await _no_name_twice(connection, [new.id for new in news], [new.certificate_name for new in news])
                if raw is not None:
                    await self._seed(connection, [(new.id, 1) for new in news], raw)
        except IntegrityError as error:
            raise Conflict(
                "A charge point of this id or certificate name is registered already, or its station is not.",
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
        security_profile: int | None = None,
        certificate_name: str | None = None,
    ) -> ChargePoint:
        """Change what is given ("" takes a certificate name away).

        This is also the one way to lower a security profile. Raises NotFound, InvalidInput, Conflict (no such station,
        retired, or a name that is another's).
        """
        known = await self.get(charge_point)
        given = {
            "name": name,
            "station_id": station_id,
            "isolation": isolation,
            "enabled": enabled,
            "security_profile": security_profile,
        }
        values: dict[str, Any] = {column: value for column, value in given.items() if value is not None}
        _check_choice("isolation", values.get("isolation", "shared"), ISOLATIONS)
        _check_choice("security_profile", values.get("security_profile", 0), PROFILES)
        if security_profile in (1, 2) and not await self._has_secret(known.id):
            raise _passwordless()
        if certificate_name is not None:
            values["certificate_name"] = _checked_certificate_name(certificate_name)
        await self._change(known.id, values)
        await self._announce(CHARGE_POINT, [known.id])
        return await self.get(known.id)

    async def set_secret(self, charge_point: str, secret: str | bytes | None) -> ChargePoint:
        """Give it a new secret, valid at once and alone; None lets it in without one, unless it has a certificate.

        Raises NotFound, InvalidInput.
        """
        known = await self.get(charge_point)
        raw = None if secret is None else checked_secret(secret)
        secret_hash = None if raw is None else await self._passwords.hash(raw)
        values = {
            "security_profile": _after_secret(known.security_profile, raw is not None),
            "secret_hash": secret_hash,
            "secret_version": charge_points.c.secret_version + 1,
        }
        async with self._database.write() as connection:
            version = await self._change_in(connection, known.id, values)
            await connection.execute(delete(pending_secrets).where(pending_secrets.c.charge_point == known.id))
            if raw is not None:
                await self._seed(connection, [(known.id, version)], raw)
        await self._announce(CREDENTIAL, [known.id])
        return await self.get(known.id)

    async def retire(self, charge_point: str) -> ChargePoint:
        """Let it in no more. Its sessions stay, and its id stays taken. Raises NotFound, Conflict if it is retired."""
        known = await self.get(charge_point)
        await self._change(known.id, {"enabled": False, "retired": self._clock.now()})
        await self._announce(CHARGE_POINT, [known.id])
        return await self.get(known.id)

    async def _has_secret(self, charge_point: str) -> bool:
        query = select(charge_points.c.secret_hash).where(charge_points.c.id == charge_point)
        async with self._database.read() as connection:
            return (await connection.execute(query)).scalar_one_or_none() is not None

    async def _change(self, charge_point: str, values: dict[str, Any]) -> None:
        try:
            async with self._database.write() as connection:
                await self._change_in(connection, charge_point, values)
                await _no_name_twice(connection, [charge_point], [values.get("certificate_name")])
        except IntegrityError as error:
            raise Conflict(
                "There is no such station, or the certificate name is another's.",
                field="certificate_name" if values.get("certificate_name") else "station_id",
                remedy="Use a station that exists, and each certificate name once.",
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

    async def _seed(self, connection: AsyncConnection, versions: Iterable[tuple[str, int]], secret: bytes) -> None:
        proofs = [(name, version, proof_of(self._key, name, version, secret)) for name, version in versions]
        await keep_proofs(connection, self._key, proofs)

    async def _announce(self, kind: str, names: Sequence[str]) -> None:
        keys = names if len(names) <= _ANNOUNCED_ONE_BY_ONE else [ALL]
        await self._feed.announce([Change(kind, key) for key in keys])


def _check(new: NewChargePoint, has_secret: bool) -> None:
    checked_charge_point_id(new.id)
    _check_choice("isolation", new.isolation, ISOLATIONS)
    _check_choice("security_profile", new.security_profile or 0, PROFILES)
    if new.security_profile in (1, 2) and not has_secret:
        raise _passwordless()
    if new.certificate_name is not None:
        _checked_certificate_name(new.certificate_name)


def _profile(new: NewChargePoint, has_secret: bool) -> int:
    return int(has_secret) if new.security_profile is None else new.security_profile


def _after_secret(profile: int, has_secret: bool) -> int:
    """The security profile after a secret was set or taken away: a certificate needs none."""
    if has_secret:
        return max(profile, 1)
    return profile if profile == 3 else 0


def _checked_certificate_name(name: str) -> str | None:
    if len(name) > MAX_COMMON_NAME or not name.isprintable():
        raise InvalidInput(
            f"A certificate's common name has up to {MAX_COMMON_NAME} printable characters.",
            field="certificate_name",
            remedy="Use the serial number that the station's certificate bears.",
        )
    return name or None


async def _no_name_twice(connection: AsyncConnection, ids: Sequence[str], names: Sequence[str | None]) -> None:
    """A certificate must name one charge point only, so nobody's certificate name may be another's id."""
    table = charge_points.c
    own = {name.lower() for name in ids}
    wanted = {name.lower() for name in names if name} - own
    for part in _parts(sorted(wanted)):
        await _nobody(connection, table.folded.in_(part))
    for part in _parts(sorted(own)):
        await _nobody(connection, func.lower(table.certificate_name).in_(part) & table.folded.not_in(part))


def _parts(names: Sequence[str]) -> Iterator[Sequence[str]]:
    """So many at a time as one statement may name."""
    for start in range(0, len(names), _NAMED_AT_ONCE):
        yield names[start : start + _NAMED_AT_ONCE]


async def _nobody(connection: AsyncConnection, condition: ColumnElement[bool]) -> None:
    if (await connection.execute(select(charge_points.c.id).where(condition).limit(1))).first() is not None:
        raise Conflict(
            "A certificate name and another charge point's id must differ.",
            field="certificate_name",
            remedy="Use the station's serial number as its id, or another id.",
        )


def _passwordless() -> InvalidInput:
    return InvalidInput(
        "Security profiles 1 and 2 need a password.", field="security_profile", remedy="Give a password as well."
    )


def _check_choice(field: str, value: object, choices: Sequence[str] | Sequence[int]) -> None:
    if value not in choices:
        raise InvalidInput(
            f"{field} cannot be {value!r}.", field=field, remedy=f"Use one of: {', '.join(map(str, choices))}."
        )


def _unknown() -> NotFound:
    return NotFound("There is no such charge point.", field="charge_point_id", remedy="Register it first.")
