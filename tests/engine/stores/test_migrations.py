"""The schema: from nothing, twice, by two at once, and from the future."""

from __future__ import annotations

import asyncio
import sys

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from engine.errors import ConfigurationError
from engine.stores.sql.engine import Database, connect
from engine.stores.sql.migrations import configuration, upgrade
from engine.stores.sql.models import Exact, metadata


async def test_an_empty_database_gets_every_table_and_the_defaults(database: Database) -> None:
    async with database.read() as connection:
        names = await connection.run_sync(lambda sync: set(inspect(sync).get_table_names()))
        assert names == {*metadata.tables, "alembic_version"}
        assert (await connection.execute(text("SELECT id FROM networks"))).scalars().all() == ["default"]
        assert (await connection.execute(text("SELECT id, network_id FROM stations"))).all() == [("default", "default")]


@pytest.mark.filterwarnings("ignore:(autogenerate skipping|Skipped unsupported).*expression-based index")
async def test_the_migrations_make_what_the_models_say(database: Database) -> None:
    def differences(connection: Connection) -> list[object]:
        def differ(_context: object, _inspected: object, _meta: object, there: object, wanted: object) -> bool | None:
            # Exact is TEXT in SQLite on purpose; Alembic only looks at what it would be elsewhere.
            return False if isinstance(wanted, Exact) else None

        context = MigrationContext.configure(connection, opts={"compare_type": differ})
        return list(compare_metadata(context, metadata))

    async with database.read() as connection:
        assert await connection.run_sync(differences) == []


async def test_upgrading_again_changes_nothing(database_url: str) -> None:
    first = await upgrade(database_url)
    assert await upgrade(database_url) == first


async def test_two_processes_may_upgrade_at_once(empty_url: str) -> None:
    code = "import asyncio, sys; from engine.stores.sql.migrations import upgrade; asyncio.run(upgrade(sys.argv[1]))"
    both = [await asyncio.create_subprocess_exec(sys.executable, "-c", code, empty_url) for _ in range(2)]
    assert [await process.wait() for process in both] == [0, 0]
    opened = connect(empty_url)
    async with opened.read() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM stations"))).scalar_one() == 1
    await opened.aclose()


async def test_a_database_of_a_newer_release_is_refused(database: Database, database_url: str) -> None:
    async with database.write() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigurationError, match="newer Raycharge"):
        await upgrade(database_url)


async def test_another_kind_of_database_is_refused_without_showing_the_password() -> None:
    with pytest.raises(ConfigurationError) as caught:
        connect("mysql://me:hunter2@host/db")
    assert "hunter2" not in str(caught.value)


async def test_charge_points_of_the_first_release_keep_their_passwords_and_get_a_profile(empty_url: str) -> None:
    opened = connect(empty_url)
    await _upgrade_to(opened, "0001")
    columns = "(id, folded, station_id, auth, secret_hash, secret_version, created, updated)"
    rows = "('a', 'a', 'default', 'basic', 'hash', 1, 1, 1), ('b', 'b', 'default', 'none', NULL, 0, 1, 1)"
    async with opened.write() as connection:
        await connection.execute(text(f"INSERT INTO charge_points {columns} VALUES {rows}"))
        await connection.execute(text("INSERT INTO credential_proofs VALUES ('a', 'key', 1, 'proof')"))
    await upgrade(empty_url)
    async with opened.read() as connection:
        profiles = await connection.execute(text("SELECT id, security_profile FROM charge_points ORDER BY id"))
        assert [tuple(row) for row in profiles] == [("a", 1), ("b", 0)]
        assert (await connection.execute(text("SELECT count(*) FROM credential_proofs"))).scalar_one() == 1
    await opened.aclose()


async def test_users_of_an_earlier_release_keep_their_roles_as_grants_and_log_in_as_before(empty_url: str) -> None:
    opened = connect(empty_url)
    await _upgrade_to(opened, "0009")
    columns = "(id, email, password_hash, role, disabled, created, updated)"
    rows = "('a', 'a@x.org', 'hash', 'admin', false, 1, 1), ('b', 'b@x.org', 'hash', 'support', true, 2, 2)"
    async with opened.write() as connection:
        await connection.execute(
            text(f"INSERT INTO users {columns} VALUES {rows}, ('c', 'c@x.org', 'h', '', false, 3, 3)")
        )
    await upgrade(empty_url)
    async with opened.write() as connection:
        granted = await connection.execute(text("SELECT account, role, network FROM grants ORDER BY account"))
        assert [tuple(row) for row in granted] == [("a", "admin", None), ("b", "support", None)]
        known = await connection.execute(text("SELECT kind, network, email, disabled FROM users WHERE id = 'b'"))
        assert tuple(known.one()) == ("staff", None, "b@x.org", True)
        # A role that a later release brings along is made at its start.
        await connection.execute(text("DELETE FROM roles WHERE id = 'partner'"))
    await upgrade(empty_url)
    async with opened.read() as connection:
        assert (await connection.execute(text("SELECT builtin FROM roles WHERE id = 'partner'"))).scalar_one()
    await opened.aclose()


async def test_billing_begins_where_the_ledger_stands_for_what_is_older_may_be_gone(empty_url: str) -> None:
    opened = connect(empty_url)
    await _upgrade_to(opened, "0014")
    async with opened.write() as connection:
        await connection.execute(
            text("INSERT INTO positions VALUES ('ledger', 0, 17), ('ledger', 1, 4), ('live', 0, 9)")
        )
    await upgrade(empty_url)
    async with opened.read() as connection:
        query = "SELECT partition, position FROM positions WHERE projection = 'billing' ORDER BY partition"
        assert [tuple(row) for row in await connection.execute(text(query))] == [(0, 17), (1, 4)]
    await opened.aclose()


async def _upgrade_to(opened: Database, revision: str) -> None:
    def run(connection: Connection) -> None:
        config = configuration()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)

    async with opened.write() as connection:
        await connection.run_sync(run)
