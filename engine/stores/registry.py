"""The charge points that we know: made, changed, listed and retired. Every change is announced on the change feed.

Secrets are hashed with argon2 here and nowhere else; where the plain secret is at hand its proof (`credentials.py`) is
written in the same transaction, so that the station's first handshake is cheap already. So is the audit log's line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from sqlalchemy import Select, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.access.scope import EVERYWHERE, Scope
from engine.clock import Clock, SystemClock
from engine.errors import Changed, Conflict
from engine.places.commissioning import RETIRED, check_step
from engine.security.secrets import checked_secret
from engine.stores.admissions import ACCEPTED, ADMISSION, set_admission
from engine.stores.audit import note, note_all
from engine.stores.changes import ALL, CHARGE_POINT, CREDENTIAL, Change, ChangeFeed
from engine.stores.installation_key import InstallationKey
from engine.stores.listing import Listing, Wanted
from engine.stores.paging import Page, pattern
from engine.stores.passwords import Passwords
from engine.stores.places.tags import has_tags, set_tags, tags_of
from engine.stores.proofs import keep_proofs, proof_of
from engine.stores.registration import (
    ISOLATIONS,
    PROFILES,
    audited,
    check_choice,
    check_new,
    checked_certificate_name,
    no_name_twice,
    parts,
    passwordless,
    profile_after_secret,
)
from engine.stores.registration import ChargePoint as ChargePoint
from engine.stores.registration import NewChargePoint as NewChargePoint
from engine.stores.sql.engine import Database
from engine.stores.sql.models import admissions, charge_points, pending_secrets, stations
from engine.stores.sql.tables.places import charge_point_tags
from engine.stores.whereabouts import unknown_charge_point

_ANNOUNCED_ONE_BY_ONE = 100
"""A change of more charge points than this is announced as "all of them"."""

_ELSEWHERE = {
    "network_id": stations.c.network_id,
    "admission": func.coalesce(admissions.c.admission, ACCEPTED).label("admission"),
}
_COLUMNS = [
    _ELSEWHERE[field.name] if field.name in _ELSEWHERE else charge_points.c[field.name]
    for field in fields(ChargePoint)
    if field.name != "tags"
]
_ROWS: Select[Any] = (
    select(*_COLUMNS)
    .join(stations, stations.c.id == charge_points.c.station_id)
    .outerjoin(admissions, admissions.c.charge_point == charge_points.c.id)
)
_PLAIN = ("name", "notes", "isolation", "enabled")
_LISTING = Listing(
    {
        "id": (charge_points.c.id, str),
        "name": (charge_points.c.name, str),
        "station": (charge_points.c.station_id, str),
        "created": (charge_points.c.created, int),
        "updated": (charge_points.c.updated, int),
    },
    charge_points.c.id,
    "id",
)


@dataclass(frozen=True, slots=True)
class Which:
    """Which charge points a list shows: those that fit all that is given. Retired ones only with `retired`.

    `text` is looked for in id, name, vendor, model and serial number.
    """

    text: str = ""
    network: str = ""
    station: str = ""
    tags: tuple[str, ...] = ()
    commissioning: str = ""
    vendor: str = ""
    model: str = ""
    retired: bool = False

    def narrow(self, query: Select[Any]) -> Select[Any]:
        """`query` over charge points and their stations, with these conditions."""
        table = charge_points.c
        if not self.retired and self.commissioning != RETIRED:
            query = query.where(table.retired.is_(None))
        for column, wanted in (
            (stations.c.network_id, self.network),
            (table.station_id, self.station),
            (table.commissioning, self.commissioning),
            (func.lower(table.vendor), self.vendor.lower()),
            (func.lower(table.model), self.model.lower()),
        ):
            if wanted:
                query = query.where(column == wanted)
        if self.tags:
            query = query.where(has_tags(charge_point_tags, table.id, self.tags))
        if self.text:
            searched = (table.id, table.name, table.vendor, table.model, table.serial)
            query = query.where(or_(*(column.ilike(pattern(self.text), escape="\\") for column in searched)))
        return query


class Registry:
    """The repository of charge points. All methods raise StoreUnavailable while SQL does not answer.

    What lies outside of `scope` is not found.
    """

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

    async def create(
        self, new: NewChargePoint, secret: str | bytes | None = None, *, scope: Scope = EVERYWHERE
    ) -> ChargePoint:
        """Register one; with a secret it has to authenticate by HTTP Basic. Raises InvalidInput, Conflict.

        A secret of bytes is what the station sends; text that is hexadecimal as an AuthorizationKey stands for bytes.
        """
        await self.create_many([new], secret, scope=scope)
        return await self.get(new.id)

    async def create_many(
        self, news: Sequence[NewChargePoint], secret: str | bytes | None = None, *, scope: Scope = EVERYWHERE
    ) -> None:
        """Register many in one transaction, all with the same secret (hashed once) or none: all of them or nobody.

        Raises InvalidInput for an id or value that cannot be, Conflict if one is there already, in whatever case, or
        its station is not.
        """
        for new in news:
            check_new(new, secret is not None)
        if not news:
            return
        raw = None if secret is None else checked_secret(secret)
        secret_hash = None if raw is None else await self._passwords.hash(raw)
        now = self._clock.now()
        rows = [new.row(secret_hash, now) for new in news]
        try:
            async with self._database.write() as connection:
                networks = await stations_within(connection, {new.station_id for new in news}, scope)
                await connection.execute(insert(charge_points), rows)
                await no_name_twice(connection, [new.id for new in news], [new.certificate_name for new in news])
                await set_tags(connection, charge_point_tags, {new.id: new.tags for new in news if new.tags})
                if raw is not None:
                    await self._seed(connection, [(new.id, 1) for new in news], raw)
                await note_all(
                    connection,
                    now,
                    "created",
                    "charge_point",
                    [
                        (new.id, networks[new.station_id], None, audited(row | {"tags": new.tags}))
                        for new, row in zip(news, rows, strict=True)
                    ],
                )
        except IntegrityError as error:
            raise Conflict(
                "A charge point of this id or certificate name is registered already.",
                field="charge_point_id",
                remedy="Use another id.",
            ) from error
        await self._announce([CHARGE_POINT], [new.id for new in news])

    async def get(self, charge_point: str, *, scope: Scope = EVERYWHERE) -> ChargePoint:
        """By id in any case. Raises NotFound."""
        async with self._database.read() as connection:
            return await self._get(connection, charge_point, scope)

    async def page(
        self, which: Which | None = None, wanted: Wanted | None = None, *, scope: Scope = EVERYWHERE
    ) -> Page[ChargePoint]:
        """Charge points in the order wanted (id, name, station, created, updated). Raises InvalidInput for a foreign
        cursor, another order, or a limit outside 1 to 1000."""
        query = (which or Which()).narrow(_ROWS).where(scope.where(stations.c.network_id))
        async with self._database.read() as connection:
            found = await _LISTING.page(connection, query, wanted or Wanted(), lambda row: ChargePoint(*row))
            tags = await tags_of(connection, charge_point_tags, [row.id for row in found.items])
        return Page([replace(row, tags=tags.get(row.id, ())) for row in found.items], found.cursor)

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
        """`change` of what is not None ("" takes a certificate name away)."""
        given = {
            "name": name,
            "station_id": station_id,
            "isolation": isolation,
            "enabled": enabled,
            "security_profile": security_profile,
            "certificate_name": certificate_name,
        }
        return await self.change(charge_point, {key: value for key, value in given.items() if value is not None})

    async def set_secret(self, charge_point: str, secret: str | bytes | None) -> ChargePoint:
        """Give it a new secret, valid at once and alone; None lets it in without one, unless it has a certificate.

        Raises NotFound, InvalidInput.
        """
        return await self.change(charge_point, {"secret": secret})

    async def retire(self, charge_point: str, *, scope: Scope = EVERYWHERE, version: int | None = None) -> ChargePoint:
        """Let it in no more. Its sessions stay, and its id stays taken. Raises NotFound, Conflict if it is retired."""
        return await self.change(charge_point, {"commissioning": RETIRED}, scope=scope, version=version)

    async def change(
        self,
        charge_point: str,
        changes: Mapping[str, Any],
        *,
        scope: Scope = EVERYWHERE,
        version: int | None = None,
    ) -> ChargePoint:
        """Change any of name, notes, station_id, tags, commissioning, isolation, enabled, security_profile,
        certificate_name, admission and secret, all of it or nothing.

        This is also the one way to lower a security profile. Raises NotFound, InvalidInput, Changed where it is not
        at `version`, Conflict (retired, no such station, no such step, a name that is another's).
        """
        raw = None if changes.get("secret") is None else checked_secret(changes["secret"])
        secret_hash = None if raw is None else await self._passwords.hash(raw)
        try:
            async with self._database.write() as connection:
                before = await self._get(connection, charge_point, scope, locked=True)
                if version is not None and version != before.version:
                    raise Changed()
                values = await self._values(connection, before, changes, secret_hash, scope)
                await self._write(connection, before, values, changes, raw)
                after = await self._get(connection, before.id, EVERYWHERE)
                await note(
                    connection,
                    after.updated,
                    "retired" if after.retired else "changed",
                    "charge_point",
                    after.id,
                    network=after.network_id,
                    before=audited(asdict(before)),
                    after=audited(asdict(after)),
                )
        except IntegrityError as error:
            raise Conflict(
                "The certificate name is another's.", field="certificate_name", remedy="Use each of them once."
            ) from error
        kinds = [CREDENTIAL] if "secret" in changes else []
        kinds += [ADMISSION] if "admission" in changes else []
        kinds += [CHARGE_POINT] if changes.keys() - {"secret", "admission"} else []
        await self._announce(kinds, [before.id])
        return after

    async def _values(
        self,
        connection: AsyncConnection,
        before: ChargePoint,
        changes: Mapping[str, Any],
        secret_hash: str | None,
        scope: Scope,
    ) -> dict[str, Any]:
        """The columns to write. Raises InvalidInput, Conflict."""
        if before.retired is not None:
            raise Conflict("This charge point has been retired.", field="charge_point_id", remedy="Register a new one.")
        values = {name: changes[name] for name in _PLAIN if name in changes}
        check_choice("isolation", values.get("isolation", "shared"), ISOLATIONS)
        if "station_id" in changes and changes["station_id"] != before.station_id:
            await stations_within(connection, {changes["station_id"]}, scope)
            values["station_id"] = changes["station_id"]
        if "commissioning" in changes:
            check_step(before.commissioning, changes["commissioning"])
            values["commissioning"] = changes["commissioning"]
            if changes["commissioning"] == RETIRED:
                values |= {"enabled": False, "retired": self._clock.now()}
        if "certificate_name" in changes:
            values["certificate_name"] = checked_certificate_name(changes["certificate_name"] or "")
        if "secret" in changes:
            values |= {"secret_hash": secret_hash, "secret_version": before.secret_version + 1}
            values["security_profile"] = profile_after_secret(before.security_profile, secret_hash is not None)
        if "security_profile" in changes:
            profile = values["security_profile"] = changes["security_profile"]
            check_choice("security_profile", profile, PROFILES)
            has_secret = secret_hash is not None if "secret" in changes else await _has_secret(connection, before.id)
            if profile in (1, 2) and not has_secret:
                raise passwordless()
        return values

    async def _write(
        self,
        connection: AsyncConnection,
        before: ChargePoint,
        values: Mapping[str, Any],
        changes: Mapping[str, Any],
        secret: bytes | None,
    ) -> None:
        now = self._clock.now()
        statement = update(charge_points).where(charge_points.c.id == before.id)
        await connection.execute(statement.values({**values, "updated": now, "version": before.version + 1}))
        await no_name_twice(connection, [before.id], [values.get("certificate_name")])
        if "tags" in changes:
            await set_tags(connection, charge_point_tags, {before.id: changes["tags"]})
        if "admission" in changes:
            await set_admission(connection, before.id, changes["admission"], now)
        if "secret" in changes:
            await connection.execute(delete(pending_secrets).where(pending_secrets.c.charge_point == before.id))
            if secret is not None:
                await self._seed(connection, [(before.id, before.secret_version + 1)], secret)

    async def _get(
        self, connection: AsyncConnection, charge_point: str, scope: Scope, *, locked: bool = False
    ) -> ChargePoint:
        query = _ROWS.where(charge_points.c.folded == charge_point.lower(), scope.where(stations.c.network_id))
        if locked:
            # PostgreSQL's readers wait for nobody; SQLite's writers are alone anyway.
            query = query.with_for_update(of=charge_points)
        row = (await connection.execute(query)).one_or_none()
        if row is None:
            raise unknown_charge_point()
        found = ChargePoint(*row)
        tags = await tags_of(connection, charge_point_tags, [found.id])
        return replace(found, tags=tags.get(found.id, ()))

    async def _seed(self, connection: AsyncConnection, versions: Iterable[tuple[str, int]], secret: bytes) -> None:
        proofs = [(name, version, proof_of(self._key, name, version, secret)) for name, version in versions]
        await keep_proofs(connection, self._key, proofs)

    async def _announce(self, kinds: Sequence[str], names: Sequence[str]) -> None:
        keys = names if len(names) <= _ANNOUNCED_ONE_BY_ONE else [ALL]
        await self._feed.announce([Change(kind, key) for kind in kinds for key in keys])


async def stations_within(connection: AsyncConnection, names: Iterable[str], scope: Scope) -> dict[str, str]:
    """The network of each of these stations. Raises Conflict if one is not there for the caller, or retired."""
    wanted = sorted(names)
    found: dict[str, str] = {}
    for part in parts(wanted):
        query = select(stations.c.id, stations.c.network_id).where(
            stations.c.id.in_(part), stations.c.retired.is_(None), scope.where(stations.c.network_id)
        )
        found |= {row.id: row.network_id for row in await connection.execute(query)}
    for name in wanted:
        if name not in found:
            raise Conflict(f"There is no station {name!r}.", field="station", remedy="Use a station that exists.")
    return found


async def _has_secret(connection: AsyncConnection, charge_point: str) -> bool:
    query = select(charge_points.c.secret_hash).where(charge_points.c.id == charge_point)
    return (await connection.execute(query)).scalar_one_or_none() is not None
