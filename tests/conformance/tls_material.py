"""The TLS of the system under test: its certificates and the authority of the stations', made before it starts.

`prepare(installation)` writes them where the gateway reads them; `TlsMaterial.of(installation)` is what cases have
then: contexts for stations that trust the gateway, and certificates of stations, right and wrong.
"""

from __future__ import annotations

import ssl
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from actors.embedded.ports import free_ports
from engine.security.local_authority import initialise
from loadtest.installation import Installation
from tests.conformance import pki
from tests.conformance.pki import Identity

HOST = "localhost"
_FOLDER = "conformance-tls"


@dataclass(frozen=True, slots=True)
class TlsMaterial:
    """`gateway_root` signed the gateway's certificates, `stations_root` signs the stations'; the gateway trusts it.

    `contracts_root` signs contracts of ISO 15118, about which the product may ask OCSP responders on this machine.
    """

    gateway_root: x509.Certificate
    stations_root: Identity
    contracts_root: Identity
    port: int
    legacy_port: int

    @classmethod
    def of(cls, installation: Installation) -> TlsMaterial | None:
        """What `prepare` made; None where it was not called."""
        folder = installation.folder / _FOLDER
        if not folder.exists():
            return None
        return cls(
            x509.load_pem_x509_certificate((folder / "gateway-root.pem").read_bytes()),
            _identity(folder / "stations-root.pem"),
            _identity(folder / "contracts-root.pem"),
            int(installation.settings["OCPP_TLS_PORT"]),
            int(installation.settings["OCPP_LEGACY_TLS_PORT"]),
        )

    def context(
        self,
        identity: Identity | None = None,
        *,
        lowest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2,
        highest: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED,
        suites: str = "",
    ) -> ssl.SSLContext:
        """A station's side of TLS, with its certificate if it has one. `suites` of TLS 1.2 in OpenSSL's names."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=pki.pem(self.gateway_root))
        # Old suites and versions are refused by OpenSSL itself unless it is told to lower its security level.
        context.set_ciphers(f"{suites or 'DEFAULT'}:@SECLEVEL=0")
        context.minimum_version, context.maximum_version = lowest, highest
        if identity is not None:
            with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
                file.write(identity.pem)
                file.flush()
                context.load_cert_chain(file.name)
        return context


def prepare(installation: Installation) -> None:
    """Make certificates for an installation that has not started yet, and the ports on which they are used.

    It gets an authority of its own as well, which signs what its stations ask for; the gateway's certificates are ours.
    """
    gateway_root = pki.authority("Conformance gateway root")
    stations_root = pki.authority("Conformance stations root")
    kept = installation.folder / _FOLDER
    tls = installation.data_dir / "tls"
    (tls / "clients").mkdir(parents=True)
    kept.mkdir()
    _write(kept / "gateway-root.pem", pki.pem(gateway_root.certificate))
    _write(kept / "stations-root.pem", stations_root.pem)
    for kind in ("ecdsa", "rsa"):
        _write(tls / f"gateway-{kind}.pem", pki.server(gateway_root, HOST, kind).pem)
    _write(tls / "clients" / "stations-root.pem", pki.pem(stations_root.certificate))
    contracts_root = pki.authority("Conformance contracts root")
    _write(kept / "contracts-root.pem", contracts_root.pem)
    issuers = kept / "ocsp-issuers"
    issuers.mkdir()
    _write(issuers / "contracts-root.pem", pki.pem(contracts_root.certificate))
    installation.settings |= {"OCSP_ISSUERS_DIR": str(issuers), "OCSP_HOSTS": "127.0.0.1"}
    initialise(installation.data_dir / "pki", pki.ORGANISATION)
    ports = free_ports(2)
    installation.settings |= {"OCPP_TLS_PORT": str(ports[0]), "OCPP_LEGACY_TLS_PORT": str(ports[1])}


def _identity(path: Path) -> Identity:
    text = path.read_bytes()
    key = serialization.load_pem_private_key(text, password=None)
    return Identity(x509.load_pem_x509_certificate(text), key)  # type: ignore[arg-type]


def _write(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)
