"""An OCSP responder on this machine, for cases in which the CSMS has to ask one about a certificate.

`async with Responder(issuer) as responder:` answers at `responder.url` for what `issuer` signed; `revoke` changes what
it says of one certificate, `asked` are the serial numbers that it was asked about, in order.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from tests.conformance.pki import Identity


class Responder:
    """One issuer's."""

    def __init__(self, issuer: Identity) -> None:
        self._issuer = issuer
        self._known: dict[int, x509.Certificate] = {}
        self._revoked: set[int] = set()
        self.asked: list[int] = []
        self.url = ""
        self._runner: web.AppRunner | None = None

    def add(self, certificate: x509.Certificate) -> None:
        """A certificate that it knows, as good."""
        self._known[certificate.serial_number] = certificate

    def revoke(self, certificate: x509.Certificate) -> None:
        """From now on it says that this one is revoked."""
        self._revoked.add(certificate.serial_number)

    async def __aenter__(self) -> Responder:
        app = web.Application()
        app.router.add_post("/", self._answer)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        asked = ocsp.load_der_ocsp_request(await request.read())
        self.asked.append(asked.serial_number)
        certificate = self._known.get(asked.serial_number)
        if certificate is None:
            refused = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.UNAUTHORIZED)
            return web.Response(body=refused.public_bytes(Encoding.DER))
        revoked = asked.serial_number in self._revoked
        now = datetime.now(UTC)
        builder = ocsp.OCSPResponseBuilder().add_response(
            certificate,
            self._issuer.certificate,
            hashes.SHA256(),
            ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD,
            now - timedelta(minutes=1),
            now + timedelta(hours=1),
            now if revoked else None,
            None,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, self._issuer.certificate)
        signed = builder.sign(self._issuer.key, hashes.SHA256())
        return web.Response(body=signed.public_bytes(Encoding.DER), content_type="application/ocsp-response")
