"""Every case of the test documents is either built or says why not."""

from __future__ import annotations

import pytest

from tests.conformance import registry
from tests.conformance.catalogue import VERSIONS, catalogue, total
from tests.conformance.registry import CASES, NOT_BUILT

registry.load()


def test_the_catalogue_has_as_many_cases_as_the_documents() -> None:
    assert [total(version) for version in VERSIONS] == [77, 250]
    assert len({entry.title for entry in catalogue().values() if entry.version == "ocpp16"}) == 77


def test_nothing_is_built_that_no_document_has() -> None:
    assert (CASES.keys() | NOT_BUILT.keys()) - catalogue().keys() == set()
    assert CASES.keys() & NOT_BUILT.keys() == set()


@pytest.mark.parametrize("version", VERSIONS)
def test_every_case_is_built_or_says_why_not(version: str) -> None:
    wanted = {id for id, entry in catalogue().items() if entry.version == version}
    assert wanted - CASES.keys() - NOT_BUILT.keys() == set()


def test_a_case_is_in_the_package_of_its_version() -> None:
    misplaced = {id: case.module for id, case in CASES.items() if f".{catalogue()[id].version}." not in case.module}
    assert misplaced == {}


def test_every_module_has_a_sample_for_make_test() -> None:
    modules = {case.module for case in CASES.values()}
    assert modules - {case.module for case in CASES.values() if case.sample} == set()
