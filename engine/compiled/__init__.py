"""Puts the compiled form of the hot path in place of its sources, if there is one of exactly these sources.

`python -m engine.compiled` (which `make` calls) compiles the modules of `HOT` by mypyc into a folder of the
environment that is named after the content of all that they lean on. A process looks for the folder of its own
sources: after an edit there is none, and everything runs from the .py files, as it always can. RAYCHARGE_COMPILED=0
asks for that.
"""

from __future__ import annotations

import hashlib
import os
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader, ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parent.parent.parent
COMPILED = Path(sys.prefix) / "compiled"
SUFFIX = EXTENSION_SUFFIXES[0]
LEANT_ON = (
    "engine/*.py",
    "engine/compiled/*.py",
    "engine/ocpp/**/*.py",
    "engine/charging/**/*.py",
    "engine/journal/**/*.py",
    "actors/*.py",
    "actors/gateway/*.py",
)
"""Sources whose change makes another folder: more than the hot path, because mypyc takes over types of what it uses."""

HOT = (
    "engine.clock",
    "engine.faults",
    "engine.ocpp.frames",
    "engine.ocpp.forms",
    "engine.ocpp.rpc",
    "engine.ocpp.times",
    "engine.ocpp.units",
    "engine.ocpp.port",
    "engine.ocpp.schemas",
    "engine.ocpp.registry",
    "engine.ocpp.redaction",
    "engine.ocpp.v16.registry",
    "engine.ocpp.v16.answers",
    "engine.ocpp.v16.meter_values",
    "engine.ocpp.v16.meter_values_form",
    "engine.ocpp.v2.registry",
    "engine.ocpp.v2.answers",
    "engine.ocpp.v2.meter_values",
    "engine.ocpp.v2.known_readings",
    "engine.ocpp.v2.readings_form",
    "engine.ocpp.keys",
    "engine.ocpp.v2.transactions",
    "engine.charging.charge_point",
    "engine.charging.state",
    "engine.charging.snapshots",
    "engine.charging.session.metering",
    "engine.charging.session.machine",
    "engine.charging.session.course",
    "engine.charging.session.told",
    "engine.charging.transactions.told",
    "engine.charging.session.state",
    "engine.charging.transitions",
    "engine.charging.session.registers",
    "engine.charging.drift",
    "engine.journal.commit_command",
    "engine.journal.encoding",
    "engine.journal.activation",
    "engine.journal.committer",
    "engine.journal.port",
    "actors.charge_point",
    "actors.conversation",
    "actors.interpreter",
    "actors.message_log",
    "actors.runtime",
    "actors.gateway.socket",
    "actors.gateway.whole_frames",
)


def key(root: Path | None = None) -> str:
    """The name of these sources' folder: a digest of their content and of the interpreter's binary interface.

    `root` has the sources, those that this process runs if it is left out.
    """
    root = root or ROOT
    digest = hashlib.sha256(str(sysconfig.get_config_var("SOABI")).encode())
    for file in sorted({file for pattern in LEANT_ON for file in root.glob(pattern)}):
        content = file.read_bytes()
        digest.update(f"\0{file.relative_to(root).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:32]


def active() -> bool:
    """Whether this process runs the compiled hot path."""
    return any(isinstance(finder, Finder) for finder in sys.meta_path)


class Finder(MetaPathFinder):
    """Finds the modules whose compiled form lies in one folder."""

    def __init__(self, folder: Path) -> None:
        self._files: Mapping[str, Path] = dict(_modules(folder))

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        file = self._files.get(fullname)
        if file is None:
            return None
        return spec_from_file_location(fullname, file, loader=ExtensionFileLoader(fullname, str(file)))


def _modules(folder: Path) -> Iterator[tuple[str, Path]]:
    for file in folder.rglob(f"*{SUFFIX}"):
        yield file.relative_to(folder).as_posix().removesuffix(SUFFIX).replace("/", "."), file


def install() -> None:
    """Have this process import the compiled hot path. To be called before any module of it is imported."""
    if os.environ.get("RAYCHARGE_COMPILED", "1") == "0" or active() or not COMPILED.is_dir():
        return
    folder = COMPILED / key()
    if folder.is_dir():
        sys.meta_path.insert(0, Finder(folder))
