"""Secrets on their way to a station: kept beside the one in force until the station says which of them it uses.

    begin ──► waiting ──► confirmed     the station has connected with it: it is the secret now, the old one is gone
                     └──► dropped       the station refused the change, or it never left

A change whose answer was lost stays: the station may know either secret. All of it is in SQL, so a restart of anything
changes nothing; `settle` drops what the ledger knows to have been refused when nobody is left who waited for it.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.charging.events import CommandOutcome
from engine.clock import Clock, SystemClock
from engine.errors import Conflict
from engine.security.secrets import checked_secret
from engine.stores.audit import note
from engine.stores.changes import CREDENTIAL, Change, ChangeFeed
from engine.stores.installation_key import InstallationKey
from engine.stores.passwords import Passwords
from engine.stores.proofs import keep_proofs, proof_of, waiting_proof_of
from engine.stores.sql.engine import Database
from engine.stores.sql.models import charge_points, commands, pending_secrets
from engine.stores.whereabouts import network_of

MOST_WAITING = 3
"""Changes of one station whose end is unknown. More of them would be guessing."""

NOT_TAKEN = frozenset(
    {
        CommandOutcome.REJECTED,
        CommandOutcome.FAILED,
        CommandOutcome.NOT_CONNECTED,
        CommandOutcome.EXPIRED,
        CommandOutcome.SUPERSEDED,
    }
)
"""Outcomes after which the station certainly does not know the new secret."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A secret that waits. `proof` is None where another installation's key made it: then only argon2 tells."""

    command: str
    secret_hash: str
    proof: bytes | None


class SecretChanges:
    """The repository of secrets on their way. All methods raise StoreUnavailable while SQL does not answer."""

    def __init__(
        self,
        database: Database,
        key: InstallationKey,
        feed: ChangeFeed | None = None,
        passwords: Passwords | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._database, self._key, self._feed = database, key, feed
        self._passwords = passwords or Passwords()
        self._clock = clock or SystemClock()

    async def begin(self, charge_point: str, command: str, secret: str | bytes) -> None:
        """Let `secret` in from now on as well: before it is sent. Raises InvalidInput, Conflict."""
        raw = checked_secret(secret)
        row = {
            "charge_point": charge_point,
            "command": command,
            "secret_hash": await self._passwords.hash(raw),
            "key_id": self._key.id,
            "proof": waiting_proof_of(self._key, charge_point, command, raw),
            "created": self._clock.now(),
        }
        count = select(func.count()).where(pending_secrets.c.charge_point == charge_point)
        async with self._database.write() as connection:
            if (await connection.execute(count)).scalar_one() >= MOST_WAITING:
                raise Conflict(
                    f"{MOST_WAITING} changes of this password have not been answered yet.",
                    field="password",
                    remedy="Let the station connect, or set its password on both sides.",
                )
            await connection.execute(insert(pending_secrets), [row])
            await self._note(connection, "sent password", charge_point, command)
        await self._announce(charge_point)

    async def drop(self, charge_point: str, command: str) -> None:
        """The station does not use it: only the old secret is right."""
        table = pending_secrets
        async with self._database.write() as connection:
            gone = await connection.execute(
                delete(table).where(table.c.charge_point == charge_point, table.c.command == command)
            )
            if gone.rowcount:
                await self._note(connection, "dropped password", charge_point, command)
        await self._announce(charge_point)

    async def confirm(self, charge_point: str, command: str, secret: bytes) -> None:
        """The station has connected with it: it is the secret now, and what came before it is void."""
        table = pending_secrets
        one = (table.c.charge_point == charge_point, table.c.command == command)
        async with self._database.write() as connection:
            row = (await connection.execute(select(table.c.secret_hash, table.c.created).where(*one))).one_or_none()
            if row is None:
                return
            version = (
                await connection.execute(
                    update(charge_points)
                    .where(charge_points.c.id == charge_point)
                    .values(
                        secret_hash=row.secret_hash,
                        secret_version=charge_points.c.secret_version + 1,
                        updated=self._clock.now(),
                    )
                    .returning(charge_points.c.secret_version)
                )
            ).scalar_one()
            await connection.execute(
                delete(table).where(table.c.charge_point == charge_point, table.c.created <= row.created)
            )
            proof = proof_of(self._key, charge_point, version, secret)
            await keep_proofs(connection, self._key, [(charge_point, version, proof)])
            await self._note(connection, "confirmed password", charge_point, command)
        await self._announce(charge_point)

    async def waiting(self, charge_point: str) -> list[str]:
        """The commands that sent a secret which the station has not used yet, oldest first."""
        table = pending_secrets
        query = select(table.c.command).where(table.c.charge_point == charge_point).order_by(table.c.created)
        async with self._database.read() as connection:
            return list((await connection.execute(query)).scalars())

    async def settle(self) -> list[str]:
        """Drop what the ledger knows to have been refused; the charge points concerned."""
        table = pending_secrets
        query = (
            select(table.c.charge_point, table.c.command)
            .join(commands, commands.c.id == table.c.command)
            .where(commands.c.outcome.in_(NOT_TAKEN))
        )
        async with self._database.read() as connection:
            refused = list(await connection.execute(query))
        for row in refused:
            await self.drop(row.charge_point, row.command)
        return [row.charge_point for row in refused]

    async def _note(self, connection: AsyncConnection, action: str, charge_point: str, command: str) -> None:
        network = await network_of(connection, charge_point)
        after = {"command": command}
        await note(connection, self._clock.now(), action, "charge point", charge_point, network=network, after=after)

    async def _announce(self, charge_point: str) -> None:
        if self._feed is not None:
            await self._feed.announce([Change(CREDENTIAL, charge_point)])
