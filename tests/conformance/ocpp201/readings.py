"""What a case looks at of meter values: the rows that analysts read, as many as were said and no more."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.conformance.bench import Bench
from tests.conformance.verdict import same

Row = tuple[int, str, str, str]
"""EVSE, context, format and the value as it was said."""


async def kept_rows(bench: Bench, wanted: list[Row], *, session: str | None = None) -> None:
    """Exactly these rows are kept of the charge point: of a session, or with "" of none."""
    where = f"charge_point = '{bench.identity}'" + ("" if session is None else f" AND session = '{session}'")
    sql = f"SELECT evse, context, format, raw FROM meter_values WHERE {where}"

    async def rows() -> list[Row]:
        return [(int(evse), str(context), str(form), str(raw)) for evse, context, form, raw in await _ask(bench, sql)]

    async def as_many() -> list[Row] | None:
        found = await rows()
        return found if len(found) >= len(wanted) else None

    found = await bench.until(as_many, f"{len(wanted)} rows of meter values", instead=rows)
    same(Counter(found), Counter(wanted), "the meter values that are kept")


async def _ask(bench: Bench, sql: str) -> list[list[Any]]:
    return await bench.system.clickhouse(sql)
