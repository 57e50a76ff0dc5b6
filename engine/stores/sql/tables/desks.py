"""What each person has set up in the dashboard for themselves."""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, Table, Text

from engine.stores.sql.columns import instant, metadata

saved_views = Table(
    "saved_views",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account", Text, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    # The page that it is a view of.
    Column("page", Text, nullable=False),
    Column("name", Text, nullable=False),
    # Filters, columns and order, in the page's own words.
    Column("content", JSON, nullable=False),
    Column("version", Integer, nullable=False, server_default="1"),
    instant("created", nullable=False),
    instant("updated", nullable=False),
    Index("uq_saved_views_name", "account", "page", "name", unique=True),
)
