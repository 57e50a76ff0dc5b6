"""Whom an OpenID provider's subjects are here, and logins at it that are under way.

An account is known by issuer and subject, never by its e-mail address alone: addresses change hands. The roles that
the provider's claims give are kept apart (`created_by` is "oidc") and follow the claims with every login.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.access.grants import SYSTEM_POWER, Power
from engine.access.roles import ADMIN
from engine.clock import SECOND
from engine.errors import Conflict, Forbidden, Gone, InvalidInput, NotFound
from engine.ids import new_id
from engine.oidc.role_mapping import RoleIn
from engine.stores.audit import note
from engine.stores.people.accounts import address_of, told
from engine.stores.people.granting import Granting, raise_version
from engine.stores.people.ground import Ground, lock_admins, need_admin_left
from engine.stores.people.rows import Account, account_where
from engine.stores.sql.tables.people import grants, identities, oidc_flows, users

log = structlog.get_logger("people")
BY = "oidc"
FLOW_LASTS_US = 600 * SECOND


@dataclass(frozen=True, slots=True)
class Flow:
    """A login that was sent to the provider. `browser` goes into a cookie, so that only it can come back."""

    state: str
    nonce: str
    verifier: str
    browser: str


class Identities:
    """The repository. All methods raise StoreUnavailable while SQL does not answer."""

    def __init__(self, ground: Ground, granting: Granting) -> None:
        self._ground, self._granting = ground, granting

    async def begin(self) -> Flow:
        """Remember a login that is about to be sent to the provider, for ten minutes."""
        flow = Flow(*(secrets.token_urlsafe(32) for _ in range(4)))
        now = self._ground.clock.now()
        row = {"state_hash": self._hash(flow.state), "browser_hash": self._hash(flow.browser)}
        row |= {"nonce": flow.nonce, "verifier": flow.verifier, "expires": now + FLOW_LASTS_US}  # type: ignore[dict-item]
        async with self._ground.database.write() as connection:
            await connection.execute(delete(oidc_flows).where(oidc_flows.c.expires < now))
            await connection.execute(insert(oidc_flows), row)
        return flow

    async def take(self, state: str, browser: str) -> tuple[str, str]:
        """Nonce and verifier of a login that has come back, once. Raises Gone for any other."""
        mine = oidc_flows.c.state_hash == self._hash(state)
        async with self._ground.database.write() as connection:
            row = (await connection.execute(select(oidc_flows).where(mine))).one_or_none()
            taken = await connection.execute(delete(oidc_flows).where(mine))
        right = row is not None and hmac.compare_digest(row.browser_hash, self._hash(browser))
        if row is None or taken.rowcount != 1 or not right or row.expires <= self._ground.clock.now():
            raise Gone("This login was not begun here, or is over.", field="state", remedy="Begin again.")
        return row.nonce, row.verifier

    async def account_of(self, claims: Mapping[str, Any], roles: frozenset[RoleIn], *, link_by_email: bool) -> Account:
        """The account of whom the claims speak, with the roles that they give; made if they give any.

        Raises Forbidden for somebody unknown to whom they give none, Conflict if their address is somebody else's.
        """
        issuer, subject = str(claims["iss"]), str(claims["sub"])
        try:
            async with self._ground.database.write() as connection:
                await lock_admins(connection)
                account = await self._known(connection, issuer, subject)
                if account is None and link_by_email:
                    account = await self._by_verified_email(connection, claims)
                    if account is not None:
                        await self._link(connection, account, issuer, subject)
                if account is None:
                    account = await self._made(connection, claims, roles)
                    await self._link(connection, account, issuer, subject)
                if not account.active:
                    raise _nobody()
                await self._follow(connection, account, roles)
        except IntegrityError as error:
            raise Conflict(
                "This address has an account that is not linked to the provider.",
                field="email",
                remedy="Ask an administrator.",
            ) from error
        await self._ground.announcements.account(account.id)
        return account

    async def _known(self, connection: AsyncConnection, issuer: str, subject: str) -> Account | None:
        of = select(identities.c.account).where(identities.c.issuer == issuer, identities.c.subject == subject)
        found = (await connection.execute(of)).scalar_one_or_none()
        return None if found is None else await account_where(connection, users.c.id == found, for_change=True)

    async def _by_verified_email(self, connection: AsyncConnection, claims: Mapping[str, Any]) -> Account | None:
        if claims.get("email_verified") is not True or not isinstance(claims.get("email"), str):
            return None
        try:
            email = address_of(claims["email"])
            return await account_where(
                connection, (users.c.email == email) & users.c.network.is_(None), for_change=True
            )
        except (NotFound, InvalidInput):
            return None

    async def _made(self, connection: AsyncConnection, claims: Mapping[str, Any], roles: frozenset[RoleIn]) -> Account:
        if not roles or not isinstance(claims.get("email"), str):
            raise _nobody()
        now, id = self._ground.clock.now(), new_id()
        name = claims.get("name")
        row = {"id": id, "email": address_of(claims["email"]), "name": name[:200] if isinstance(name, str) else ""}
        verified = now if claims.get("email_verified") is True else None
        await connection.execute(
            insert(users), row | {"email_verified": verified, "password_hash": "", "created": now, "updated": now}
        )
        account = await account_where(connection, users.c.id == id)
        await note(connection, now, "created", "user", id, after=told(account) | {"by": BY})
        return account

    async def _link(self, connection: AsyncConnection, account: Account, issuer: str, subject: str) -> None:
        now = self._ground.clock.now()
        row = {"issuer": issuer, "subject": subject, "account": account.id, "created": now}
        await connection.execute(insert(identities), row)
        await note(connection, now, "linked", "user", account.id, after={"issuer": issuer, "subject": subject})

    async def _follow(self, connection: AsyncConnection, account: Account, roles: frozenset[RoleIn]) -> None:
        """Make the grants that come from the provider those that the claims give now."""
        query = select(grants.c.id, grants.c.role, grants.c.network, grants.c.created_by)
        rows = (await connection.execute(query.where(grants.c.account == account.id))).all()
        held = {(row.role, row.network): row for row in rows}
        for place in sorted(roles - held.keys(), key=str):
            trial = await connection.begin_nested()
            try:
                await self._granting.grant_within(connection, account, [place], _PROVIDER)
            except (InvalidInput, NotFound) as error:
                await trial.rollback()
                log.warning("mapped_role_left_out", role=place[0], network=place[1], error=str(error))
            else:
                await trial.commit()
        for place, row in held.items():
            if row.created_by == BY and place not in roles:
                await self._withdraw(connection, account, row)
        await raise_version(connection, account.id, self._ground.clock.now())

    async def _withdraw(self, connection: AsyncConnection, account: Account, row: Any) -> None:
        trial = await connection.begin_nested()
        try:
            await connection.execute(delete(grants).where(grants.c.id == row.id))
            if row.role == ADMIN and row.network is None:
                await need_admin_left(connection)
        except Conflict:
            await trial.rollback()
            log.warning("last_admin_keeps_role", account=account.id)
        else:
            await trial.commit()
            before = {"role": row.role, "network": row.network}
            await note(
                connection,
                self._ground.clock.now(),
                "withdrew",
                "grant",
                account.id,
                network=row.network,
                before=before,
            )

    def _hash(self, text: str) -> bytes:
        return self._ground.key.digest("oidc flow", text)


_PROVIDER = Power(SYSTEM_POWER.grants, BY)


def _nobody() -> Forbidden:
    return Forbidden("Nobody here is known by this login.", remedy="Ask an administrator for an account or a role.")
