"""What a reader may ask: one reading statement, over stored tables, with functions that reach nothing outside.

chDB's `readonly = 1` refuses most of the rest by itself, but not the scalar function `file`, not INTO OUTFILE, not KILL
QUERY, and not DESCRIBE of a table function, which opens the file or address to find out its columns. So a statement is
first classified and parsed by chDB's own parser (no comment, quoting or casing can say one thing to us and another to
it). Then the functions and tables named in its syntax tree are looked at, and the words of its canonical text, since
the tree leaves some corners out (what APPLY applies). All this is in addition to `readonly`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from actors.chdb_gateway.errors import ACCESS_DENIED, READONLY, from_chdb, refusal

ALLOWED_TABLE_FUNCTIONS = frozenset(
    {
        "format",
        "generaterandom",
        "generateseries",
        "generate_series",
        "null",
        "numbers",
        "numbers_mt",
        "sqlstandardvalues",
        "values",
        "view",
        "zeros",
        "zeros_mt",
    }
)
"""Table functions, in lower case, that make their rows up or read what the statement itself holds."""

DENIED_FUNCTIONS = re.compile(
    r"^(file|executable.*|ai[a-z]+|catboostevaluate|getclienthttpheader|showcertificate|addressto.*|demangle)$"
)
"""Scalar functions, in lower case, that read files, call out or show the process's inside.

A reader may not use these words as names at all: `arrayMap(file, …)` and `APPLY file` call them without brackets.
"""

_FUNCTION = re.compile(r"^\s*Function (.+?)(?: \(alias .*\))?(?: \(children \d+\))?$", re.MULTILINE)
_TABLE = re.compile(r"^\s*TableIdentifier (.+?)(?: \(alias .*\))?(?: \(children \d+\))?$", re.MULTILINE)
_NAMES_TABLE = re.compile(r"^(?:Exists|ShowCreate|Check)\w*Query")
_IDENTIFIER = re.compile(r"^\s*Identifier (.+?)(?: \(alias .*\))?(?: \(children \d+\))?$", re.MULTILINE)
_LITERAL = re.compile(r"'(?:[^'\\]|\\.)*'", re.DOTALL)
_WORD = re.compile(r"\w+")
_PLAIN_TABLE = re.compile(r"^[\w$]+(\.[\w$]+)?$")
_READS = 0
"""`query_class.READ_ONLY` of chDB's classifier."""

ADJUSTABLE = re.compile(
    r"^(output_format_\w+|format_csv_\w+|format_tsv_\w+|format_custom_\w+|date_time_output_format|join_use_nulls"
    r"|max_result_rows|max_block_size|max_threads|result_overflow_mode|limit|offset|extremes|final|session_timezone"
    r"|count_distinct_implementation|group_by_use_nulls|cast_keep_nullable|decimal_check_overflow|max_execution_time"
    r"|use_client_time_zone|prefer_column_name_to_alias|any_join_distinct_right_table_keys|log_comment)$"
)
"""Settings that change how an answer looks or make a limit tighter; a reader may send these in the URL."""


def check_settings(settings: Mapping[str, str]) -> None:
    """Raise QueryFailed if a reader sent a setting that it may not choose."""
    for name in settings:
        if not ADJUSTABLE.match(name):
            raise refusal(READONLY, f"Cannot modify '{name}' setting in readonly mode.")


class ReaderGuard:
    """Checks readers' statements. `table_functions` are all that this chDB has (from `system.table_functions`)."""

    def __init__(self, table_functions: Iterable[str]) -> None:
        self._denied = frozenset(name.lower() for name in table_functions) - ALLOWED_TABLE_FUNCTIONS

    def check(self, connection: Any, sql: str, params: Mapping[str, str]) -> None:
        """Raise QueryFailed unless `sql` only reads what a reader may see. `connection` parses; it runs nothing."""
        found = connection.classify_query(sql)
        if found["statement_count"] == 0:
            self._tree(connection, sql, params)  # raises the parser's own message
            raise refusal(ACCESS_DENIED, "This statement is not one that a reader may use.")
        if found["statement_count"] != 1:
            raise refusal(ACCESS_DENIED, "Multi-statements are not allowed.")
        if found["query_class"].value != _READS:
            raise refusal(READONLY, "Cannot execute query in readonly mode.")
        tree = self._tree(connection, sql, params)
        functions = _FUNCTION.findall(tree) + _WORD.findall(_LITERAL.sub("", self._canonical(connection, sql)))
        for name in functions:
            if DENIED_FUNCTIONS.match(name.lower()):
                raise refusal(ACCESS_DENIED, f"Not enough privileges: a reader may not use the function {name}.")
        for name in _FUNCTION.findall(tree):
            if name.lower() in self._denied:
                raise refusal(ACCESS_DENIED, f"Not enough privileges: a reader may not use the function {name}.")
        tables = _TABLE.findall(tree)
        if _NAMES_TABLE.match(tree):
            tables += _IDENTIFIER.findall(tree)
        for name in tables:
            if not _PLAIN_TABLE.match(name):
                raise refusal(ACCESS_DENIED, f"Not enough privileges: a reader may not read {name}.")

    @staticmethod
    def _tree(connection: Any, sql: str, params: Mapping[str, str]) -> str:
        return _text(connection, "EXPLAIN AST " + sql, params)

    @staticmethod
    def _canonical(connection: Any, sql: str) -> str:
        """The statement as chDB itself would write it: no comments, names unquoted where they are plain."""
        return _text(connection, f"SELECT formatQuerySingleLine({literal(sql)})", {})


def literal(value: str) -> str:
    """A string in SQL."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _text(connection: Any, sql: str, params: Mapping[str, str]) -> str:
    try:
        answer = connection.query(sql, "TSVRaw", params=dict(params)).bytes()
    except RuntimeError as error:
        raise from_chdb(error) from None
    return bytes(answer or b"").decode("utf-8", "replace")
