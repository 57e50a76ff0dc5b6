"""The first rows of the charge points' table as plain HTML: seen as soon as the page comes, before any script runs.

On a slow computer a second or two pass until the table is there. Until then these rows stand in its place, with links
that work; once the table has drawn its own, `raycharge.fleet` takes them away.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from html import escape
from typing import Any
from urllib.parse import quote

from api.ui.parts import figures
from api.ui.parts.states import look_of
from api.ui.texts import _

MOST = 30
"""More than a screen shows."""


_WIDTHS = (140, 110, 310, 110, 190)
"""Of the table's first columns, pixels."""


def first_rows(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Of the answer of GET /fleet."""
    titles = (_("Id"), _("Name"), _("State"), _("Power, kW"), _("Station"))
    heads = "".join(
        f'<th style="width: {width}px">{escape(title)}</th>' for title, width in zip(titles, _WIDTHS, strict=True)
    )
    lines = "".join(_line(dict(zip(columns, row, strict=True))) for row in rows[:MOST])
    table = f"<table><thead><tr>{heads}<th></th></tr></thead><tbody>{lines}</tbody></table>"
    head = '<div class="rc-ahead-head" aria-hidden="true"><span>Raycharge</span></div>'
    return f'<div class="rc-ahead">{head}<div class="rc-ahead-rows">{table}</div></div>'


def _line(row: dict[str, Any]) -> str:
    link = f'<a href="/charge-points/{quote(row["id"], safe="")}">{escape(row["id"])}</a>'
    states = Counter(row["states"] or ["Unknown"])
    chips = "".join(_chip(state, count) for state, count in states.items())
    power = figures.number(row["power_w"] / 1000, 1) if row["power_w"] else ""
    name, station = escape(row["name"] or ""), escape(row["station_name"] or "")
    return (
        f'<tr><td>{link}</td><td>{name}</td><td>{chips}</td><td class="rc-figure">{power}</td><td>{station}</td>'
        "<td></td></tr>"
    )


def _chip(state: str, count: int) -> str:
    look = look_of(state)
    word = f"{figures.number(count)} × {_(look.word)}" if count > 1 else _(look.word)
    icon = f'<i class="q-icon material-icons" aria-hidden="true">{escape(look.icon)}</i>'
    return f'<span class="rc-chip rc-{look.tone}">{icon}<span>{escape(word)}</span></span> '
