"""Conditions on texts that an index serves in both databases: the same folded, the beginning, the last digits."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import Text

from engine.stores.search.needle import TAIL

_LAST = "\U0010ffff"
_ASCII = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


class Tail(FunctionElement[str]):
    """The last `TAIL` characters of a column."""

    type = Text()
    inherit_cache = True
    name = "tail"


@compiles(Tail, "postgresql")
def _right(element: Tail, compiler: Any, **kwargs: Any) -> str:
    return f"right({compiler.process(element.clauses, **kwargs)}, {TAIL})"


@compiles(Tail)
def _substr(element: Tail, compiler: Any, **kwargs: Any) -> str:
    return f"substr({compiler.process(element.clauses, **kwargs)}, -{TAIL})"


def folded(dialect: str, text: str) -> str:
    """As the database's own lower() does it: SQLite knows ASCII only."""
    return text.lower() if dialect == "postgresql" else text.translate(_ASCII)


def begins(dialect: str, column: Any, text: str) -> ColumnElement[bool]:
    """That the column begins with `text`.

    PostgreSQL looks such a LIKE up in an index of `text_pattern_ops`; SQLite's LIKE has no case and takes no index, a
    range does.
    """
    if dialect == "postgresql":
        escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        like: ColumnElement[bool] = column.like(f"{escaped}%", escape="\\")
        return like
    return and_(column >= text, column < text + _LAST)
