"""The worker that makes exports: hold one, write its rows into a file, say how far it is after each page."""

from __future__ import annotations

import asyncio
import csv
import io
import re
from collections.abc import AsyncIterator, Sequence

import structlog

from engine.errors import RaychargeError, StoreUnavailable
from engine.faults import reach
from engine.long_work.exports import KINDS
from engine.long_work.works import ATTEMPTS, LongWorks, Work
from engine.stores.files.port import FileStore
from engine.stores.sql.engine import Database

log = structlog.get_logger("long_work")
POLL_S = 1.0
SWEEP_S = 60.0
LARGEST = 1 << 30
"""Bytes of one export."""

_FORMULA = re.compile(r"[=+@\t\r]|-(?![\d.])")


class GivenUp(RaychargeError):
    """Whoever asked for the work has cancelled it, or another worker has it."""


class Exporter:
    """One worker. What dies with its work in hand leaves it to the next, which begins it anew."""

    def __init__(self, database: Database, works: LongWorks, files: FileStore) -> None:
        self._database, self._works, self._files = database, works, files

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set. Raises StoreUnavailable while SQL or the disk does not answer."""
        loop = asyncio.get_running_loop()
        swept = -SWEEP_S
        while not stop.is_set():
            if loop.time() - swept >= SWEEP_S:
                swept = loop.time()
                await self.sweep()
            if not await self.work_once():
                try:
                    async with asyncio.timeout(POLL_S):
                        await stop.wait()
                except TimeoutError:
                    continue

    async def sweep(self) -> None:
        """Forget what has expired, with its files."""
        for file in await self._works.sweep():
            await self._files.delete(file)

    async def work_once(self) -> bool:
        """Make the export that waits longest; False if none waits."""
        work = await self._works.hold()
        if work is None:
            return False
        if work.attempts > ATTEMPTS:
            await self._works.fail(work, f"Its worker died {ATTEMPTS} times.")
            return True
        try:
            await self._export(work)
        except GivenUp:
            log.info("export_given_up", work=work.id, about=work.kind)
        except StoreUnavailable:
            # Nothing is wrong with the export: it is tried again when its hold is over.
            raise
        except (RaychargeError, ValueError, TypeError) as error:
            log.warning("export_failed", work=work.id, about=work.kind, error=str(error))
            await self._works.fail(work, str(error))
        return True

    async def _export(self, work: Work) -> None:
        export = KINDS[work.kind]
        told = _Told(self._works, work, await export.total(self._database, work.scope, work.wish))
        pages = export.pages(self._database, work.scope, work.wish)
        stored = await self._files.write(told.bytes_of(pages), limit=LARGEST)
        reach("export:written-before-marked")
        file = {"file": stored.id, "file_name": export.file_name, "size": stored.size, "sha256": stored.sha256}
        if not await self._works.finish(work, told.done, {"rows": told.done}, **file):
            await self._files.delete(stored.id)
            raise GivenUp("The export was given up at its end.")


class _Told:
    """Rows on their way into the file; after each page it is told how many have gone."""

    def __init__(self, works: LongWorks, work: Work, total: int) -> None:
        self._works, self._work, self._total = works, work, total
        self.done = 0

    async def bytes_of(self, pages: AsyncIterator[Sequence[Sequence[str]]]) -> AsyncIterator[bytes]:
        heading = True
        async for page in pages:
            yield csv_bytes(page)
            self.done += 0 if heading else len(page)
            heading = False
            if not await self._works.progress(self._work, self.done, max(self._total, self.done)):
                raise GivenUp("The export was given up.")


def csv_bytes(rows: Sequence[Sequence[str]]) -> bytes:
    """Rows as CSV in UTF-8. Text that a spreadsheet would take for a formula has an apostrophe in front."""
    text = io.StringIO()
    csv.writer(text).writerows([[f"'{cell}" if _FORMULA.match(cell) else cell for cell in row] for row in rows])
    return text.getvalue().encode()
