"""A place for runtimes, cleared up afterwards."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.actors.world import Place


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    place = Place()
    yield place
    await place.aclose()
