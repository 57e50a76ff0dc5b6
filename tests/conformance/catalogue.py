"""All case ids of the two test documents, with titles in our own words: catalogue/*.tsv.

1.6: the 75 of the test case document of 2024-04 with TC_083 (upgrade of the security profile) and TC_088 (subprotocol
negotiation), which the OCA's list of cases has besides. 2.0.1: the CSMS cases of Part 6, edition 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

VERSIONS = ("ocpp16", "ocpp201")


@dataclass(frozen=True, slots=True)
class Entry:
    """One case of a test document. `block` is what it is sorted under."""

    id: str
    version: str
    block: str
    title: str


@cache
def catalogue() -> dict[str, Entry]:
    """All entries by id, in the documents' order."""
    entries = {}
    for version in VERSIONS:
        lines = (Path(__file__).parent / "catalogue" / f"{version}.tsv").read_text(encoding="utf-8").splitlines()
        for line in lines[1:]:
            id, block, title = line.split("\t")
            entries[id] = Entry(id, version, block, title)
    return entries


def total(version: str) -> int:
    """How many cases a version has."""
    return sum(entry.version == version for entry in catalogue().values())
