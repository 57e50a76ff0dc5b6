"""What the rest needs of a certificate authority, wherever it is: our own (`local_authority.py`) or somebody else's."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple, Protocol

from engine.errors import Unavailable


class AuthorityUnavailable(Unavailable):
    """The authority cannot be reached, or there is none: `raycharge admin pki init` makes one."""


class Signed(NamedTuple):
    """A signed certificate. `chain` is PEM, the station's own first and no root (2.x, CertificateSignedRequest)."""

    chain: str
    serial_number: str


class CertificateAuthority(Protocol):
    """Signs stations' requests. It is never in the gateway's process (1.6 white paper, A02.FR.04)."""

    async def sign(self, charge_point: str, names: Collection[str], csr: str, kind: str) -> Signed:
        """Check and sign. Raises RequestRefused for what must not be signed, Unavailable when that cannot be told."""
        ...
