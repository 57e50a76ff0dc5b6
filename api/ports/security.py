"""What the façade needs for passwords on their way to stations and for certificates, as `facade.py` has the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from engine.access.scope import Scope
from engine.stores.signing_requests import SigningRequest


class StationSecrets(Protocol):
    """New passwords: right beside the old ones from `begin` on, until the station has used or refused them."""

    async def begin(self, charge_point: str, command: str, secret: str | bytes) -> None:
        """Raises InvalidInput, and Conflict while too many changes have no end yet."""
        ...

    async def drop(self, charge_point: str, command: str) -> None:
        """The station does not have it."""
        ...

    async def waiting(self, charge_point: str) -> Sequence[str]:
        """The commands whose password the station has not used yet, oldest first."""
        ...


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate that our own authority has signed. `charge_point` is "" for one of the gateway's."""

    serial_number: str
    subject: str
    issuer: str
    charge_point: str
    kind: str
    not_before: int
    not_after: int
    revoked: int | None
    revocation_reason: str
    pem: str


class Authority(Protocol):
    """Our own certificate authority and its book. Raises Unavailable where there is none."""

    async def certificates(
        self, *, scope: Scope, charge_point: str | None, after: str, limit: int
    ) -> Sequence[Certificate]:
        """Those with a serial number above `after`, in order of serial numbers; of charge points within `scope`.

        The gateway's own belong to the whole installation.
        """
        ...

    async def requests(
        self, *, scope: Scope, charge_point: str | None, after: tuple[int, str] | None, limit: int
    ) -> Sequence[SigningRequest]:
        """What stations have asked for, newest first, from after (time, charge point) on."""
        ...

    async def revoke(self, serial_number: str, reason: str, scope: Scope) -> Certificate:
        """Make it void for ever. Raises NotFound (also outside of `scope`), Conflict, InvalidInput."""
        ...

    async def roots(self) -> bytes:
        """The roots that stations are to trust, as PEM."""
        ...

    async def revocation_lists(self) -> bytes:
        """What is void, signed, as PEM."""
        ...
