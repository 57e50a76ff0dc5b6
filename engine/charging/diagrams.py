"""Draw the transition tables as Mermaid diagrams: `python -m engine.charging.diagrams docs/machines`."""

from __future__ import annotations

import sys
from pathlib import Path

from engine.cases.course import CASE
from engine.charging.transitions import TABLES, Table
from engine.maintenance.course import MAINTENANCE
from engine.payments.course import PAYMENT
from engine.starts.course import START

SOURCES = {
    **{table.name: "engine/charging/transitions.py" for table in TABLES},
    PAYMENT.name: "engine/payments/course.py",
    MAINTENANCE.name: "engine/maintenance/course.py",
    CASE.name: "engine/cases/course.py",
    START.name: "engine/starts/course.py",
}
"""Where each table stands."""


def drawn(table: Table) -> str:
    """The Markdown page of one table. Steps from a state to itself are listed too; the order is the table's."""
    lines = [
        f"# The {table.name} machine",
        "",
        table.about,
        "",
        f"Drawn from `{SOURCES[table.name]}` by `python -m engine.charging.diagrams docs/machines`.",
        "",
        "```mermaid",
        "stateDiagram-v2",
        f"    [*] --> {table.initial}",
    ]
    for state, arrows in table.arrows.items():
        causes: dict[str, list[str]] = {}
        for cause, reached in arrows.items():
            causes.setdefault(reached, []).append(cause)
        lines += [f"    {state} --> {reached}: {', '.join(by)}" for reached, by in causes.items()]
        if not arrows:
            lines.append(f"    {state} --> [*]")
    return "\n".join([*lines, "```", ""])


def write(folder: Path) -> list[Path]:
    """Write one page a table into `folder` and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = []
    for table in (*TABLES, PAYMENT, START, MAINTENANCE, CASE):
        page = folder / f"{table.name}.md"
        page.write_text(drawn(table), encoding="utf-8")
        pages.append(page)
    return pages


if __name__ == "__main__":
    write(Path(sys.argv[1]))
