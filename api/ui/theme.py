"""The look: one accent colour, state colours that go with an icon and a word, and our own style sheet.

All of it is CSS variables (`assets/raycharge.css`), in a light and a dark set; NiceGUI's Tailwind is off. Layout is by
a few classes: rc-stack, rc-row, rc-grid, rc-card, rc-facts, rc-soft, rc-number, rc-table.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from nicegui import app as nicegui_app
from nicegui import ui

ASSETS = Path(__file__).parent / "assets"
FAVICON = (ASSETS / "icon.svg").read_text("utf-8")
LIGHT, DARK = "#0b6b53", "#4cc9a0"
"""The accent. The style sheet has the same."""

CHART = ("#2f80d0", "#d9822b", "#7d5fc7", "#1f9d7a", "#c2497d", "#7f8c99")
"""Colours of lines in charts: told apart in both themes, and by those who see red and green alike."""


@cache
def stylesheet() -> str:
    """The style sheet's address. It changes with its content, so that browsers may keep it for a year."""
    return f"/assets/raycharge.css?{_digest('raycharge.css')}"


@cache
def office_sheet() -> str:
    return f"/assets/office.css?{_digest('office.css')}"


@cache
def script() -> str:
    return f"/assets/raycharge.js?{_digest('raycharge.js')}"


def _digest(name: str) -> str:
    return hashlib.sha256((ASSETS / name).read_bytes()).hexdigest()[:12]


def install() -> None:
    """Give it to all pages."""
    nicegui_app.add_static_files("/assets", ASSETS, max_cache_age=31_536_000)
    sheets = "".join(f'<link rel="stylesheet" href="{each}">' for each in (stylesheet(), office_sheet()))
    ui.add_head_html(f'{sheets}<script src="{script()}"></script>', shared=True)
    nicegui_app.colors(
        primary=LIGHT,
        secondary="#3d5567",
        accent=LIGHT,
        dark="#161e26",
        dark_page="#0f151b",
        positive="#1b7f4f",
        negative="#b3261e",
        info="#1d66ad",
        warning="#8a5a00",
    )
