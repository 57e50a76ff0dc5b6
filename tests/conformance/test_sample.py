"""A sample of the conformance suite on the system that all system tests share; all of it is `make conformance`."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from loadtest.installation import Installation
from tests.conformance import registry
from tests.conformance.catalogue import catalogue
from tests.conformance.execution import run_cases
from tests.conformance.registry import CASES
from tests.conformance.system import Addresses, SystemUnderTest

pytestmark = pytest.mark.system
registry.load()
SAMPLES = {
    v: [CASES[id] for id in catalogue() if id in CASES and CASES[id].sample and catalogue()[id].version == v]
    for v in ("ocpp16", "ocpp201")
}


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def system_under_test(system: Installation) -> AsyncIterator[SystemUnderTest]:
    async with SystemUnderTest(Addresses.of(system), system) as under_test:
        yield under_test


@pytest.mark.parametrize("version", [version for version, cases in SAMPLES.items() if cases])
async def test_a_sample_of_each_block_conforms(
    system_under_test: SystemUnderTest, system: Installation, version: str
) -> None:
    results = await run_cases(system_under_test, SAMPLES[version], 12, lambda result: None)
    failed = {r.case.id: (r.failure, *r.trace[-8:]) for r in results if not r.passed}
    assert failed == {}
