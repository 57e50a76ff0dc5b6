"""Issuers in SQL: one at a time for each network. Who has issued something stays for ever, retired at most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.access.scope import Scope
from engine.billing.issuer import IN_GST, REGIMES, Issuer, Profile, TaxId
from engine.billing.number_formats import checked_format, checked_zone
from engine.clock import Clock
from engine.errors import Changed, Conflict, InvalidInput, NotFound
from engine.ids import new_id
from engine.stores import audit
from engine.stores.listing import Listing, Wanted
from engine.stores.paging import Page
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.billing import issuers, number_series
from engine.stores.sql.tables.places import networks
from engine.tariffs.money import CURRENCIES

_LISTING = Listing({"name": (issuers.c.name, str), "created": (issuers.c.created, int)}, issuers.c.id, "name")
_PROFILE = tuple(field.name for field in fields(Profile))
_NUMBERING = ("number_format", "credit_format", "year_begins", "time_zone", "currency")
"""What stays once a number is given out: the series would no longer be one."""


class Issuers:
    """All but what the projection reads in its own transaction."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def issuers(self, scope: Scope, wanted: Wanted, *, network: str = "", retired: bool = False) -> Page[Issuer]:
        """A page of them; retired ones only on demand."""
        query = select(issuers).where(scope.where(issuers.c.network))
        if network:
            query = query.where(issuers.c.network == network)
        if not retired:
            query = query.where(issuers.c.retired.is_(None))
        async with self._database.read() as connection:
            return await _LISTING.page(connection, query, wanted, _issuer)

    async def issuer(self, scope: Scope, id: str) -> Issuer:
        """One of them. Raises NotFound."""
        async with self._database.read() as connection:
            return await _one(connection, scope, id)

    async def create(self, scope: Scope, network: str, profile: Profile) -> Issuer:
        """Enter an issuer. Raises NotFound for the network, Conflict if it has one, InvalidInput."""
        scope.need(network)
        checked = checked_profile(profile)
        now = self._clock.now()
        made = Issuer(new_id(), network, checked, now)
        async with self._database.write() as connection:
            if (await connection.execute(select(networks.c.id).where(networks.c.id == network))).first() is None:
                raise NotFound("There is no such network.", field="network", remedy="List what there is for you.")
            await _refuse_taken_numbers(connection, made)
            try:
                async with connection.begin_nested():
                    row = {"id": made.id, "network": network, "created": now, **_columns(checked)}
                    await connection.execute(insert(issuers), row)
            except IntegrityError as error:
                raise Conflict(
                    "This network has an issuer.", field="network", remedy="Change it, or retire it first."
                ) from error
            await audit.note(connection, now, "created", "issuer", made.id, network=network, after=_columns(checked))
        return made

    async def change(self, scope: Scope, id: str, changes: Mapping[str, Any], version: int | None = None) -> Issuer:
        """Change fields of the profile. Raises NotFound, Changed, InvalidInput, Conflict for a numbering in use."""
        now = self._clock.now()
        async with self._database.write() as connection:
            known = await _one(connection, scope, id, held=True)
            if version is not None and version != known.version:
                raise Changed
            profile = checked_profile(replace(known.profile, **changes))
            if any(getattr(profile, name) != getattr(known.profile, name) for name in _NUMBERING):
                await _refuse_in_use(connection, id)
                await _refuse_taken_numbers(connection, replace(known, profile=profile))
            changed = replace(known, profile=profile, version=known.version + 1)
            await connection.execute(
                update(issuers).where(issuers.c.id == id).values(**_columns(profile), version=changed.version)
            )
            before, after = _columns(known.profile), _columns(profile)
            await audit.note(
                connection, now, "changed", "issuer", id, network=known.network, before=before, after=after
            )
        return changed

    async def retire(self, scope: Scope, id: str, version: int | None = None) -> None:
        """Let it issue nothing more. Raises NotFound, Changed, Conflict if it is retired already."""
        now = self._clock.now()
        async with self._database.write() as connection:
            known = await _one(connection, scope, id, held=True)
            if version is not None and version != known.version:
                raise Changed
            if known.retired is not None:
                raise Conflict("This issuer is retired already.", field="id", remedy="")
            values = {"retired": now, "version": known.version + 1}
            await connection.execute(update(issuers).where(issuers.c.id == id).values(values))
            await audit.note(connection, now, "retired", "issuer", id, network=known.network)


