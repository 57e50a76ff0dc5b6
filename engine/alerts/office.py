"""All that people do about alerts, over one database: what the business bundle holds as `alerts`."""

from __future__ import annotations

from dataclasses import dataclass

from engine.alerts.desk import Alerts
from engine.alerts.preferences import Preferences
from engine.alerts.rule_book import Rules
from engine.alerts.windows import Windows
from engine.clock import Clock
from engine.stores.sql.engine import Database


@dataclass(frozen=True, slots=True)
class AlertOffice:
    """The repositories of alerts."""

    desk: Alerts
    rules: Rules
    windows: Windows
    preferences: Preferences


def open_alerts(database: Database, clock: Clock) -> AlertOffice:
    """Make them."""
    return AlertOffice(
        Alerts(database, clock), Rules(database, clock), Windows(database, clock), Preferences(database, clock)
    )
