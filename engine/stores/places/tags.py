"""The tags of stations and charge points: read for many at once, written anew for one, asked for in a list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Table, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.places.checks import checked_tags

_AT_ONCE = 500


async def tags_of(connection: AsyncConnection, table: Table, owners: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Each owner's tags in order; owners without any are left out. The owner is the table's first column."""
    owner, tag = table.c[0], table.c.tag
    found: dict[str, tuple[str, ...]] = {}
    for start in range(0, len(owners), _AT_ONCE):
        query = select(owner, tag).where(owner.in_(owners[start : start + _AT_ONCE])).order_by(owner, tag)
        for name, text in await connection.execute(query):
            found[name] = (*found.get(name, ()), text)
    return found


async def set_tags(connection: AsyncConnection, table: Table, tags: Mapping[str, Iterable[str]]) -> None:
    """Give each owner these tags and no others. Raises InvalidInput before anything is written."""
    owner = table.c[0]
    rows = [{owner.name: name, "tag": tag} for name, texts in tags.items() for tag in checked_tags(texts)]
    names = sorted(tags)
    for start in range(0, len(names), _AT_ONCE):
        await connection.execute(delete(table).where(owner.in_(names[start : start + _AT_ONCE])))
    if rows:
        await connection.execute(insert(table), rows)


def has_tags(table: Table, owner: ColumnElement[Any], tags: Sequence[str]) -> ColumnElement[bool]:
    """SQL's condition that the owner in this column has all of these tags."""
    wanted = sorted({tag.lower() for tag in tags})
    fitting = select(table.c[0]).where(table.c.tag.in_(wanted)).group_by(table.c[0])
    return owner.in_(fitting.having(func.count() == len(wanted)))
