"""Writes docs/conformance.md from the registry: `python -m tests.conformance.document docs/conformance.md`."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.conformance import registry
from tests.conformance.catalogue import VERSIONS, Entry, catalogue
from tests.conformance.registry import CASES, NOT_BUILT

NAMES = {"ocpp16": "OCPP 1.6", "ocpp201": "OCPP 2.0.1"}


def page() -> str:
    """The page: every case id, its title, and whether it is built or why not."""
    lines = [
        "# Conformance",
        "",
        "The CSMS cases of the Open Charge Alliance's test documents, each a simulated station against one running",
        "system, through OCPP, REST and the analysts' port only. `make conformance` runs all that are built;",
        "`python -m tests.conformance --only TC_003_CSMS` one. `tests/conformance/__init__.py` says how to write one.",
        "",
        "Written by `python -m tests.conformance.document docs/conformance.md`.",
        "",
        "| | cases | built | not built |",
        "|---|---|---|---|",
    ]
    for version in VERSIONS:
        ids = [entry.id for entry in catalogue().values() if entry.version == version]
        built, not_built = sum(id in CASES for id in ids), sum(id in NOT_BUILT for id in ids)
        lines.append(f"| {NAMES[version]} | {len(ids)} | {built} | {not_built} |")
    for version in VERSIONS:
        lines += ["", f"## {NAMES[version]}"]
        block = ""
        for entry in catalogue().values():
            if entry.version != version:
                continue
            if entry.block != block:
                block = entry.block
                lines += ["", f"### {block}", "", "| case | what | state |", "|---|---|---|"]
            lines.append(f"| {entry.id} | {entry.title} | {_state(entry)} |")
    return "\n".join([*lines, ""])


def _state(entry: Entry) -> str:
    if entry.id in CASES:
        return "built"
    if entry.id in NOT_BUILT:
        return f"not built: {NOT_BUILT[entry.id]}"
    return "not written yet"


if __name__ == "__main__":
    registry.load()
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
