"""The SQL store: one schema for SQLite and PostgreSQL, its engine, its migrations and the errors of both."""
