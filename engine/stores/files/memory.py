"""The catalogue's in-memory twin."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from engine.access.scope import EVERYWHERE, Scope
from engine.errors import Changed
from engine.stores.files.catalogue import (
    CHANGEABLE,
    FirmwareImage,
    Link,
    Position,
    StationFile,
    spent_already,
    unknown,
)
from engine.stores.files.coverage import Span, is_whole, with_span

Row = TypeVar("Row")


class MemoryCatalogue:
    """See `Catalogue`."""

    def __init__(self) -> None:
        self._images: dict[str, FirmwareImage] = {}
        self._links: dict[str, Link] = {}
        self._files: dict[str, StationFile] = {}

    async def add_image(self, image: FirmwareImage) -> None:
        self._images[image.id] = image

    async def image(self, image: str, scope: Scope = EVERYWHERE) -> FirmwareImage:
        found = _found(self._images, image, "firmware image")
        if not _offered(found, scope):
            raise unknown("firmware image")
        return found

    async def images(self, *, after: Position | None, limit: int, scope: Scope = EVERYWHERE) -> Sequence[FirmwareImage]:
        return _newest([row for row in self._images.values() if _offered(row, scope)], "created", after, limit)

    async def change_image(
        self, image: str, changes: dict[str, str], now: int, tag: int | None = None
    ) -> FirmwareImage:
        values: dict[str, Any] = {name: value for name, value in changes.items() if name in CHANGEABLE}
        before = await self.image(image)
        if tag is not None and tag != before.tag:
            raise Changed
        self._images[image] = changed = replace(before, **values)
        return changed

    async def remove_image(self, image: str, now: int) -> None:
        self._images.pop(image, None)

    async def add_link(self, link: Link) -> None:
        self._links[link.token_hash] = link

    async def link(self, token_hash: str) -> Link:
        return _found(self._links, token_hash, "link")

    async def cover(self, token_hash: str, span: Span, size: int, now: int) -> None:
        link = self._links.get(token_hash)
        if link is not None:
            spans = with_span(link.covered, *span)
            spent = now if link.spent is None and is_whole(spans, size) else link.spent
            self._links[token_hash] = replace(link, covered=spans, spent=spent)

    async def add_file(self, token_hash: str, file: StationFile) -> None:
        link = await self.link(token_hash)
        if link.spent is not None:
            raise spent_already()
        self._links[token_hash] = replace(link, spent=file.received)
        self._files[file.id] = file

    async def end_job(self, charge_point: str, job: str, now: int) -> None:
        for key, link in self._links.items():
            if (link.charge_point, link.job) == (charge_point, job) and link.expires > now:
                self._links[key] = replace(link, expires=now)

    async def file(self, charge_point: str, file: str) -> StationFile:
        found = _found(self._files, file, "file")
        if found.charge_point != charge_point:
            raise unknown("file")
        return found

    async def files(self, charge_point: str, *, after: Position | None, limit: int) -> Sequence[StationFile]:
        own = (file for file in self._files.values() if file.charge_point == charge_point)
        return _newest(own, "received", after, limit)

    async def remove_file(self, file: StationFile, now: int) -> None:
        self._files.pop(file.id, None)

    async def forget_file(self, file: str) -> None:
        self._files.pop(file, None)

    async def files_before(self, received: int, limit: int) -> Sequence[StationFile]:
        return [file for file in self._files.values() if file.received < received][:limit]

    async def known_ids(self) -> set[str]:
        return {*self._images, *self._files}

    async def forget_links(self, expired_before: int) -> None:
        self._links = {key: link for key, link in self._links.items() if link.expires >= expired_before}


def _found(rows: dict[str, Row], key: str, what: str) -> Row:
    if key not in rows:
        raise unknown(what)
    return rows[key]


def _newest(rows: Iterable[Any], moment: str, after: Position | None, limit: int) -> list[Any]:
    ordered = sorted(rows, key=lambda row: (getattr(row, moment), row.id), reverse=True)
    return [row for row in ordered if after is None or (getattr(row, moment), row.id) < after][:limit]


def _offered(image: FirmwareImage, scope: Scope) -> bool:
    return image.network is None or scope.covers(image.network)
