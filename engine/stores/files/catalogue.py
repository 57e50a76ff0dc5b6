"""What is known of files: firmware images, what stations have uploaded, and the links that both go by.

`SqlCatalogue` is the real one, `MemoryCatalogue` in `memory.py` its twin. Times are microseconds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Protocol

from sqlalchemy import Table, and_, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.access.scope import EVERYWHERE, Scope
from engine.errors import Changed, Gone, NotFound
from engine.stores.audit import note
from engine.stores.files.coverage import Span, is_whole, with_span
from engine.stores.sql.engine import Database
from engine.stores.sql.file_tables import file_links, firmware_images, station_files
from engine.stores.sql.tables.long_work import long_work
from engine.stores.whereabouts import network_of

DOWNLOAD, UPLOAD = "download", "upload"


@dataclass(frozen=True, slots=True)
class FirmwareImage:
    """A firmware image. `signing_certificate` (PEM) and `signature` (base64) are the vendor's, "" if there are none.

    `network` is whose it is, None the installation's, which offers it to all of its networks.
    """

    id: str
    name: str
    size: int
    sha256: str
    created: int
    vendor: str = ""
    model: str = ""
    version: str = ""
    note: str = ""
    signing_certificate: str = ""
    signature: str = ""
    created_by: str = ""
    network: str | None = None

    @property
    def tag(self) -> int:
        """What is said of it, as one number for an ETag: another one after each change."""
        said = "\0".join(getattr(self, name) for name in sorted(CHANGEABLE))
        return int.from_bytes(hashlib.sha256(said.encode()).digest()[:7], "big")


CHANGEABLE = frozenset({"name", "vendor", "model", "version", "note", "signing_certificate", "signature"})
"""What of an image may be changed; its bytes may not."""


@dataclass(frozen=True, slots=True)
class StationFile:
    """What a station has uploaded for a job. `kind`: diagnostics, log, security_log or whatever the job called it."""

    id: str
    charge_point: str
    job: str
    kind: str
    name: str
    size: int
    sha256: str
    received: int


@dataclass(frozen=True, slots=True)
class Link:
    """One job's permission to fetch an image or to bring a file. `spent` is when all of it had been transferred."""

    token_hash: str
    direction: str
    charge_point: str
    job: str
    kind: str
    created: int
    expires: int
    image: str = ""
    spent: int | None = None
    covered: Sequence[Sequence[int]] = ()


Position = tuple[int, str]
"""Where a page ended: (time, id) of its last row."""


class Catalogue(Protocol):
    """Lists are newest first. Unknown things raise NotFound; all methods raise StoreUnavailable."""

    async def add_image(self, image: FirmwareImage) -> None: ...

    async def image(self, image: str, scope: Scope = EVERYWHERE) -> FirmwareImage:
        """Of a network in `scope`, or of the installation."""
        ...

    async def images(
        self, *, after: Position | None, limit: int, scope: Scope = EVERYWHERE
    ) -> Sequence[FirmwareImage]: ...

    async def change_image(
        self, image: str, changes: dict[str, str], now: int, tag: int | None = None
    ) -> FirmwareImage:
        """Raises NotFound, and Changed where something else is said of it by now than `tag` tells."""
        ...

    async def remove_image(self, image: str, now: int) -> None: ...

    async def add_link(self, link: Link) -> None: ...

    async def link(self, token_hash: str) -> Link: ...

    async def cover(self, token_hash: str, span: Span, size: int, now: int) -> None:
        """This part has been handed out; when nothing of `size` is missing any more, the link is spent."""
        ...

    async def add_file(self, token_hash: str, file: StationFile) -> None:
        """The link is spent, and this is what came by it. Raises Gone if it was spent before."""
        ...

    async def end_job(self, charge_point: str, job: str, now: int) -> None:
        """Links of this job are good for nothing any more."""
        ...

    async def file(self, charge_point: str, file: str) -> StationFile: ...

    async def files(self, charge_point: str, *, after: Position | None, limit: int) -> Sequence[StationFile]: ...

    async def remove_file(self, file: StationFile, now: int) -> None:
        """Somebody deletes it."""
        ...

    async def forget_file(self, file: str) -> None:
        """It has had its time."""
        ...

    async def files_before(self, received: int, limit: int) -> Sequence[StationFile]: ...

    async def known_ids(self) -> set[str]:
        """The ids of all files: images, what stations uploaded, and what was exported."""
        ...

    async def forget_links(self, expired_before: int) -> None: ...


_IMAGE = [firmware_images.c[field.name] for field in fields(FirmwareImage)]
_FILE = [station_files.c[field.name] for field in fields(StationFile)]
_LINK = [file_links.c[field.name] for field in fields(Link)]


