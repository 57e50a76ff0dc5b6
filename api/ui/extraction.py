"""Keeps the catalogues in step with the sources: `python -m api.ui.extraction` (`make texts`).

New texts come in without a translation, what is no longer used goes out. The files are sorted and say nothing of lines
or dates, so that two who add texts seldom meet. With `--check` nothing is written; it fails if something is missing.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

from api.ui.texts import LANGUAGES, LOCALE

ROOT = Path(__file__).parent.parent
SOURCES = ("ui", "dashboard", "drive")
SAID = ("diagnosis",)
"""Packages of the engine whose sentences are shown in pages: every text of several words there is one."""
KEYWORDS = {"_": 1, "N_": 1, "n_": 2}
"""Function → how many texts it is given."""
TRANSLATED = tuple(language for language in LANGUAGES if language != "en")
Key = str | tuple[str, str]


def texts() -> Iterator[Key]:
    """Every text of the sources; those that go by number as (one, many)."""
    for source in SOURCES:
        for path in sorted((ROOT / source).rglob("*.py")):
            yield from _of_python(path)
        for path in sorted((ROOT / source).rglob("*.html")):
            with path.open("rb") as template:
                for _, _, message, _ in babel_extract(template, tuple(KEYWORDS), [], {}):
                    yield str(message[0] if isinstance(message, tuple) else message)
    for package in SAID:
        for path in sorted((ROOT.parent / "engine" / package).glob("*.py")):
            yield from _sentences(path)


def _sentences(path: Path) -> Iterator[Key]:
    """The texts of a module that have a blank in them, without its docstrings."""
    tree = ast.parse(path.read_bytes())
    described = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) and id(node) not in described else None
        if isinstance(text, str) and " " in text:
            yield text


def _of_python(path: Path) -> Iterator[Key]:
    """Also within f-strings, which tokenizers up to Python 3.11 do not look into."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in KEYWORDS:
            given = node.args[: KEYWORDS[node.func.id]]
            words = [each.value for each in given if isinstance(each, ast.Constant) and isinstance(each.value, str)]
            if words and len(words) == KEYWORDS[node.func.id]:
                yield words[0] if len(words) == 1 else (words[0], words[1])


def renewed(language: str) -> Catalog:
    """The catalogue as it should be: the sources' texts with the translations that there are."""
    known, made = read(language), Catalog(locale=language)
    for key in texts():
        old = known.get(key if isinstance(key, str) else key[0])
        made.add(key, old.string if old is not None and old.string and not old.fuzzy else "")
    return made


def read(language: str) -> Catalog:
    path = LOCALE / f"{language}.po"
    if not path.is_file():
        return Catalog(locale=language)
    with path.open("rb") as source:
        return read_po(source, locale=language)


def written(catalogue: Catalog) -> bytes:
    target = BytesIO()
    write_po(target, catalogue, width=0, no_location=True, omit_header=True, sort_output=True)
    return target.getvalue()


def missing(language: str) -> list[str]:
    """The texts that have no translation, or only half of one."""
    return [_shown(message.id) for message in renewed(language) if message.id and not _whole(message.string)]


def _whole(string: object) -> bool:
    return all(string) and bool(string) if isinstance(string, tuple | list) else bool(string)


def _shown(key: object) -> str:
    return str(key[0] if isinstance(key, tuple | list) else key)


def main(arguments: list[str]) -> int:
    status = 0
    for language in TRANSLATED:
        path, content = LOCALE / f"{language}.po", written(renewed(language))
        if "--check" not in arguments:
            path.write_bytes(content)
        elif not path.is_file() or path.read_bytes() != content:
            sys.stderr.write(f"{path.name} is not in step with the sources: make texts\n")
            status = 1
        for each in missing(language):
            sys.stderr.write(f"{language}: no translation of {each!r}\n")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
