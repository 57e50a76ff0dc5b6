"""Draw the transition tables as Mermaid diagrams: `python -m engine.charging.diagrams docs/machines`."""

from __future__ import annotations

import sys
from pathlib import Path

from engine.charging.transitions import TABLES, Table


def drawn(table: Table) -> str:
    """The Markdown page of one table. Steps from a state to itself are listed too; the order is the table's."""
    lines = [
        f"# The {table.name} machine",
        "",
        table.about,
        "",
        "Drawn from `engine/charging/transitions.py` by `python -m engine.charging.diagrams docs/machines`.",
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
    for table in TABLES:
        page = folder / f"{table.name}.md"
        page.write_text(drawn(table), encoding="utf-8")
        pages.append(page)
    return pages


if __name__ == "__main__":
    write(Path(sys.argv[1]))
