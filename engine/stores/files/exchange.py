"""The rules of file exchange: links that are good for one job, and what stations do with them.

A link names its job by an unguessable token, of which only the hash is kept. It is *spent* when the whole was
transferred once, and until then a transfer that was cut may be taken up again; it *expires* with its time or its job.

What was handed to the network is not what arrived: a link by which a whole image went out still gives its end, so
that a station whose connection broke on the last bytes can fetch these again.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import AsyncGenerator, AsyncIterable, Callable
from dataclasses import dataclass
from urllib.parse import quote

import structlog

from engine.clock import SECOND, Clock, SystemClock
from engine.errors import Gone, InvalidInput, NotFound, Unavailable
from engine.stores.files.catalogue import (
    DOWNLOAD,
    UPLOAD,
    Catalogue,
    FirmwareImage,
    Link,
    StationFile,
    spent_already,
)
from engine.stores.files.names import clean_name
from engine.stores.files.port import FileStore

DAY_US = 86_400 * SECOND
LASTS_US = DAY_US
"""How long a link is good unless told otherwise, from the time at which the station is to use it."""

TAIL = 1024 * 1024
"""The end of a spent download that may be fetched again: more than kernel and server hold back on the way."""

MAX_AT_ONCE = 64
"""Uploads at the same time: disk and CPU are the others' as well."""

