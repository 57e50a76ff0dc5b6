"""A driver with the app's token, made in the transaction that makes the account."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.stores import audit
from engine.stores.changes import TOKEN, Change
from engine.stores.drivers import holders
from engine.stores.sql.tables.tokens import drivers, tokens
from engine.stores.tokens.token import APP, Token, as_audited, sessions_of_kind


def fresh_app_token(network: str) -> Token:
    """A token that nobody can guess, of the 20 characters that 1.6 has room for."""
    text = base64.b32encode(secrets.token_bytes(12)).decode().rstrip("=")
    return Token(text, APP, network=network, label="App", max_sessions=sessions_of_kind(APP))


async def enrol(connection: AsyncConnection, account: str, network: str, now: int) -> Sequence[Change]:
    """Make the driver of an account, unless there is one. The caller announces the changes after its commit.

    The driver's id is the account's: what is billed to the one is the other's.
    """
    known = select(drivers.c.id).where(drivers.c.account == account)
    if (await connection.execute(known)).first() is not None:
        return ()
    row = {"id": account, "network": network, "account": account, "created": now, "updated": now}
    await connection.execute(insert(drivers), row)
    await audit.note(connection, now, "created", "driver", account, network=network)
    return await give_app_token(connection, account, network, now)


async def give_app_token(connection: AsyncConnection, driver: str, network: str, now: int) -> Sequence[Change]:
    """Make a token for the driver's app."""
    token = fresh_app_token(network)
    row = {name: getattr(token, name) for name in ("network", "folded", "id_token", "kind", "label", "max_sessions")}
    await connection.execute(insert(tokens), row | {"created": now, "updated": now})
    await holders.hand_over(connection, network, token.folded, driver, now)
    await audit.note(connection, now, "created", "token", token.id_token, network=network, after=as_audited(token))
    return [Change(TOKEN, token.key)]
