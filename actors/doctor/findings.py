"""What a check finds."""

from __future__ import annotations

from typing import Literal, NamedTuple

Level = Literal["ok", "warn", "fail"]


class Check(NamedTuple):
    """One finding. `remedy` is "" for what is well; "fail": Raycharge would refuse to start, or could lose data."""

    name: str
    level: Level
    finding: str
    remedy: str = ""
