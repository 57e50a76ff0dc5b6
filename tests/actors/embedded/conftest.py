"""A data folder with a short path, and the promise that no process outlives its test."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from actors.embedded.remains import end_remains
from engine.settings import Settings


def spawn(*command: str, **options: Any) -> subprocess.Popen[str]:
    """A child with text pipes, started from a plain function because tests may block for a moment."""
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options)


@pytest.fixture
async def data_dir() -> AsyncIterator[Path]:
    with tempfile.TemporaryDirectory(prefix="rc-") as folder:
        yield Path(folder)
        await end_remains(Path(folder))


@pytest.fixture
def settings(data_dir: Path) -> Settings:
    return Settings(data_dir=data_dir, redis_max_memory_mb=64)