_TOKEN_BYTES = 32
_ORPHAN_S = 86_400.0
_FORGET_AFTER_US = 30 * DAY_US

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class FileUrl:
    """An address for a station. `expires` in microseconds; `image` is what it gives, None for one that takes."""

    url: str
    expires: int
    image: FirmwareImage | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest firmware image and the largest upload of a station in bytes, and how many days the latter is kept."""

    firmware_bytes: int = 1 << 30
    upload_bytes: int = 1 << 29
    upload_days: int = 90


class FileExchange:
    """One installation's. `base_url` is how stations reach the façade, without a slash at its end."""

    def __init__(
        self,
        store: FileStore,
        catalogue: Catalogue,
        base_url: str,
        limits: Limits | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.store, self.catalogue = store, catalogue
        self.limits = limits or Limits()
        self._base_url = base_url.rstrip("/")
        self._clock = clock or SystemClock()
        self._taking = 0

    # for whoever sends a station off ---------------------------------------------------------------------------------

    async def download_url(
        self, charge_point: str, image: str, *, job: str, retrieve_at: int = 0, expires: int = 0
    ) -> FileUrl:
        """Where the station fetches this image, from `retrieve_at` (0: now) until `expires` (0: a day after that).

        Ends in the image's name: many stations take the file's kind from it. Raises NotFound for an unknown image.
        """
        known = await self.catalogue.image(image)
        token, until = await self._link(DOWNLOAD, charge_point, job, "firmware", retrieve_at, expires, known.id)
        return FileUrl(f"{self._base_url}/files/{token}/{quote(known.name)}", until, known)

    async def upload_url(self, charge_point: str, *, job: str, kind: str = "log", expires: int = 0) -> FileUrl:
        """Where the station brings one file, until `expires` (0: for a day).

        Ends in a slash: 1.6 GetDiagnostics and 2.x GetLog name a directory, to which stations append a file name.
        """
        token, until = await self._link(UPLOAD, charge_point, job, kind, 0, expires)
        return FileUrl(f"{self._base_url}/files/{token}/", until)

    async def end_job(self, charge_point: str, job: str) -> None:
        """The job is over, however it ended: its links are good for nothing any more."""
        await self.catalogue.end_job(charge_point, job, self._clock.now())

    async def _link(
        self, direction: str, charge_point: str, job: str, kind: str, begins: int, expires: int, image: str = ""
    ) -> tuple[str, int]:
        now = self._clock.now()
        until = expires or max(now, begins) + LASTS_US
        if until <= now:
            raise InvalidInput("A link cannot expire in the past.", field="expires", remedy="Give a later time.")
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        await self.catalogue.add_link(Link(hash_of(token), direction, charge_point, job, kind, now, until, image))
        return token, until

    # what stations do ------------------------------------------------------------------------------------------------

    async def download(self, token: str) -> tuple[Link, FirmwareImage]:
        """What this link gives. Raises NotFound for no link of ours, Gone for one that has expired."""
        link = await self._good(token, DOWNLOAD)
        try:
            return link, await self.catalogue.image(link.image)
        except NotFound as error:
            raise Gone("This firmware image was deleted.", field="token") from error

    def checked_start(self, link: Link, size: int, start: int) -> None:
        """Raise Gone if the link is spent and this is not its end once more."""
        if link.spent is not None and (start == 0 or start < size - TAIL):
            raise spent_already()

    async def handed_out(self, link: Link, start: int, end: int, size: int) -> None:
        """This part went out to the station."""
        if end > start:
            await self.catalogue.cover(link.token_hash, (start, end), size, self._clock.now())

    async def upload(self, token: str) -> Link:
        """The link, if something may be brought by it. Raises NotFound, Gone."""
        link = await self._good(token, UPLOAD)
        if link.spent is not None:
            raise spent_already()
        return link

    async def take(self, link: Link, name: Callable[[], str], chunks: AsyncIterable[bytes]) -> StationFile:
        """Keep what a station brings: all of it, or nothing. Raises TooLarge, Gone, and what `chunks` raises.

        `name()` is asked when the bytes are there: a form tells it on the way. Raises Unavailable when too many bring
        something at the same time.
        """
        if self._taking >= MAX_AT_ONCE:
            raise Unavailable("Too many stations upload at the same time.")
        self._taking += 1
        try:
            stored = await self.store.write(chunks, limit=self.limits.upload_bytes)
        finally:
            self._taking -= 1
        now = self._clock.now()
        file = StationFile(
            stored.id, link.charge_point, link.job, link.kind, clean_name(name()), stored.size, stored.sha256, now
        )
        try:
            await self.catalogue.add_file(link.token_hash, file)
        except BaseException:
            await self.store.delete(stored.id)
            raise
        log.info("station_file", charge_point=link.charge_point, job=link.job, file=file.id, size=file.size)
        return file

    async def _good(self, token: str, direction: str) -> Link:
        try:
            link = await self.catalogue.link(hash_of(token))
        except NotFound as error:
            raise _no_link() from error
        if link.direction != direction:
            raise _no_link()
        if link.expires <= self._clock.now():
            raise Gone("This link has expired.", field="token", remedy="Ask for a new one.")
        return link

    # for people ------------------------------------------------------------------------------------------------------

    async def add_image(
        self,
        chunks: AsyncIterable[bytes],
        *,
        name: Callable[[], str],
        created_by: str = "",
        network: str | None = None,
        **told: str,
    ) -> FirmwareImage:
        """Keep a firmware image. `told`: vendor, model, version, note. Raises TooLarge, InvalidInput if it is empty."""
        stored = await self.store.write(chunks, limit=self.limits.firmware_bytes)
        try:
            if not stored.size:
                raise InvalidInput("The firmware image is empty.", field="body", remedy="Send the image's bytes.")
            image = FirmwareImage(
                stored.id,
                clean_name(name()),
                stored.size,
                stored.sha256,
                self._clock.now(),
                created_by=created_by,
                network=network,
                **told,
            )
            await self.catalogue.add_image(image)
        except BaseException:
            await self.store.delete(stored.id)
            raise
        return image

    async def delete_image(self, image: str) -> None:
        """Forget an image; links to it are answered with Gone. Raises NotFound."""
        known = await self.catalogue.image(image)
        await self.catalogue.remove_image(known.id, self._clock.now())
        await self.store.delete(known.id)

    async def delete_file(self, charge_point: str, file: str) -> None:
        """Forget what a station has uploaded. Raises NotFound."""
        known = await self.catalogue.file(charge_point, file)
        await self.catalogue.remove_file(known, self._clock.now())
        await self.store.delete(known.id)

    def read(self, file: str, start: int, end: int) -> AsyncGenerator[bytes, None]:
        """The bytes of an image or of a station's file."""
        return self.store.read(file, start, end)

    async def sweep(self) -> int:
        """Delete what has had its time: old uploads, links long expired, files that a crash left. Returns how many."""
        now = self._clock.now()
        old = await self.catalogue.files_before(now - self.limits.upload_days * DAY_US, 1000)
        for file in old:
            await self.catalogue.forget_file(file.id)
            await self.store.delete(file.id)
        await self.catalogue.forget_links(now - _FORGET_AFTER_US)
        orphans = await self.store.orphans(await self.catalogue.known_ids(), older_than_s=_ORPHAN_S)
        for orphan in orphans:
            await self.store.delete(orphan)
        return len(old) + len(orphans)


def hash_of(token: str) -> str:
    """What is kept of a token: it is random and long, so a plain hash hides it."""
    return hashlib.sha256(token.encode()).hexdigest()


def _no_link() -> NotFound:
    return NotFound("There is no such link.", field="token", remedy="Use the address as it was given, whole.")
