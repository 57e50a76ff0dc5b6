"""What a station's answers to our CALLs teach about it, in words that no OCPP version has to itself.

`engine/ocpp` makes facts out of answers (`OcppVersion.learned`), the machine keeps them (`station_configuration.py`
and its neighbours).
"""

from __future__ import annotations

from typing import NamedTuple


class Setting(NamedTuple):
    """A configuration key or variable. `value` is None where the station did not tell it."""

    key: str
    value: str | None
    readonly: bool


class ConfigurationLearned(NamedTuple):
    """Settings that the station told, or accepted."""

    settings: tuple[Setting, ...]


Fact = ConfigurationLearned
