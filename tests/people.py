"""Accounts, grants and logins for tests, written straight into SQLite, with hashes that cost next to nothing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path

from argon2 import PasswordHasher

from engine.stores.passwords import Passwords
from engine.stores.people.logins import LASTS_US, Login

PASSWORD = "correct horse battery staple"


QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def quick_passwords() -> Passwords:
    """Hashes that take microseconds, as only tests may have them."""
    return Passwords(hasher=QUICK)


@cache
def password_hash() -> str:
    return QUICK.hash(PASSWORD)


def put_account(
    books: Path,
    account: str,
    email: str,
    role: str,
    network: str | None = None,
    *,
    now: int,
    driver_of: str | None = None,
) -> None:
    """An account with one grant, or the one that is there with that grant alone."""
    row = (account, "driver" if driver_of else "staff", driver_of, email, password_hash(), now, now)
    columns = "id, kind, network, email, password_hash, created, updated"
    with closing(sqlite3.connect(books, timeout=10)) as connection, connection:
        connection.execute(f"INSERT INTO users ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", row)
        connection.execute("DELETE FROM grants WHERE account = ?", (account,))
        connection.execute(
            "INSERT INTO grants (id, account, role, network, created) VALUES (?, ?, ?, ?, ?)",
            (account, account, role, network, now),
        )


def put_login(books: Path, account: str, *, now: int) -> Login:
    """A live login of the account."""
    with closing(sqlite3.connect(books, timeout=10)) as connection, connection:
        number = connection.execute("SELECT count(*) FROM logins WHERE account = ?", (account,)).fetchone()[0]
        login = Login(f"l-{account}-{number}", account, "password", False, "", "", now, now + LASTS_US)
        connection.execute(
            "INSERT INTO logins (id, account, created, expires) VALUES (?, ?, ?, ?)",
            (login.id, account, now, login.expires),
        )
    return login
