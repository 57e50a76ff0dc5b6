"""SQL for tests that need it many times over: a SQLite file with today's schema, made once and copied for each."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from engine.ids import new_id
from engine.stores.sql.migrations import upgrade


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    """Lives as long as this process."""
    return tempfile.TemporaryDirectory(prefix="raycharge-books")


@cache
def _template() -> Path:
    path = Path(_folder().name) / "template.sqlite3"
    # In a thread of its own: whoever asks may be within an event loop already.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, upgrade(f"sqlite+aiosqlite:///{path}")).result()
    return path


def fresh_books() -> Path:
    """A new SQLite file with all tables and their first rows."""
    path = Path(_folder().name) / f"{new_id()}.sqlite3"
    shutil.copyfile(_template(), path)
    return path


def url_of(path: Path) -> str:
    return f"sqlite+aiosqlite:///{path}"
