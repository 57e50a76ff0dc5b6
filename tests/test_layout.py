"""The layout holds: sizes, names, who imports Ray, no addresses of one machine, and pages that tell the truth."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from engine.settings import Settings

ROOT = Path(__file__).parent.parent
PACKAGES = ("engine", "actors", "api", "loadtest", "benchmarks")
LONGEST_FILE, LONGEST_FUNCTION = 400, 40
SHAPELESS = {"utils", "util", "helpers", "helper", "common", "misc", "tools", "stuff"}

# Written in pieces, so that this file does not find itself.
MACHINE_PATHS = re.compile("/" + r"(?:work|root|home|tmp/w|opt|Users)/(?!raycharge\b)[\w.-]+")
REGISTRIES = re.compile(r"(?:py" + r"pi\.|files\.python" + r"hosted|find-" + r"links|index-" + r"url)")


def tracked(*patterns: str) -> list[Path]:
    """The files that git has, or will have after the next `git add`."""
    command = [
        "git",
        "-c",
        "safe.directory=*",
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
        "--",
        *patterns,
    ]
    try:
        listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    except (OSError, subprocess.CalledProcessError):
        pytest.fail("The layout is checked in a git checkout.")
    return [ROOT / name for name in listed if (ROOT / name).is_file()]


def sources() -> list[Path]:
    return tracked(*(f"{package}/*.py" for package in PACKAGES))


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node


def length_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The lines of a function's body: neither signature, decorators nor docstring."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_no_file_is_longer_than_one_can_hold_in_mind() -> None:
    sizes = {relative(path): len(path.read_text().splitlines()) for path in [*sources(), *tracked("tests/*.py")]}
    assert {name: lines for name, lines in sizes.items() if lines > LONGEST_FILE} == {}


def test_no_function_is_longer_than_a_screen() -> None:
    sizes = {f"{relative(path)}:{f.name}": length_of(f) for path in sources() for f in functions(path)}
    assert {name: lines for name, lines in sizes.items() if lines > LONGEST_FUNCTION} == {}


def test_every_file_is_named_after_what_it_is_for() -> None:
    assert [relative(path) for path in tracked("*.py") if path.stem in SHAPELESS] == []


def test_every_module_says_what_it_is_for() -> None:
    filled = [path for path in sources() if path.stat().st_size]
    undescribed = [path for path in filled if not ast.get_docstring(ast.parse(path.read_bytes()))]
    assert [relative(path) for path in undescribed] == []


def test_only_the_actor_layer_imports_ray() -> None:
    found = [
        relative(path) for path in sources() if not relative(path).startswith("actors/") and "ray" in imports(path)
    ]
    assert found == []


def imports(path: Path) -> set[str]:
    """The top-level names that a file imports, also inside functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None and node.level == 0:
            found.add(node.module.partition(".")[0])
    return found


def test_no_file_knows_the_machine_on_which_it_was_written() -> None:
    assert _lines_with(MACHINE_PATHS, tracked("*")) == []


def test_no_file_names_a_package_registry() -> None:
    # `make lock` tells uv to leave registries out of the lock files, by the very names of its options.
    assert _lines_with(REGISTRIES, [path for path in tracked("*") if path.name != "Makefile"]) == []


def _lines_with(pattern: re.Pattern[str], paths: list[Path]) -> list[str]:
    found: list[str] = []
    for path in paths:
        try:
            lines = path.read_text().splitlines()
        except UnicodeDecodeError:
            continue
        found += [
            f"{relative(path)}:{n}: {line.strip()[:100]}" for n, line in enumerate(lines, 1) if pattern.search(line)
        ]
    return found


def test_nothing_is_left_to_be_done_later() -> None:
    marks = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")
    assert _lines_with(marks, tracked("*.py", "*.lua", "*.sql", "Makefile", ".ci/*")) == []


def test_the_readme_lists_every_setting_with_its_default() -> None:
    readme = (ROOT / "README.md").read_text()
    expected = []
    for name, field in Settings.model_fields.items():
        default = "" if field.default == "" else f"`{field.default}`"
        expected.append(f"| `RAYCHARGE_{name.upper()}` | {default} | {field.description or ''} |")
    assert [row for row in expected if row not in readme] == []
    assert len(re.findall(r"^\| `RAYCHARGE_", readme, re.MULTILINE)) == len(expected), "a setting that is no more"


def test_the_architecture_says_why_each_dependency_is_there() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [
        *project["dependencies"],
        *(each for extra in project["optional-dependencies"].values() for each in extra),
    ]
    names = {re.split(r"[\[=<>~ ]", each)[0] for each in wanted}
    section = (ROOT / "docs" / "architecture.md").read_text().partition("## Dependencies\n")[2]
    listed = set(re.findall(r"^\| `([\w-]+)` \| \S", section, re.MULTILINE))
    assert names - listed == set(), "not explained"
    assert listed - names == set(), "explained, but gone"


def test_the_lock_file_pins_every_direct_dependency_as_the_project_does() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    locked = set(re.findall(r"^([\w.-]+==[\w.]+) ", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    assert {re.sub(r"\[.*\]", "", each) for each in wanted} - locked == set()


def test_every_target_of_the_makefile_is_explained_by_make_help() -> None:
    helped = subprocess.run(["make", "help"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert phony is not None
    assert [target for target in phony[1].split() if f"make {target} " not in helped] == []


def test_test_folders_are_packages_so_that_two_tests_may_have_one_name() -> None:
    # A mutant's folder stands on PYTHONPATH, it is no package.
    folders = {path.parent for path in tracked("tests/*.py") if path.name != "sitecustomize.py"}
    assert [relative(folder) for folder in sorted(folders) if not (folder / "__init__.py").is_file()] == []


def test_rays_own_schema_accepts_the_cluster_file() -> None:
    from ray.autoscaler._private.util import prepare_config, validate_config

    config = yaml.safe_load((ROOT / "ray-cluster.yaml").read_text())
    # As `ray up` does: fill in Ray's defaults, then hold it against ray-schema.json, which knows no other keys.
    prepared = prepare_config(config)
    validate_config(prepared)
    assert prepared["max_workers"] == len(config["provider"]["worker_ips"])
    starts = [
        command
        for kind in ("head", "worker")
        for command in config[f"{kind}_start_ray_commands"]
        if " start " in command
    ]
    assert len(starts) == 2
    for command in starts:
        assert "RAY_memory_monitor_refresh_ms=0" in command
        assert "--object-store-memory=" in command
