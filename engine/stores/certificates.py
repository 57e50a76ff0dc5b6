"""The book of the certificates that were signed for us, and which of them are void before their time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

from cryptography import x509
from sqlalchemy import insert, select, update

from engine.access.scope import EVERYWHERE, Scope
from engine.clock import Clock, SystemClock
from engine.errors import Conflict, InvalidInput, NotFound
from engine.security.authority import Revoked, certificate_pem
from engine.security.certificates import micros, serial_text
from engine.stores.audit import note
from engine.stores.changes import CERTIFICATE, Change, ChangeFeed
from engine.stores.paging import Page, checked_limit, from_cursor, to_cursor
from engine.stores.sql.engine import Database
from engine.stores.sql.models import certificates
from engine.stores.whereabouts import network_of, said_within

REASONS = (
    "unspecified",
    "keyCompromise",
    "affiliationChanged",
    "superseded",
    "cessationOfOperation",
    "privilegeWithdrawn",
)
"""Why a certificate may be revoked (RFC 5280, section 5.3.1)."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A signed certificate. Times in microseconds; `charge_point` is "" for one of the gateway's own."""

    serial_number: str
    issuer: str
    charge_point: str
    kind: str
    subject: str
    not_before: int
    not_after: int
    revoked: int | None
    revocation_reason: str
    pem: str
    created: int


_COLUMNS = [certificates.c[field.name] for field in fields(Issued)]


class Certificates:
    """The repository of signed certificates. All methods raise StoreUnavailable while SQL does not answer."""

    def __init__(self, database: Database, feed: ChangeFeed, clock: Clock | None = None) -> None:
        self._database, self._feed = database, feed
        self._clock = clock or SystemClock()

    async def add(self, certificate: x509.Certificate, charge_point: str, kind: str, chain: str = "") -> Issued:
        """Write down what has been signed, before it is given out. `chain` is PEM where it is more than this one."""
        row = Issued(
            serial_text(certificate.serial_number),
            certificate.issuer.rfc4514_string(),
            charge_point,
            kind,
            certificate.subject.rfc4514_string(),
            micros(certificate.not_valid_before_utc),
            micros(certificate.not_valid_after_utc),
            None,
            "",
            chain or certificate_pem(certificate).decode(),
            self._clock.now(),
        )
        async with self._database.write() as connection:
            await connection.execute(insert(certificates), [{f.name: getattr(row, f.name) for f in fields(Issued)}])
        return row

    async def get(self, serial_number: str, scope: Scope = EVERYWHERE) -> Issued:
        """Raises NotFound, also for one of a charge point outside of `scope`."""
        query = select(*_COLUMNS).where(certificates.c.serial_number == serial_number.lower())
        query = query.where(said_within(scope, certificates.c.charge_point))
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            raise NotFound(
                "We have signed no certificate of this serial number.",
                field="serial_number",
                remedy="Take one of the list of certificates.",
            )
        return Issued(*row)

    async def page(
        self,
        *,
        charge_point: str | None = None,
        cursor: str | None = None,
        limit: int = 100,
        scope: Scope = EVERYWHERE,
    ) -> Page[Issued]:
        """In the order of serial numbers, which is none: all of a charge point's, or simply all within `scope`."""
        table = certificates.c
        query = select(*_COLUMNS).order_by(table.serial_number).limit(checked_limit(limit) + 1)
        query = query.where(said_within(scope, table.charge_point))
        if cursor is not None:
            query = query.where(table.serial_number > from_cursor(cursor, str)[0])
        if charge_point is not None:
            query = query.where(table.charge_point == charge_point)
        async with self._database.read() as connection:
            found = [Issued(*row) for row in await connection.execute(query)]
        more = len(found) > limit
        return Page(found[:limit], to_cursor(found[limit - 1].serial_number) if more else None)

    async def revoke(self, serial_number: str, reason: str = "unspecified") -> Issued:
        """Make it void from now on, for ever. Raises NotFound, Conflict (it is already), InvalidInput."""
        if reason not in REASONS:
            raise InvalidInput(
                f"{reason!r} is no reason to revoke.", field="reason", remedy=f"Use one of: {', '.join(REASONS)}."
            )
        known, now = await self.get(serial_number), self._clock.now()
        statement = (
            update(certificates)
            .where(certificates.c.serial_number == known.serial_number, certificates.c.revoked.is_(None))
            .values(revoked=now, revocation_reason=reason)
            .returning(certificates.c.serial_number)
        )
        async with self._database.write() as connection:
            if (await connection.execute(statement)).scalar_one_or_none() is None:
                raise Conflict(
                    "This certificate has been revoked before.", field="serial_number", remedy="Nothing is to be done."
                )
            network = await network_of(connection, known.charge_point)
            after = {"reason": reason, "charge_point": known.charge_point, "certificate": known.subject}
            await note(connection, now, "revoked", "certificate", known.serial_number, network=network, after=after)
        await self._feed.announce([Change(CERTIFICATE, known.serial_number)])
        return await self.get(known.serial_number)

    async def revoked(self, issuer: str | None = None) -> Sequence[Revoked]:
        """What is void, of one issuer or of all."""
        table = certificates.c
        query = select(table.serial_number, table.revoked, table.revocation_reason).where(table.revoked.is_not(None))
        if issuer is not None:
            query = query.where(table.issuer == issuer)
        async with self._database.read() as connection:
            return [Revoked(*row) for row in await connection.execute(query.order_by(table.revoked))]
