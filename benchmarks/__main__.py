"""Runs benchmarks: `python -m benchmarks` all of them, `python -m benchmarks ingest` one.

A benchmark is a module here with a `main()`, which prints a table for people and, as its last line, one JSON object.
Each runs in a process of its own, so that none inherits another's memory or threads. With all of them the last line is
one object with theirs by name.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

PARTS = frozenset({"floor", "live_readers", "load", "reference_csms"})
"""Modules that can be run but measure only as parts of other benchmarks."""


def names() -> list[str]:
    """The benchmarks there are, found without importing them."""
    return sorted(
        path.stem
        for path in Path(__file__).parent.glob("*.py")
        if not path.stem.startswith("_") and path.stem not in PARTS and _has_main(path)
    )


def _has_main(path: Path) -> bool:
    body = ast.parse(path.read_bytes()).body
    return any(isinstance(node, ast.FunctionDef) and node.name == "main" for node in body)


def run(name: str) -> tuple[int, dict[str, Any] | None]:
    """Run one, passing on what it prints except its last line; its exit code and the object of that line."""
    last = ""
    command = [sys.executable, "-m", f"benchmarks.{name}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if last:
                print(last, flush=True)
            last = line.rstrip("\n")
    try:
        found = json.loads(last)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        print(last, flush=True)
        print(f"benchmarks.{name} printed no JSON object as its last line.", file=sys.stderr, flush=True)
        return process.returncode or 1, None
    return process.returncode, found


def main(arguments: list[str]) -> int:
    known = names()
    unknown = [name for name in arguments if name not in known]
    if unknown or not known:
        print(f"There is no benchmark {', '.join(unknown)}. There are: {', '.join(known) or 'none'}.", file=sys.stderr)
        return 2
    results: dict[str, Any] = {}
    failed = 0
    for name in arguments or known:
        began = time.monotonic()
        print(f"== {name}", flush=True)
        code, results[name] = run(name)
        print(
            f"== {name} took {time.monotonic() - began:.0f} s{'' if code == 0 else f', exit code {code}'}", flush=True
        )
        failed |= code
    print(json.dumps(results[arguments[0]] if len(arguments) == 1 else results), flush=True)
    return int(failed != 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
