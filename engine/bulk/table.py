"""Rows as CSV and JSON, in and out: which columns there are says the `Table`.

CSV is UTF-8 with a header, commas or semicolons. Text that a spreadsheet would take for a formula gets an apostrophe in
front on the way out, which is taken off on the way in, so that what is exported is imported as the same.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from engine.errors import InvalidInput

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_ESCAPED = re.compile(r"'+[=+\-@\t\r]")
_MAX_CELL = 20_000


@dataclass(frozen=True, slots=True)
class Table:
    """`header` are the columns in their order, `needed` the one that must be there; `numeric` cells are never text."""

    header: tuple[str, ...]
    needed: str
    numeric: frozenset[str]

    def read_csv(self, data: bytes) -> Iterator[tuple[int, dict[str, Any]]]:
        """Each row with the line at which it begins. Raises InvalidInput for what is no such table."""
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise InvalidInput(
                f"The file is not in UTF-8 (byte {error.start}).", field="body", remedy="Save it as CSV in UTF-8."
            ) from error
        first = text.partition("\n")[0]
        delimiter = ";" if first.count(";") > first.count(",") else ","
        csv.field_size_limit(_MAX_CELL)
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        try:
            header = [name.strip() for name in next(reader, [])]
            self._check(header)
            line = reader.line_num + 1
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    yield line, self._row(header, cells, line)
                line = reader.line_num + 1
        except csv.Error as error:
            raise InvalidInput(
                f"Line {reader.line_num} is no CSV: {error}.", field="body", remedy="Put text with quotes in quotes."
            ) from error

    def _check(self, header: Sequence[str]) -> None:
        if self.needed not in header:
            raise InvalidInput(
                f"The first line names no column `{self.needed}`.",
                field="body",
                remedy=f"Begin with: {','.join(self.header)}",
            )
        for name in header:
            if name not in self.header or header.count(name) > 1:
                what = "is there twice" if name in self.header else "is not known"
                raise InvalidInput(f"The column {name!r} {what}.", field=name, remedy=f"Use: {', '.join(self.header)}.")

    def _row(self, header: Sequence[str], cells: Sequence[str], line: int) -> dict[str, Any]:
        if len(cells) != len(header):
            raise InvalidInput(
                f"Line {line} has {len(cells)} cells, and the first line {len(header)}.",
                field="body",
                remedy="Put text with commas in quotes.",
            )
        return {
            name: cell[1:] if name not in self.numeric and _ESCAPED.match(cell) else cell
            for name, cell in zip(header, cells, strict=True)
        }

    def csv_lines(self, rows: Iterable[Mapping[str, Any]], *, header: bool) -> str:
        """Rows as lines of CSV."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\r\n")
        if header:
            writer.writerow(self.header)
        for row in rows:
            writer.writerow([self._cell(name, row.get(name)) for name in self.header])
        return out.getvalue()

    def _cell(self, name: str, value: Any) -> str:
        if value is None:
            return ""
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, list):
            value = " ".join(value)
        elif isinstance(value, dict):
            return orjson.dumps(value).decode()
        text = str(value)
        return f"'{text}" if name not in self.numeric and _FORMULA.match(text) else text


def read_json(data: bytes) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each row with its place in the list, from 1. Raises InvalidInput for what is no list of objects."""
    try:
        rows = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise InvalidInput(f"The body is no JSON: {error}.", field="body", remedy="Send a list of objects.") from error
    if isinstance(rows, dict) and rows.keys() == {"rows"}:
        rows = rows["rows"]
    if not isinstance(rows, list):
        raise InvalidInput("The body is no list.", field="body", remedy="Send a list of objects, or them as `rows`.")
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise InvalidInput(f"Element {number} is no object.", field="body", remedy="Send a list of objects.")
        yield number, row


def json_line(row: Mapping[str, Any]) -> bytes:
    """A row as JSON; null is nothing known."""
    return orjson.dumps(row)