class SqlCatalogue:
    """The `Catalogue` in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add_image(self, image: FirmwareImage) -> None:
        async with self._database.write() as connection:
            await connection.execute(insert(firmware_images).values(asdict(image)))
            await _note(connection, image.created, "created", image, after=_told(image))

    async def image(self, image: str, scope: Scope = EVERYWHERE) -> FirmwareImage:
        query = select(*_IMAGE).where(firmware_images.c.id == image, _offered(scope))
        return FirmwareImage(*await self._one(query, "firmware image"))

    async def images(self, *, after: Position | None, limit: int, scope: Scope = EVERYWHERE) -> Sequence[FirmwareImage]:
        query = _newest(select(*_IMAGE).where(_offered(scope)), firmware_images, "created", after, limit)
        return [FirmwareImage(*row) for row in await self._rows(query)]

    async def change_image(
        self, image: str, changes: dict[str, str], now: int, tag: int | None = None
    ) -> FirmwareImage:
        values: dict[str, Any] = {name: value for name, value in changes.items() if name in CHANGEABLE}
        before = await self.image(image)
        if tag is not None and tag != before.tag:
            raise Changed
        if values:
            after = replace(before, **values)
            # Only what is said of it still: two who change it at once are told apart here.
            same = () if tag is None else [firmware_images.c[name] == getattr(before, name) for name in CHANGEABLE]
            query = update(firmware_images).where(firmware_images.c.id == image, *same)
            async with self._database.write() as connection:
                if (await connection.execute(query.values(values))).rowcount != 1:
                    raise Changed
                await _note(connection, now, "changed", before, before=_told(before), after=_told(after))
        return await self.image(image)

    async def remove_image(self, image: str, now: int) -> None:
        before = await self.image(image)
        async with self._database.write() as connection:
            await connection.execute(delete(firmware_images).where(firmware_images.c.id == image))
            await _note(connection, now, "deleted", before, before=_told(before))

    async def add_link(self, link: Link) -> None:
        async with self._database.write() as connection:
            await connection.execute(insert(file_links).values(asdict(link) | {"covered": list(link.covered)}))

    async def link(self, token_hash: str) -> Link:
        return Link(*await self._one(select(*_LINK).where(file_links.c.token_hash == token_hash), "link"))

    async def cover(self, token_hash: str, span: Span, size: int, now: int) -> None:
        chosen = file_links.c.token_hash == token_hash
        async with self._database.write() as connection:
            query = select(file_links.c.covered, file_links.c.spent).where(chosen).with_for_update()
            row = (await connection.execute(query)).one_or_none()
            if row is None:
                return
            spans = with_span(row.covered, *span)
            spent = now if row.spent is None and is_whole(spans, size) else row.spent
            await connection.execute(update(file_links).where(chosen).values(covered=spans, spent=spent))

    async def add_file(self, token_hash: str, file: StationFile) -> None:
        free = and_(file_links.c.token_hash == token_hash, file_links.c.spent.is_(None))
        async with self._database.write() as connection:
            spent = update(file_links).where(free).values(spent=file.received).returning(file_links.c.token_hash)
            if (await connection.execute(spent)).scalar_one_or_none() is None:
                raise spent_already()
            await connection.execute(insert(station_files).values(asdict(file)))

    async def end_job(self, charge_point: str, job: str, now: int) -> None:
        table = file_links.c
        chosen = and_(table.charge_point == charge_point, table.job == job, table.expires > now)
        async with self._database.write() as connection:
            await connection.execute(update(file_links).where(chosen).values(expires=now))

    async def file(self, charge_point: str, file: str) -> StationFile:
        query = select(*_FILE).where(station_files.c.id == file, station_files.c.charge_point == charge_point)
        return StationFile(*await self._one(query, "file"))

    async def files(self, charge_point: str, *, after: Position | None, limit: int) -> Sequence[StationFile]:
        base = select(*_FILE).where(station_files.c.charge_point == charge_point)
        query = _newest(base, station_files, "received", after, limit)
        return [StationFile(*row) for row in await self._rows(query)]

    async def remove_file(self, file: StationFile, now: int) -> None:
        async with self._database.write() as connection:
            await connection.execute(delete(station_files).where(station_files.c.id == file.id))
            network = await network_of(connection, file.charge_point)
            before = {"charge_point": file.charge_point, "name": file.name, "kind": file.kind, "sha256": file.sha256}
            await note(connection, now, "deleted", "station file", file.id, network=network, before=before)

    async def forget_file(self, file: str) -> None:
        async with self._database.write() as connection:
            await connection.execute(delete(station_files).where(station_files.c.id == file))

    async def files_before(self, received: int, limit: int) -> Sequence[StationFile]:
        query = select(*_FILE).where(station_files.c.received < received).limit(limit)
        return [StationFile(*row) for row in await self._rows(query)]

    async def known_ids(self) -> set[str]:
        columns = firmware_images.c.id, station_files.c.id, long_work.c.file
        rows = [row for column in columns for row in await self._rows(select(column))]
        return {row[0] for row in rows}

    async def forget_links(self, expired_before: int) -> None:
        async with self._database.write() as connection:
            await connection.execute(delete(file_links).where(file_links.c.expires < expired_before))

    async def _rows(self, query: Any) -> Sequence[Any]:
        async with self._database.read() as connection:
            return (await connection.execute(query)).all()

    async def _one(self, query: Any, what: str) -> Any:
        rows = await self._rows(query)
        if not rows:
            raise unknown(what)
        return rows[0]


def _told(image: FirmwareImage) -> dict[str, Any]:
    """What the audit log shows of an image: not the vendor's signature, only whether there is one."""
    plain = {name: getattr(image, name) for name in ("name", "vendor", "model", "version", "note", "size", "sha256")}
    return plain | {"signed": bool(image.signing_certificate and image.signature)}


async def _note(connection: AsyncConnection, at: int, action: str, image: FirmwareImage, **seen: Any) -> None:
    await note(connection, at, action, "firmware image", image.id, network=image.network, **seen)


def _offered(scope: Scope) -> Any:
    return or_(firmware_images.c.network.is_(None), scope.where(firmware_images.c.network))


def _newest(query: Any, table: Table, moment: str, after: Position | None, limit: int) -> Any:
    at, name = table.c[moment], table.c.id
    if after is not None:
        query = query.where(and_(at <= after[0], or_(at < after[0], name < after[1])))
    return query.order_by(at.desc(), name.desc()).limit(limit)


def unknown(what: str) -> NotFound:
    """The error for what is not in the catalogue."""
    return NotFound(f"There is no such {what}.", field="id")


def spent_already() -> Gone:
    """The error for a link by which the whole has gone already."""
    return Gone("Everything was transferred by this link already.", field="token", remedy="Ask for a new one.")
