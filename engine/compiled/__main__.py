"""Compiles the hot path of these sources, unless that is done already: `python -m engine.compiled`.

It needs a C compiler and Python's headers. Without them it says so and ends well: Raycharge runs without, only slower.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

from engine.compiled import COMPILED, HOT, ROOT, key

CACHE = ".mypy_cache"
"""What mypy knows of the sources already: a later compilation takes half the time."""


def _missing() -> str:
    """What a compilation lacks on this machine, "" if nothing."""
    compiler = str(sysconfig.get_config_var("CC") or "cc").split()[0]
    if shutil.which(compiler) is None:
        return f"a C compiler ({compiler})"
    if not (Path(sysconfig.get_path("include")) / "Python.h").is_file():
        return "Python's headers (Python.h)"
    try:
        import mypyc.build  # noqa: F401
    except ImportError:
        return "mypyc (the extra `dev`)"
    return ""


def _copy(workshop: Path) -> None:
    """Copy the sources: what is compiled is what the key is made of, whatever is edited meanwhile."""
    for package in ("engine", "actors"):
        shutil.copytree(ROOT / package, workshop / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", workshop)


def _compile(workshop: Path) -> Path:
    """Compile a copy of the sources where it lies. Returns the folder of what came out. Raises RuntimeError."""
    built = workshop / "built"
    files = [f"{name.replace('.', '/')}.py" for name in HOT]
    done = subprocess.run(
        [sys.executable, "-c", _SETUP, str(built), str(COMPILED / CACHE), *files],
        cwd=workshop,
        env=os.environ | {"RAYCHARGE_COMPILED": "0", "PYTHONPATH": str(workshop)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"mypyc or the C compiler failed:\n{done.stdout[-4000:]}")
    return built


_SETUP = """
import sys
from setuptools import Distribution
from mypyc.build import mypycify
built, cache, *files = sys.argv[1:]
options = ["--config-file", "pyproject.toml", "--cache-dir", cache]
extensions = mypycify([*options, *files], opt_level="2", debug_level="0", group_name="raycharge_hot_path")
command = Distribution({"name": "raycharge-hot-path", "ext_modules": extensions}).get_command_obj("build_ext")
command.build_lib, command.build_temp, command.parallel = built, built + "-objects", 2
command.ensure_finalized()
command.run()
"""


def _put(built: Path, folder: Path) -> None:
    """Move what was built to its place at once, and take older ones away."""
    if folder.is_dir():
        return
    fresh = folder.with_suffix(".fresh")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(built, fresh)
    fresh.rename(folder)
    for other in COMPILED.iterdir():
        if other.is_dir() and other != folder and other.name != CACHE:
            shutil.rmtree(other)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> int:
    """Compile if need be. Returns the exit code: 1 if it was tried and failed."""
    missing = _missing()
    if missing:
        _say(f"The hot path runs from its sources, which costs a third more CPU: {missing} is not here.")
        return 0
    COMPILED.mkdir(exist_ok=True)
    with (COMPILED / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (COMPILED / key()).is_dir():
            return 0
        _say("Compiling the hot path (about half a minute, again after each change of the engine) …")
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="raycharge-compile-") as workshop:
            try:
                _copy(Path(workshop))
                folder = COMPILED / key(Path(workshop))
                _put(_compile(Path(workshop)), folder)
            except RuntimeError as error:
                _say(f"The hot path could not be compiled and runs from its sources. {error}")
                return 1
        _say(f"The hot path is compiled ({time.monotonic() - began:.0f} s).")
    return 0


if __name__ == "__main__":
    sys.exit(main())
