"""The in-memory twins of `security_ports.py`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from api.ports.security import Certificate
from engine.access.scope import Scope
from engine.clock import Clock, SystemClock
from engine.errors import Conflict, NotFound
from engine.stores.signing_requests import SigningRequest


class MemorySecrets:
    """Passwords on their way, by charge point and command."""

    def __init__(self) -> None:
        self.begun: dict[str, dict[str, str | bytes]] = {}

    async def begin(self, charge_point: str, command: str, secret: str | bytes) -> None:
        self.begun.setdefault(charge_point, {})[command] = secret

    async def drop(self, charge_point: str, command: str) -> None:
        self.begun.get(charge_point, {}).pop(command, None)

    async def waiting(self, charge_point: str) -> Sequence[str]:
        return list(self.begun.get(charge_point, {}))


class MemoryAuthority:
    """Certificates that a test puts into `book`."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.book: dict[str, Certificate] = {}
        self.asked: list[SigningRequest] = []
        self.networks: dict[str, str] = {}
        self._clock = clock or SystemClock()

    async def certificates(
        self, *, scope: Scope, charge_point: str | None, after: str, limit: int
    ) -> Sequence[Certificate]:
        seen = [row for row in self.book.values() if scope.covers(self.networks.get(row.charge_point))]
        wanted = [row for row in seen if charge_point in (None, row.charge_point)]
        return sorted((row for row in wanted if row.serial_number > after), key=lambda row: row.serial_number)[:limit]

    async def requests(
        self, *, scope: Scope, charge_point: str | None, after: tuple[int, str] | None, limit: int
    ) -> Sequence[SigningRequest]:
        seen = [row for row in self.asked if scope.covers(self.networks.get(row.charge_point))]
        wanted = [row for row in seen if charge_point in (None, row.charge_point)]
        newest = sorted(wanted, key=lambda row: (row.received, row.charge_point), reverse=True)
        return [row for row in newest if after is None or (row.received, row.charge_point) < after][:limit]

    async def revoke(self, serial_number: str, reason: str, scope: Scope) -> Certificate:
        known = self.book.get(serial_number)
        if known is None or not scope.covers(self.networks.get(known.charge_point)):
            raise NotFound("We have signed no certificate of this serial number.", field="serial_number")
        if known.revoked is not None:
            raise Conflict("This certificate has been revoked before.", field="serial_number")
        self.book[serial_number] = replace(known, revoked=self._clock.now(), revocation_reason=reason)
        return self.book[serial_number]

    async def roots(self) -> bytes:
        return b"-----BEGIN CERTIFICATE-----\n"

    async def revocation_lists(self) -> bytes:
        return b"-----BEGIN X509 CRL-----\n"
