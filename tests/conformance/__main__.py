"""Runs the conformance suite: `python -m tests.conformance`, against a system of its own or one at `--url`.

Prints a line a case as it ends, the failures with the last frames, a table of the blocks, and as its last line one JSON
object: {"ocpp16": {"passed": n, "of": 77}, "ocpp201": {"passed": n, "of": 250}}. Exit code 1 if a built case failed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import sys
from collections.abc import Sequence
from fnmatch import fnmatch

from loadtest.installation import ADMIN, PASSWORD, own_installation
from tests.conformance import contracts, price, registry
from tests.conformance.catalogue import VERSIONS, catalogue, total
from tests.conformance.execution import Result, run_cases
from tests.conformance.registry import CASES, NOT_BUILT, Case
from tests.conformance.system import Addresses, SystemUnderTest
from tests.conformance.tls_material import prepare

FRAMES_SHOWN = 12


def main(arguments: Sequence[str]) -> int:
    options = _options(arguments)
    registry.load()
    chosen = _chosen(options.only)
    if not chosen:
        print(f"No built case begins with {', '.join(options.only)}.", file=sys.stderr)
        return 2
    results = asyncio.run(_given(options, chosen)) if options.url else _on_own_system(options, chosen)
    _report(results, options.frames)
    return 1 if any(not result.passed for result in results) else 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="TC_…",
        help="cases whose ids begin or fit so (TC_B, TC_?_01*); repeatable",
    )
    parser.add_argument("--parallel", type=int, default=24, help="how many cases at once (24)")
    parser.add_argument("--frames", type=int, default=FRAMES_SHOWN, help="last frames shown of a failed case")
    parser.add_argument(
        "--url",
        default="",
        help="façade of a running system with our price (price.py), e.g. http://127.0.0.1:8080; none: start one",
    )
    parser.add_argument("--ocpp-url", default="ws://127.0.0.1:9000", help="with --url: where stations connect")
    parser.add_argument("--clickhouse-url", default="http://127.0.0.1:8123", help="with --url: the analysts' port")
    parser.add_argument("--email", default=ADMIN, help="with --url: an operator who may do everything")
    parser.add_argument("--password", default=PASSWORD, help="with --url: the operator's password")
    return parser.parse_args(arguments)


def _chosen(only: Sequence[str]) -> list[Case]:
    """The built cases in the documents' order."""
    patterns = [f"{pattern.removesuffix('*')}*" for pattern in only] or ["*"]
    return [CASES[id] for id in catalogue() if id in CASES and any(fnmatch(id, pattern) for pattern in patterns)]


def _on_own_system(options: argparse.Namespace, cases: Sequence[Case]) -> list[Result]:
    installation = own_installation({"HOSTS": "2", **price.SETTINGS})
    prepare(installation)
    contracts.prepare(installation)
    with installation:
        results = asyncio.run(_run(SystemUnderTest(Addresses.of(installation), installation), options, cases))
    if all(result.passed for result in results):
        shutil.rmtree(installation.folder)
    else:
        print(f"\nThe system's data and logs stay in {installation.folder}.")
    return results


async def _given(options: argparse.Namespace, cases: Sequence[Case]) -> list[Result]:
    addresses = Addresses(
        api=options.url,
        ocpp=options.ocpp_url,
        clickhouse=options.clickhouse_url,
        email=options.email,
        password=options.password,
    )
    return await _run(SystemUnderTest(addresses), options, cases)


async def _run(system: SystemUnderTest, options: argparse.Namespace, cases: Sequence[Case]) -> list[Result]:
    async with system:
        return await run_cases(system, cases, options.parallel, _tell)


def _tell(result: Result) -> None:
    title = catalogue()[result.case.id].title
    print(f"{'passed' if result.passed else 'FAILED'} {result.seconds:6.1f} s  {result.case.id:16} {title}", flush=True)


def _report(results: Sequence[Result], frames: int) -> None:
    for result in results:
        if not result.passed:
            print(f"\n{result.case.id}: {result.failure}")
            for line in result.trace[-frames:]:
                print(f"    {line}")
    passed = {result.case.id for result in results if result.passed}
    failed = {result.case.id for result in results if not result.passed}
    print(f"\n{'block':34} {'passed':>6} {'failed':>6} {'not built':>9} {'of':>4}")
    for version in VERSIONS:
        blocks: dict[str, list[str]] = {}
        for entry in catalogue().values():
            if entry.version == version:
                blocks.setdefault(entry.block, []).append(entry.id)
        for block, ids in blocks.items():
            counts = [len(passed.intersection(ids)), len(failed.intersection(ids)), len(NOT_BUILT.keys() & set(ids))]
            print(f"{version:7} {block:26} {counts[0]:6} {counts[1]:6} {counts[2]:9} {len(ids):4}")
    counted = {v: {"passed": sum(catalogue()[id].version == v for id in passed), "of": total(v)} for v in VERSIONS}
    print(json.dumps(counted), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
