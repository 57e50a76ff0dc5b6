"""Alerts: what is known of conditions, the alerts that came of them, their history, rules, windows and preferences."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, Table, Text, false, text, true

from engine.stores.sql.columns import instant, metadata, words


def _version() -> Column[int]:
    return Column("version", Integer, nullable=False, server_default="1")


alert_conditions = Table(
    "alert_conditions",
    metadata,
    # Kind and subject, engine/alerts/conditions.py.
    Column("key", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("network", Text),
    words("station"),
    words("charge_point"),
    Column("evse", Integer),
    Column("connector", Integer),
    words("name"),
    # engine/alerts/machine.py, Track.
    instant("begins"),
    instant("ends"),
    Column("open", Boolean, nullable=False, server_default=false()),
    Column("dismissed", Boolean, nullable=False, server_default=false()),
    instant("gone"),
    instant("due"),
    Column("samples", JSON, nullable=False, server_default=text("'[]'")),
    # What was said about it last.
    Column("says", JSON, nullable=False, server_default=text("'{}'")),
    instant("updated", nullable=False),
    Index("ix_alert_conditions_due", "due"),
    Index("ix_alert_conditions_kind", "kind"),
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("key", Text, nullable=False),
    # The key as long as it is not resolved: a subject has one open alert at most.
    Column("holds", Text, unique=True),
    Column("rule", Text, nullable=False),
    Column("severity", Text, nullable=False),
    # Null: the installation's own.
    Column("network", Text),
    words("station"),
    words("charge_point"),
    Column("evse", Integer),
    Column("connector", Integer),
    words("name"),
    Column("title", Text, nullable=False),
    Column("says", JSON, nullable=False, server_default=text("'{}'")),
    # open, acknowledged or resolved
    Column("state", Text, nullable=False),
    Column("count", Integer, nullable=False, server_default="1"),
    instant("opened", nullable=False),
    instant("last", nullable=False),
    words("assignee"),
    words("acknowledged_by"),
    instant("acknowledged"),
    # person, condition, or rule where that was turned off.
    words("resolution"),
    words("resolved_by"),
    instant("resolved"),
    # The alert of the same subject before this one.
    words("previous"),
    words("job"),
    # Whom it was told to: accounts.
    Column("told", JSON, nullable=False, server_default=text("'[]'")),
    Column("step", Integer, nullable=False, server_default="0"),
    # When somebody is told again, null: nobody.
    instant("due"),
    _version(),
    instant("updated", nullable=False),
    Index("ix_alerts_network_opened", "network", "opened"),
    Index("ix_alerts_opened", "opened"),
    Index("ix_alerts_state", "state", "severity"),
    Index("ix_alerts_charge_point_opened", "charge_point", "opened"),
    Index("ix_alerts_key_opened", "key", "opened"),
    Index("ix_alerts_due", "due", postgresql_where=text("due IS NOT NULL"), sqlite_where=text("due IS NOT NULL")),
)

alert_events = Table(
    "alert_events",
    metadata,
    # What became of an alert. Append-only.
    Column("id", Text, primary_key=True),
    Column("alert", Text, nullable=False),
    instant("at", nullable=False),
    # opened, repeated, acknowledged, assigned, commented, escalated, reminded, resolved
    Column("kind", Text, nullable=False),
    Column("actor_kind", Text, nullable=False),
    words("actor"),
    words("actor_label"),
    words("note"),
    Column("says", JSON(none_as_null=True)),
    Index("ix_alert_events_alert_at", "alert", "at"),
)

alert_rules = Table(
    "alert_rules",
    metadata,
    # "*": the installation's.
    Column("network", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    # engine/alerts/rules.py, `stored`.
    Column("content", JSON, nullable=False),
    _version(),
    instant("updated", nullable=False),
)

maintenance_windows = Table(
    "maintenance_windows",
    metadata,
    Column("id", Text, primary_key=True),
    # Null: all networks.
    Column("network", Text),
    words("station"),
    words("charge_point"),
    Column("evse", Integer),
    Column("connector", Integer),
    instant("begins", nullable=False),
    instant("ends", nullable=False),
    Column("reason", Text, nullable=False),
    words("created_by"),
    _version(),
    instant("created", nullable=False),
    instant("updated", nullable=False),
    Index("ix_maintenance_windows_ends", "ends"),
    Index("ix_maintenance_windows_network_begins", "network", "begins"),
)

alert_preferences = Table(
    "alert_preferences",
    metadata,
    Column("account", Text, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("email", Boolean, nullable=False, server_default=true()),
    Column("channels", JSON, nullable=False, server_default=text("'[]'")),
    Column("severity", Text, nullable=False),
    Column("quiet_from", Integer, nullable=False, server_default="0"),
    Column("quiet_to", Integer, nullable=False, server_default="0"),
    Column("time_zone", Text, nullable=False, server_default="UTC"),
    Column("critical_through", Boolean, nullable=False, server_default=true()),
    _version(),
    instant("updated", nullable=False),
)

alert_waiting = Table(
    "alert_waiting",
    metadata,
    # What somebody is told once their quiet hours are over, all of it in one letter.
    Column("account", Text, primary_key=True),
    Column("alert", Text, primary_key=True),
    Column("what", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("network", Text),
    instant("at", nullable=False),
    instant("due", nullable=False),
    Index("ix_alert_waiting_due", "due"),
)
