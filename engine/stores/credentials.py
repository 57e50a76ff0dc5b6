"""Does this station know its secret? The argon2 check costs once; after that a keyed hash of the secret is enough.

    verify ──► in memory? ──► proof in SQL? ──► argon2 in a thread ──► proof into SQL and memory

A proof is HMAC-SHA256 over (charge point, version of its secret, secret) with the installation's key: worthless without
that key, and void as soon as the secret changes. Unknown, disabled and wrong all take the same way and get the same
verdict. A secret that was found wrong is remembered too, so that a station that knocks with it all day costs once.

While a new secret is on its way to the station (`secret_changes.py`) both are right; the first connection with the new
one makes it the only one.
"""

from __future__ import annotations

import asyncio
import hmac
from collections import OrderedDict
from dataclasses import dataclass
from enum import Enum
from typing import Any

import structlog
from sqlalchemy import select, update

from engine.errors import RaychargeError, StoreUnavailable
from engine.security.secrets import as_bytes, candidates
from engine.stores.changes import ALL, CHARGE_POINT, CREDENTIAL, Change, ChangeFeed
from engine.stores.installation_key import InstallationKey
from engine.stores.passwords import Passwords
from engine.stores.proofs import keep_proofs, proof_of, waiting_proof_of
from engine.stores.secret_changes import SecretChanges, Waiting
from engine.stores.sql.engine import Database
from engine.stores.sql.models import charge_points, credential_proofs, pending_secrets

REMEMBERED = 200_000
"""Accounts, and wrong secrets, that one process remembers at most (about 400 bytes each)."""

MAX_AGE_S = 300.0
"""After this an account is read again, in case the news of its change was lost."""

BATCH = 500
"""Charge points looked up by one SELECT: a reconnect storm asks for thousands at once."""


log = structlog.get_logger(__name__)


class Verdict(Enum):
    """What the gateway may know: it is not told why."""

    ACCEPTED = "accepted"
    REFUSED = "refused"


@dataclass(slots=True)
class Account:
    """What has to be known at the door. `id` is as registered, whatever case the station writes."""

    id: str
    isolation: str
    security_profile: int
    certificate_name: str | None
    secret_hash: str | None
    secret_version: int
    proof: bytes | None
    waiting: tuple[Waiting, ...] = ()
    read_at: float = 0.0

    @property
    def names(self) -> frozenset[str]:
        """What the common name of its certificate may be."""
        return frozenset({self.id, self.certificate_name or self.id})


