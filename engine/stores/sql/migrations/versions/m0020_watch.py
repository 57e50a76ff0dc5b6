"""What people and other systems watch: alerts, their rules, who is told; see engine/alerts."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def _text(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _words(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text(), server_default="", nullable=False) for name in names]


def _instants(*names: str, nullable: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.BigInteger(), nullable=nullable) for name in names]


def _number(name: str, default: str | None = None) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer(), server_default=default, nullable=default is None)


def _flag(name: str, *, default: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Boolean(), server_default=sa.true() if default else sa.false(), nullable=False)


def _json(name: str, default: str) -> sa.Column[Any]:
    return sa.Column(name, sa.JSON(), server_default=sa.text(f"'{default}'"), nullable=False)


def _place() -> list[sa.Column[Any]]:
    return [_text("network", nullable=True), *_words("station", "charge_point"), _number("evse"), _number("connector")]


def upgrade() -> None:
    # What was written before this release has been seen by people already, or is past.
    op.execute(
        "INSERT INTO positions (projection, partition, position) "
        "SELECT 'watch', partition, position FROM positions WHERE projection = 'ledger'"
    )
    _conditions()
    _alerts()
    _history()
    _rules()
    _windows()
    _preferences()


def _conditions() -> None:
    op.create_table(
        "alert_conditions",
        *(_text("key"), _text("kind"), *_place(), *_words("name")),
        *_instants("begins", "ends", "gone", "due", nullable=True),
        *(_flag("open"), _flag("dismissed"), _json("samples", "[]"), _json("says", "{}"), *_instants("updated")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_alert_conditions")),
    )
    op.create_index("ix_alert_conditions_due", "alert_conditions", ["due"], unique=False)
    op.create_index("ix_alert_conditions_kind", "alert_conditions", ["kind"], unique=False)


def _alerts() -> None:
    op.create_table(
        "alerts",
        *(_text("id"), _text("key"), _text("holds", nullable=True), _text("rule"), _text("severity")),
        *(*_place(), *_words("name"), _text("title"), _json("says", "{}"), _text("state"), _number("count", "1")),
        *_instants("opened", "last"),
        *_words("assignee", "acknowledged_by", "resolution", "resolved_by", "previous", "job"),
        *_instants("acknowledged", "resolved", "due", nullable=True),
        *(_json("told", "[]"), _number("step", "0"), _number("version", "1"), *_instants("updated")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
        sa.UniqueConstraint("holds", name=op.f("uq_alerts_holds")),
    )
    for name, columns in (
        ("ix_alerts_network_opened", ["network", "opened"]),
        ("ix_alerts_opened", ["opened"]),
        ("ix_alerts_state", ["state", "severity"]),
        ("ix_alerts_charge_point_opened", ["charge_point", "opened"]),
        ("ix_alerts_key_opened", ["key", "opened"]),
    ):
        op.create_index(name, "alerts", columns, unique=False)
    due = sa.text("due IS NOT NULL")
    op.create_index("ix_alerts_due", "alerts", ["due"], unique=False, postgresql_where=due, sqlite_where=due)


def _history() -> None:
    op.create_table(
        "alert_events",
        *(_text("id"), _text("alert"), *_instants("at"), _text("kind"), _text("actor_kind")),
        *(*_words("actor", "actor_label", "note"), sa.Column("says", sa.JSON(none_as_null=True), nullable=True)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_events")),
    )
    op.create_index("ix_alert_events_alert_at", "alert_events", ["alert", "at"], unique=False)
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER alert_events_no_{verb.lower()} BEFORE {verb} ON alert_events "
                "BEGIN SELECT RAISE(ABORT, 'the history of alerts is append-only'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION alert_events_are_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the history of alerts is append-only'; END $$"
    )
    op.execute(
        "CREATE TRIGGER alert_events_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON alert_events "
        "FOR EACH STATEMENT EXECUTE FUNCTION alert_events_are_append_only()"
    )


def _rules() -> None:
    op.create_table(
        "alert_rules",
        *(_text("network"), _text("kind"), sa.Column("content", sa.JSON(), nullable=False)),
        *(_number("version", "1"), *_instants("updated")),
        sa.PrimaryKeyConstraint("network", "kind", name=op.f("pk_alert_rules")),
    )


def _windows() -> None:
    op.create_table(
        "maintenance_windows",
        *(_text("id"), *_place(), *_instants("begins", "ends"), _text("reason"), *_words("created_by")),
        *(_number("version", "1"), *_instants("created", "updated")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_maintenance_windows")),
    )
    op.create_index("ix_maintenance_windows_ends", "maintenance_windows", ["ends"], unique=False)
    op.create_index("ix_maintenance_windows_network_begins", "maintenance_windows", ["network", "begins"], unique=False)


def _preferences() -> None:
    op.create_table(
        "alert_preferences",
        *(_text("account"), _flag("email", default=True), _json("channels", "[]"), _text("severity")),
        *(_number("quiet_from", "0"), _number("quiet_to", "0")),
        sa.Column("time_zone", sa.Text(), server_default="UTC", nullable=False),
        *(_flag("critical_through", default=True), _number("version", "1"), *_instants("updated")),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_alert_preferences")),
        sa.ForeignKeyConstraint(
            ["account"], ["users.id"], ondelete="CASCADE", name=op.f("fk_alert_preferences_account_users")
        ),
    )
    op.create_table(
        "alert_waiting",
        *(_text("account"), _text("alert"), _text("what"), _text("title"), _text("severity")),
        *(_text("network", nullable=True), *_instants("at", "due")),
        sa.PrimaryKeyConstraint("account", "alert", "what", name=op.f("pk_alert_waiting")),
    )
    op.create_index("ix_alert_waiting_due", "alert_waiting", ["due"], unique=False)
