"""The compiled hot path is used whole and only for the sources it was made of; without it everything runs as well."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from engine import compiled
from engine.compiled import __main__ as builder

ASK = "from engine import compiled; import engine.ocpp.frames as f; print(compiled.active(), f.__file__)"


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the sources, for which keys are made."""
    for package in ("engine", "actors"):
        shutil.copytree(compiled.ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(compiled, "ROOT", tmp_path)
    return tmp_path


def test_the_same_sources_have_the_same_key_wherever_they_lie(copy: Path) -> None:
    assert compiled.key() == compiled.key(Path(builder.__file__).parent.parent.parent)


@pytest.mark.parametrize("edited", ["engine/ocpp/frames.py", "engine/charging/messages.py", "actors/link.py"])
def test_an_edit_of_what_the_hot_path_leans_on_leaves_the_compiled_one_behind(copy: Path, edited: str) -> None:
    before = compiled.key()
    (copy / edited).write_text((copy / edited).read_text() + "\n")
    assert compiled.key() != before


def test_a_new_module_and_one_that_is_gone_count_too(copy: Path) -> None:
    keys = {compiled.key()}
    (copy / "engine" / "ocpp" / "v16" / "fresh.py").write_text('"""New."""\n')
    keys.add(compiled.key())
    (copy / "engine" / "ids.py").unlink()
    keys.add(compiled.key())
    assert len(keys) == 3


def test_every_hot_module_is_among_what_the_key_is_made_of() -> None:
    covered = {file for pattern in compiled.LEANT_ON for file in compiled.ROOT.glob(pattern)}
    missing = [name for name in compiled.HOT if compiled.ROOT / f"{name.replace('.', '/')}.py" not in covered]
    assert missing == []


def test_the_hot_path_is_compiled_in_whole_or_not_at_all() -> None:
    suffixes = {Path(str(importlib.import_module(name).__file__)).suffix for name in compiled.HOT}
    assert suffixes == ({".so"} if compiled.active() else {".py"})


def test_a_folder_of_other_sources_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "0123456789abcdef").mkdir()
    monkeypatch.setattr(compiled, "COMPILED", tmp_path)
    monkeypatch.setattr(sys, "meta_path", [])
    monkeypatch.setenv("RAYCHARGE_COMPILED", "1")
    compiled.install()
    assert sys.meta_path == []
    (tmp_path / compiled.key()).mkdir()
    compiled.install()
    assert compiled.active()


def test_the_environment_can_ask_for_the_sources() -> None:
    environment = os.environ | {"RAYCHARGE_COMPILED": "0"}
    said = subprocess.run([sys.executable, "-c", ASK], env=environment, capture_output=True, text=True, check=True)
    active, file = said.stdout.split()
    assert active == "False"
    assert file.endswith("frames.py")


def test_a_machine_without_a_compiler_is_told_and_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    assert builder.main() == 0
    assert "a C compiler" in capsys.readouterr().out


def test_a_failed_compilation_leaves_nothing_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(workshop: Path) -> Path:
        raise RuntimeError("error: what the compiler said")

    monkeypatch.setattr(builder, "_missing", lambda: "")
    monkeypatch.setattr(builder, "_compile", fail)
    monkeypatch.setattr(builder, "COMPILED", tmp_path)
    assert builder.main() == 1
    assert "what the compiler said" in capsys.readouterr().out
    assert not (tmp_path / compiled.key()).exists()


def test_what_is_compiled_is_named_after_what_was_compiled(
    copy: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    edited = copy / "engine" / "ids.py"

    def compile_it(workshop: Path) -> Path:
        edited.write_text(edited.read_text() + "\n")
        (workshop / "built").mkdir()
        return workshop / "built"

    place = tmp_path_factory.mktemp("compiled")
    (copy / "pyproject.toml").touch()
    for name, value in {"ROOT": copy, "COMPILED": place, "_missing": lambda: "", "_compile": compile_it}.items():
        monkeypatch.setattr(builder, name, value)
    before = compiled.key()
    assert builder.main() == 0
    assert (place / before).is_dir()
    assert not (place / compiled.key()).exists()
