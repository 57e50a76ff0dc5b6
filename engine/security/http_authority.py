"""Somebody else's certificate authority, asked over HTTP.

    POST url   {"chargePoint": id, "certificateType": use, "csr": PEM}
    200        {"certificateChain": PEM}            the station's first, then what is between it and the root
    4xx        it is not signed, for ever; 5xx or no answer: ask again

What may be signed is checked here first, as our own authority does, and the answer is held against the request.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import httpx
from cryptography import x509

from engine.security.certificates import serial_text
from engine.security.port import AuthorityUnavailable, Signed
from engine.security.requests import RequestRefused, checked_request
from engine.stores.certificates import Certificates

MAX_CHAIN = 10_000
"""The longest certificateChain that a station takes (2.0.1, CertificateSignedRequest)."""


class HttpAuthority:
    """The `CertificateAuthority` behind a URL."""

    def __init__(
        self,
        url: str,
        token: str,
        organisations: Sequence[str],
        book: Certificates,
        *,
        client: httpx.AsyncClient | None = None,
    ) -> None:
        self._url, self._organisations, self._book = url, tuple(organisations), book
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._client = client or httpx.AsyncClient(headers=headers, timeout=httpx.Timeout(30.0))

    async def sign(self, charge_point: str, names: Collection[str], csr: str, kind: str) -> Signed:
        """Raises RequestRefused, AuthorityUnavailable, StoreUnavailable."""
        request = checked_request(csr, kind, charge_point, names, self._organisations)
        chain = await self._ask({"chargePoint": charge_point, "certificateType": kind, "csr": csr})
        try:
            certificate = x509.load_pem_x509_certificates(chain.encode())[0]
        except ValueError as error:
            raise RequestRefused("The authority's answer is no certificate chain.", "See to the authority.") from error
        if certificate.public_key() != request.key or len(chain) > MAX_CHAIN:
            raise RequestRefused("The authority's certificate is not for this request.", "See to the authority.")
        await self._book.add(certificate, charge_point, kind, chain)
        return Signed(chain, serial_text(certificate.serial_number))

    async def _ask(self, request: dict[str, str]) -> str:
        try:
            response = await self._client.post(self._url, json=request)
        except httpx.TransportError as error:
            raise AuthorityUnavailable(f"The certificate authority does not answer: {error!r}") from error
        if response.is_server_error:
            raise AuthorityUnavailable(f"The certificate authority answers {response.status_code}.")
        if not response.is_success:
            raise RequestRefused(
                f"The certificate authority refuses: {response.status_code} {response.text[:300]}", "Ask its operator."
            )
        try:
            said: Any = response.json()
            return str(said["certificateChain"])
        except (ValueError, KeyError, TypeError) as error:
            raise RequestRefused("The certificate authority gave no certificateChain.", "See to it.") from error

    async def aclose(self) -> None:
        """Let go of its connections."""
        await self._client.aclose()