class Credentials:
    """The door's book of one process. Give every `Change` of the change feed to `changed`."""

    def __init__(
        self,
        database: Database,
        key: InstallationKey,
        passwords: Passwords | None = None,
        feed: ChangeFeed | None = None,
    ) -> None:
        self._database, self._key, self._feed = database, key, feed
        self._passwords = passwords or Passwords()
        self._changes_of_secrets = SecretChanges(database, key, feed, self._passwords)
        self._accounts: OrderedDict[str, Account] = OrderedDict()
        self._wrong: OrderedDict[bytes, None] = OrderedDict()
        self._wanted: dict[str, asyncio.Future[Account | None]] = {}
        self._lookup: asyncio.Task[None] | None = None
        self._checks: dict[bytes, asyncio.Future[bool]] = {}
        self._changes = 0
        self.argon2_checks = 0

    async def verify(self, charge_point: str, secret: str | bytes | None) -> Verdict:
        """Check a station's secret (None: it gave none).

        Raises StoreUnavailable while SQL is away and this process has not met the station yet, PasswordsBusy when too
        many checks wait: neither is a refusal.
        """
        account = await self.account(charge_point)
        if account is not None and account.security_profile == 0:
            return Verdict.ACCEPTED
        if secret is None:
            return Verdict.REFUSED
        for candidate in candidates(as_bytes(secret)):
            if await self._fits(account, charge_point, candidate):
                return Verdict.ACCEPTED
        return Verdict.REFUSED

    async def refuse(self, charge_point: str, secret: str | bytes | None) -> None:
        """Take as long as `verify` takes for a wrong secret, without looking at the right one.

        For who is refused before that: how long it took must not tell that the name is known. Raises as `verify` does.
        """
        for candidate in () if secret is None else candidates(as_bytes(secret)):
            await self._fits(None, charge_point, candidate)

    async def is_proven(self, charge_point: str, secret: str | bytes | None) -> bool:
        """Whether `verify` would accept without having to check the secret: nothing is guessed here.

        Raises StoreUnavailable as `verify` does.
        """
        account = await self.account(charge_point)
        if account is None or account.security_profile == 0:
            return account is not None
        if secret is None:
            return False
        return any(
            self._is_known(account, candidate) or self._waits(account, candidate) is not None
            for candidate in candidates(as_bytes(secret))
        )

    async def raise_profile(self, account: Account, profile: int) -> None:
        """The station has connected with a higher security profile: never again with a lower one (2.x, A05.FR.06).

        While SQL is away only this process knows; the next connection tells again.
        """
        table = charge_points
        account.security_profile = profile
        statement = (
            update(table)
            .where(table.c.id == account.id, table.c.security_profile < profile)
            .values(security_profile=profile)
        )
        try:
            async with self._database.write() as connection:
                await connection.execute(statement)
        except StoreUnavailable as error:
            log.warning("credentials.profile_not_kept", charge_point=account.id, error=str(error))
            return
        log.info("security_profile_raised", charge_point=account.id, profile=profile)
        if self._feed is not None:
            await self._feed.announce([Change(CHARGE_POINT, account.id)])

    async def account(self, charge_point: str) -> Account | None:
        """The enabled charge point of this name in any case, None if there is none. Raises StoreUnavailable."""
        folded = charge_point.lower()
        known = self._accounts.get(folded)
        if known is not None and asyncio.get_running_loop().time() - known.read_at < MAX_AGE_S:
            self._accounts.move_to_end(folded)
            return known
        wanted = self._wanted.get(folded)
        if wanted is None:
            wanted = self._wanted[folded] = asyncio.get_running_loop().create_future()
            if self._lookup is None or self._lookup.done():
                self._lookup = asyncio.create_task(self._look_up())
        try:
            return await asyncio.shield(wanted)
        except StoreUnavailable:
            if known is None:
                raise
            return known

    def changed(self, change: Change) -> None:
        """Forget what may no longer be true."""
        self._changes += 1
        if change.kind in {CHARGE_POINT, CREDENTIAL}:
            if change.key == ALL:
                self._accounts.clear()
            else:
                self._accounts.pop(change.key.lower(), None)

    def close(self) -> None:
        """Let the threads end."""
        self._passwords.close()

    def _proof(self, account: Account | None, charge_point: str, secret: bytes) -> bytes:
        if account is None:
            return proof_of(self._key, charge_point.lower(), 0, secret)
        return proof_of(self._key, account.id, account.secret_version, secret)

    def _is_known(self, account: Account, secret: bytes) -> bool:
        return account.proof is not None and hmac.compare_digest(
            account.proof, self._proof(account, account.id, secret)
        )

    def _waits(self, account: Account, secret: bytes) -> Waiting | None:
        """The change that brings this secret, if its proof is of our own key."""
        for change in account.waiting:
            proof = waiting_proof_of(self._key, account.id, change.command, secret)
            if change.proof is not None and hmac.compare_digest(change.proof, proof):
                return change
        return None

    async def _fits(self, account: Account | None, charge_point: str, secret: bytes) -> bool:
        if account is not None:
            if self._is_known(account, secret):
                return True
            change = self._waits(account, secret)
            if change is not None:
                await self._confirm(account, change, secret)
                return True
        proof = self._proof(account, charge_point, secret)
        if proof not in self._wrong and await self._check_once(account, secret, proof):
            return True
        return account is not None and await self._waits_elsewhere(account, secret)

    async def _waits_elsewhere(self, account: Account, secret: bytes) -> bool:
        """A change that another node began: its proof has that node's key, so its hash has to tell."""
        for change in account.waiting:
            if change.proof is None and await self._passwords.check(change.secret_hash, secret):
                await self._confirm(account, change, secret)
                return True
        return False

    async def _confirm(self, account: Account, change: Waiting, secret: bytes) -> None:
        try:
            await self._changes_of_secrets.confirm(account.id, change.command, secret)
        except StoreUnavailable as error:
            # The secret is right; both stay so until this can be written.
            log.warning("credentials.change_not_confirmed", charge_point=account.id, error=str(error))
            return
        self._accounts.pop(account.id.lower(), None)
        log.info("secret_changed", charge_point=account.id, command=change.command)

    async def _check_once(self, account: Account | None, secret: bytes, proof: bytes) -> bool:
        """One check for all who ask the same at the same time."""
        running = self._checks.get(proof)
        if running is None:
            running = self._checks[proof] = asyncio.ensure_future(self._check(account, secret, proof))
            running.add_done_callback(lambda _: self._checks.pop(proof, None))
        return await asyncio.shield(running)

    async def _check(self, account: Account | None, secret: bytes, proof: bytes) -> bool:
        self.argon2_checks += 1
        if not await self._passwords.check(None if account is None else account.secret_hash, secret):
            self._wrong[proof] = None
            if len(self._wrong) > REMEMBERED:
                self._wrong.popitem(last=False)
            return False
        if account is not None:
            account.proof = proof
            await self._keep(account, proof)
        return True

    async def _keep(self, account: Account, proof: bytes) -> None:
        try:
            async with self._database.write() as connection:
                await keep_proofs(connection, self._key, [(account.id, account.secret_version, proof)])
        except StoreUnavailable as error:
            # The secret is right; that the next start of this host has to check it again is no reason to refuse.
            log.warning("credentials.proof_not_kept", charge_point=account.id, error=str(error))

    async def _look_up(self) -> None:
        """Answer all who wait, in as few SELECTs as possible; those who come meanwhile are in the next one."""
        while self._wanted:
            names = list(self._wanted)[:BATCH]
            changes = self._changes
            try:
                found = await self._select(names)
            except Exception as error:
                self._fail(names, error)
                if isinstance(error, RaychargeError):
                    continue
                raise
            for name in names:
                account = found.get(name)
                # What was changed while we read may have been read as it was before.
                if account is not None and changes == self._changes:
                    self._remember(name, account)
                self._wanted.pop(name).set_result(account)

    def _fail(self, names: list[str], error: Exception) -> None:
        for name in names:
            future = self._wanted.pop(name)
            future.set_exception(error)
            # Whoever asked may be gone; then nobody would look at it, and asyncio would complain.
            future.exception()

    def _remember(self, name: str, account: Account) -> None:
        account.read_at = asyncio.get_running_loop().time()
        self._accounts[name] = account
        if len(self._accounts) > REMEMBERED:
            self._accounts.popitem(last=False)

    async def _select(self, names: list[str]) -> dict[str, Account]:
        table, proofs = charge_points.c, credential_proofs
        query = (
            select(
                table.folded,
                table.id,
                table.isolation,
                table.security_profile,
                table.certificate_name,
                table.secret_hash,
                table.secret_version,
                proofs.c.secret_version.label("proof_version"),
                proofs.c.proof,
            )
            .outerjoin(proofs, (proofs.c.charge_point == table.id) & (proofs.c.key_id == self._key.id))
            .where(table.folded.in_(names), table.enabled)
        )
        async with self._database.read() as connection:
            found = {row.folded: _account(row) for row in await connection.execute(query)}
            ids = {account.id: account for account in found.values()}
            changes = select(pending_secrets).where(pending_secrets.c.charge_point.in_(list(ids)))
            for row in await connection.execute(changes.order_by(pending_secrets.c.created)):
                proof = bytes(row.proof) if row.key_id == self._key.id else None
                ids[row.charge_point].waiting += (Waiting(row.command, row.secret_hash, proof),)
        return found


def _account(row: Any) -> Account:
    valid = row.proof is not None and row.proof_version == row.secret_version
    return Account(
        row.id,
        row.isolation,
        row.security_profile,
        row.certificate_name,
        row.secret_hash,
        row.secret_version,
        bytes(row.proof) if valid else None,
    )
