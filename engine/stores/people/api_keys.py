"""API keys: bearer tokens for programs, which never can more than their owner can at that moment.

A key reads `rck_<id>_<secret>`: the id finds the row, of the secret a keyed hash is kept. It is shown once.
"""

from __future__ import annotations

import re
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import insert, select, update

from engine.access.grants import Grant, Power, narrowed, outranks, permissions_of
from engine.access.roles import ALL, PERSONAL
from engine.access.scope import Scope
from engine.clock import SECOND
from engine.errors import Changed, Conflict, Forbidden, InvalidInput, NotFound, StoreUnavailable
from engine.stores.audit import note
from engine.stores.listing import Listing, Wanted
from engine.stores.paging import Page
from engine.stores.people.ground import Ground, visible
from engine.stores.people.rows import held_roles
from engine.stores.people.standing import KnownPeople, LiveKey, Standing
from engine.stores.sql.tables.people import api_keys, users

log = structlog.get_logger("people")
PREFIX = "rck_"
_FORM = re.compile(r"rck_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")
FORBIDDEN = PERSONAL | {"api-keys:write"}
"""What no key can: change a person's own password, and make other keys that would outlive it."""
MOST_OF_AN_ACCOUNT = 100
LONGEST_US = 366 * 86_400 * SECOND
USED_EVERY_US = 60 * SECOND
_REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key without its secret. `networks` None: wherever its owner may."""

    id: str
    account: str
    owner: str
    name: str
    permissions: tuple[str, ...]
    networks: tuple[str, ...] | None
    created: int
    expires: int
    last_used: int | None
    revoked: int | None
    version: int


@dataclass(frozen=True, slots=True)
class NewApiKey:
    """`expires` in microseconds."""

    name: str
    permissions: frozenset[str]
    expires: int
    networks: frozenset[str] | None = None


_LISTING = Listing({"created": (api_keys.c.created, int), "name": (api_keys.c.name, str)}, api_keys.c.id, "-created")
_QUERY = select(api_keys, users.c.email).join_from(api_keys, users, users.c.id == api_keys.c.account)


class ApiKeys:
    """The repository, and the check of a key. All methods raise StoreUnavailable while SQL does not answer."""

    def __init__(self, ground: Ground, known: KnownPeople) -> None:
        self._ground, self._known = ground, known
        self._owners: OrderedDict[str, str] = OrderedDict()
        self._used: OrderedDict[str, int] = OrderedDict()

    async def create(self, new: NewApiKey, power: Power) -> tuple[ApiKey, str]:
        """A key of the caller's own, and its text. Raises InvalidInput, Forbidden for what the caller does not hold."""
        now = self._ground.clock.now()
        self._check(new, power, now)
        id, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
        row: dict[str, Any] = {
            "id": id,
            "account": power.account,
            "name": new.name,
            "secret_hash": self._hash(id, secret),
        }
        row |= {
            "permissions": sorted(new.permissions),
            "networks": None if new.networks is None else sorted(new.networks),
        }
        async with self._ground.database.write() as connection:
            mine = select(api_keys.c.id).where(
                api_keys.c.account == power.account, api_keys.c.revoked.is_(None), api_keys.c.expires > now
            )
            if len((await connection.execute(mine)).all()) >= MOST_OF_AN_ACCOUNT:
                raise Conflict("You have too many API keys.", field="name", remedy="Revoke those that are not used.")
            await connection.execute(insert(api_keys), row | {"created": now, "expires": new.expires})
            made = _key((await connection.execute(_QUERY.where(api_keys.c.id == id))).one())
            await note(connection, now, "created", "api_key", id, after=_told(made))
        await self._ground.announcements.account(power.account)
        return made, f"{PREFIX}{id}_{secret}"

    def _check(self, new: NewApiKey, power: Power, now: int) -> None:
        unknown = new.permissions - (ALL - FORBIDDEN)
        if unknown or not new.permissions:
            raise InvalidInput(
                f"No API key can hold {', '.join(sorted(unknown)) or 'nothing'}.",
                field="permissions",
                remedy="Choose permissions of your own, other than your account's and those for API keys.",
            )
        if not now < new.expires <= now + LONGEST_US:
            raise InvalidInput("A key lasts a year at most.", field="expires_at", remedy="Choose a time within a year.")
        wanted = [Grant(new.permissions, network) for network in new.networks or ()]
        if new.networks is None:
            held = new.permissions <= permissions_of(power.grants)
        else:
            held = bool(new.networks) and outranks(power.grants, wanted)
        if not held:
            raise Forbidden("You do not hold all of this there yourself.", remedy="Ask for less.")

    async def page(
        self, scope: Scope, wanted: Wanted, *, account: str | None = None, live: bool | None = None
    ) -> Page[ApiKey]:
        """The keys of accounts that are seen within the scope."""
        query = _QUERY.where(visible(scope))
        if account is not None:
            query = query.where(api_keys.c.account == account)
        if live is not None:
            usable = api_keys.c.revoked.is_(None) & (api_keys.c.expires > self._ground.clock.now())
            query = query.where(usable if live else ~usable)
        async with self._ground.database.read() as connection:
            return await _LISTING.page(connection, query, wanted, _key)

    async def get(self, key: str, scope: Scope) -> ApiKey:
        """Raises NotFound."""
        async with self._ground.database.read() as connection:
            row = (await connection.execute(_QUERY.where(api_keys.c.id == key, visible(scope)))).one_or_none()
        if row is None:
            raise _unknown()
        return _key(row)

    async def revoke(self, key: str, power: Power, *, version: int | None = None) -> None:
        """At once, in every façade. Raises NotFound, Forbidden for one of somebody who holds more, Changed."""
        now = self._ground.clock.now()
        async with self._ground.database.write() as connection:
            seen = visible(power.scope_of("api-keys:write"))
            row = (await connection.execute(_QUERY.where(api_keys.c.id == key, seen))).one_or_none()
            if row is None or row.revoked is not None:
                raise _unknown()
            if version is not None and version != row.version:
                raise Changed()
            if row.account != power.account:
                held = (await held_roles(connection, [row.account]))[row.account]
                power.need_to_hold(role.grant for role in held)
            await connection.execute(
                update(api_keys).where(api_keys.c.id == key).values(revoked=now, version=api_keys.c.version + 1)
            )
            await note(connection, now, "revoked", "api_key", key, before=_told(_key(row)))
        await self._ground.announcements.account(row.account)

    async def check(self, text: str) -> tuple[Standing, LiveKey, tuple[Grant, ...]] | None:
        """Whose key this is, and what it may at the moment; None for one that is wrong, over or revoked."""
        form = _FORM.fullmatch(text)
        if form is None:
            return None
        id, secret = form[1], form[2]
        owner = await self._owner(id)
        standing = None if owner is None else await self._known.standing(owner)
        key = None if standing is None else standing.keys.get(id)
        if standing is None or key is None or not standing.account.active or key.expires <= self._ground.clock.now():
            return None
        if standing.second_factor_required and not standing.second_factor:
            return None
        if not secrets.compare_digest(key.secret_hash, self._hash(id, secret)):
            return None
        await self._note_use(id)
        return standing, key, narrowed(standing.grants, key.permissions - FORBIDDEN, key.networks)

    async def _owner(self, key: str) -> str | None:
        """A key never changes its owner. Unknown ids are not remembered: anybody can make them up."""
        if key in self._owners:
            self._owners.move_to_end(key)
            return self._owners[key]
        async with self._ground.database.read() as connection:
            owner: str | None = (
                await connection.execute(select(api_keys.c.account).where(api_keys.c.id == key))
            ).scalar_one_or_none()
        if owner is not None:
            _remember(self._owners, key, owner)
        return owner

    async def _note_use(self, key: str) -> None:
        now = self._ground.clock.now()
        if now - self._used.get(key, -USED_EVERY_US) < USED_EVERY_US:
            return
        _remember(self._used, key, now)
        try:
            async with self._ground.database.write() as connection:
                await connection.execute(
                    update(api_keys)
                    .where(api_keys.c.id == key)
                    .where(api_keys.c.last_used.is_(None) | (api_keys.c.last_used <= now - USED_EVERY_US))
                    .values(last_used=now)
                )
        except StoreUnavailable as error:
            # Whoever only reads is not refused because nothing can be written.
            log.warning("use_of_key_not_noted", key=key, error=str(error))

    def _hash(self, id: str, secret: str) -> bytes:
        return self._ground.key.digest("api key", id, secret)


def _remember(book: OrderedDict[str, Any], key: str, value: Any) -> None:
    book[key] = value
    book.move_to_end(key)
    while len(book) > _REMEMBERED:
        book.popitem(last=False)


def _key(row: Any) -> ApiKey:
    return ApiKey(
        row.id,
        row.account,
        row.email,
        row.name,
        tuple(row.permissions),
        None if row.networks is None else tuple(row.networks),
        row.created,
        row.expires,
        row.last_used,
        row.revoked,
        row.version,
    )


def _told(key: ApiKey) -> dict[str, Any]:
    return {"name": key.name, "permissions": list(key.permissions), "networks": key.networks, "expires": key.expires}


def _unknown() -> NotFound:
    return NotFound("There is no such API key.", field="key", remedy="List the keys that there are for you.")
