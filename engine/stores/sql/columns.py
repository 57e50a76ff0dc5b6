"""What the tables' modules share: the metadata, and the kinds of columns that come up again and again."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Column, MetaData, Numeric, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Exact(TypeDecorator[Decimal]):
    """An exact decimal: NUMERIC in PostgreSQL, decimal text in SQLite, whose numbers would become binary floats."""

    impl = Numeric
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else Numeric())

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        if value is None or dialect.name != "sqlite":
            return value
        return format(value, "f")

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


def instant(name: str, *, nullable: bool = True) -> Column[int]:
    """A time in microseconds since the Unix epoch, UTC."""
    return Column(name, BigInteger, nullable=nullable)


def words(name: str) -> Column[str]:
    """A text that is never null."""
    return Column(name, Text, nullable=False, server_default="")