async def current_issuer(connection: AsyncConnection, network: str) -> Issuer | None:
    """Who bills in a network now."""
    query = select(issuers).where(issuers.c.network == network, issuers.c.retired.is_(None))
    row = (await connection.execute(query)).first()
    return None if row is None else _issuer(row)


async def issuer_by_id(connection: AsyncConnection, id: str) -> Issuer:
    """One that is known to be there, also a retired one: its credit notes go on in its series."""
    return _issuer((await connection.execute(select(issuers).where(issuers.c.id == id))).one())


def checked_profile(profile: Profile) -> Profile:
    """`profile`, if it can be used. Raises InvalidInput."""
    if profile.tax_regime not in REGIMES:
        raise InvalidInput("Unknown tax regime.", field="tax_regime", remedy=f"One of {', '.join(REGIMES)}.")
    if profile.currency not in CURRENCIES:
        raise InvalidInput("No currency to pay in.", field="currency", remedy="A code of ISO 4217, such as EUR.")
    if not 1 <= profile.year_begins <= 12:
        raise InvalidInput("No month.", field="year_begins", remedy="A number from 1 to 12.")
    indian = profile.tax_regime == IN_GST
    if indian and (profile.country != "IN" or not profile.region or profile.currency != "INR"):
        raise InvalidInput(
            "India's GST needs the country IN, a state and INR.", field="region", remedy="Give the state, such as KA."
        )
    if indian and not any(each.kind == "GSTIN" for each in profile.tax_ids):
        raise InvalidInput("India's GST needs a GSTIN.", field="tax_ids", remedy="Give one of the kind GSTIN.")
    checked_zone(profile.time_zone)
    checked_format(profile.number_format, indian=indian)
    checked_format(profile.credit_format, indian=indian, field="credit_format")
    if profile.number_format == profile.credit_format:
        raise InvalidInput(
            "Receipts and credit notes need numbers of their own.", field="credit_format", remedy="CN/{fy}/{n:06d}"
        )
    return profile


async def _refuse_in_use(connection: AsyncConnection, id: str) -> None:
    used = await connection.execute(select(number_series.c.issuer).where(number_series.c.issuer == id).limit(1))
    if used.first() is not None:
        raise Conflict(
            "It has given out numbers, which go on as they are.",
            field="number_format",
            remedy="Retire it, and enter a new issuer with other numbers.",
        )


async def _refuse_taken_numbers(connection: AsyncConnection, made: Issuer) -> None:
    """One legal entity gives no number twice, whichever of its entries here it gives it by."""
    ids = _identities(made.profile)
    wanted = {made.profile.number_format, made.profile.credit_format}
    for row in await connection.execute(select(issuers).where(issuers.c.id != made.id)):
        other = _issuer(row).profile
        if ids & _identities(other) and wanted & {other.number_format, other.credit_format}:
            raise Conflict(
                "Another entry of the same legal entity has these numbers.",
                field="number_format",
                remedy="Begin them with other letters.",
            )


def _identities(profile: Profile) -> set[tuple[str, str]]:
    """What a legal entity is known by: its tax numbers, or its name where it has none."""
    return {(each.kind, each.number) for each in profile.tax_ids} or {("name", profile.name.casefold())}


async def _one(connection: AsyncConnection, scope: Scope, id: str, held: bool = False) -> Issuer:
    query = select(issuers).where(issuers.c.id == id, scope.where(issuers.c.network))
    row = (await connection.execute(query.with_for_update() if held else query)).first()
    if row is None:
        raise NotFound("There is no such issuer.", field="id", remedy="List what there is for you.")
    return _issuer(row)


def _columns(profile: Profile) -> dict[str, Any]:
    return asdict(profile) | {
        "address": list(profile.address),
        "tax_ids": [asdict(each) for each in profile.tax_ids],
    }


def _issuer(row: Any) -> Issuer:
    values = {name: getattr(row, name) for name in _PROFILE}
    values |= {
        "address": tuple(row.address),
        "tax_ids": tuple(TaxId(each["kind"], each["number"]) for each in row.tax_ids),
    }
    return Issuer(row.id, row.network, Profile(**values), row.created, row.retired, row.version)
