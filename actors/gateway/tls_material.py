"""The files of TLS: our certificates, authorities of stations' certificates, revocation lists; read anew when changed.

    data/tls/*.pem *.crt        our certificate chains, with the key in the same file or beside it as NAME.key
    data/tls/clients/*          authorities of stations' certificates: roots and those below them
    data/tls/crl/*              their revocation lists, PEM or DER
    data/pki/root.pem           our own authority's roots, if there is one

Connections that are open keep what they were made with. Files that cannot be used (half a pair, say) change nothing.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import structlog
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from engine.errors import ConfigurationError
from engine.security.authority import certificate_pem
from engine.security.certificates import Trust
from engine.security.presence import roots_file
from engine.settings import Settings

log = structlog.get_logger("tls")

SUITES = (
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES256-GCM-SHA384",
)
"""Of TLS 1.2 (A00.FR.318); those of TLS 1.3 are all good."""

STATIC_RSA_SUITES = ("AES128-GCM-SHA256", "AES256-GCM-SHA384")
"""TLS_RSA_WITH_AES_*_GCM_*: demanded too, but without forward secrecy, so only a listener of their own takes them."""

RELOAD_EVERY_S = 2.0
_CHAINS, _KEY = (".pem", ".crt", ".cer"), ".key"
_PEM_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_PEM_LIST = re.compile(rb"-----BEGIN X509 CRL-----.+?-----END X509 CRL-----", re.DOTALL)

Fingerprint = tuple[tuple[str, int, int], ...]


@dataclass(slots=True)
class Material:
    """What new connections are made with. `legacy` also takes static RSA; `ends` is when the first of ours runs out."""

    modern: ssl.SSLContext
    legacy: ssl.SSLContext
    trust: Trust
    ends: float


@dataclass(slots=True)
class TlsFiles:
    """The folders, what was read from them last, and how often that worked. `load` first."""

    tls_folder: Path
    pki_folder: Path
    material: Material | None = None
    """None before `load`."""
    reloads: int = 0
    failures: int = 0
    _read: Fingerprint = field(default=(), repr=False)

    @classmethod
    def of(cls, settings: Settings) -> TlsFiles:
        return cls(settings.tls_folder, settings.pki_folder)

    @property
    def configured(self) -> bool:
        """Whether there is any certificate of ours."""
        return any(True for _ in _files(self.tls_folder, _CHAINS))

    @property
    def trust(self) -> Trust:
        """Whom we believe; nobody before `load`."""
        return self.material.trust if self.material is not None else Trust()

    def modern(self) -> ssl.SSLContext:
        """What the next connection to the TLS port uses."""
        return self._loaded().modern

    def legacy(self) -> ssl.SSLContext:
        """What the next connection to the port that also takes static RSA uses."""
        return self._loaded().legacy

    def _loaded(self) -> Material:
        if self.material is None:
            raise ConfigurationError("No certificates have been read yet.")
        return self.material

    async def keep_current(self) -> None:
        """Look every few seconds whether a file has changed, for ever; reading is done beside the event loop."""
        while True:
            await asyncio.sleep(RELOAD_EVERY_S)
            await asyncio.to_thread(self.reload)

    async def usable(self) -> None:
        """Return when there is something to make connections with, at once or when a file has been mended."""
        while self.material is None:
            await asyncio.sleep(RELOAD_EVERY_S)
            await asyncio.to_thread(self.reload)

    def load(self) -> None:
        """Read everything. Raises ConfigurationError naming the file and what is wrong with it."""
        read = self._fingerprint()
        self.material = _material(self.tls_folder, self.pki_folder)
        self._read = read

    def reload(self) -> bool:
        """Read everything again if a file has changed; whether that was so. Blocks for some milliseconds then."""
        try:
            read = self._fingerprint()
            if read == self._read:
                return False
            self._read = read
            self.material = _material(self.tls_folder, self.pki_folder)
        except (ConfigurationError, OSError, ValueError, UnsupportedAlgorithm) as error:
            # Whatever is in a file: it must not end the looking, and with it the host and all its connections.
            self.failures += 1
            log.error("tls_files_unusable", error=str(error))
            return False
        self.reloads += 1
        log.info("tls_files_read", authorities=self.trust.authorities, ignored_lists=self.trust.ignored_lists)
        return True

    def _fingerprint(self) -> Fingerprint:
        paths = [roots_file(self.pki_folder)]
        for folder in (self.tls_folder, self.tls_folder / "clients", self.tls_folder / "crl"):
            paths += _files(folder)
        found = []
        for path in paths:
            try:
                stat = path.stat()
            except OSError:
                continue
            found.append((str(path), stat.st_mtime_ns, stat.st_size))
        return tuple(found)


def _files(folder: Path, endings: tuple[str, ...] = ()) -> Iterator[Path]:
    """The visible files of a folder in order of name; none if there is no folder."""
    if folder.is_dir():
        for path in sorted(folder.iterdir()):
            if path.is_file() and not path.name.startswith(".") and (not endings or path.suffix.lower() in endings):
                yield path


def own_certificates(tls_folder: Path) -> Iterator[tuple[Path, x509.Certificate]]:
    """Our own certificates with the files that they are in. Raises ConfigurationError."""
    for path in _files(tls_folder, _CHAINS):
        yield path, _certificates(path)[0]


def key_file(chain: Path) -> Path:
    """Where the key of a certificate is."""
    beside = chain.with_suffix(_KEY)
    return beside if beside.exists() else chain


def revocation_lists(tls_folder: Path) -> Iterator[tuple[Path, x509.CertificateRevocationList]]:
    """The revocation lists with their files. Raises ConfigurationError."""
    for path in _files(tls_folder / "crl"):
        for one in _revocation_lists(path):
            yield path, one


def _material(tls_folder: Path, pki_folder: Path) -> Material:
    sources = [*_files(tls_folder / "clients"), *([roots_file(pki_folder)] if roots_file(pki_folder).exists() else [])]
    authorities = [certificate for path in sources for certificate in _certificates(path)]
    lists = [one for _, one in revocation_lists(tls_folder)]
    chains = list(_files(tls_folder, _CHAINS))
    if not chains:
        raise ConfigurationError(
            f"There is no certificate in {tls_folder}. Put one there as NAME.pem with its key in NAME.key."
        )
    return Material(
        _context(SUITES, chains, authorities),
        _context(SUITES + STATIC_RSA_SUITES, chains, authorities),
        Trust(authorities, lists),
        min(certificate.not_valid_after_utc.timestamp() for _, certificate in own_certificates(tls_folder)),
    )


def _context(suites: tuple[str, ...], chains: list[Path], authorities: list[x509.Certificate]) -> ssl.SSLContext:
    """A server's context: TLS 1.2 and 1.3, no compression, no renegotiation, 112 bits of security at least."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Security level 2 is 112 bits for keys and signatures of both sides (A00.FR.501).
    context.set_ciphers(":".join(suites) + ":@SECLEVEL=2")
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    # Stations stay connected for days: tickets would only cost two records a handshake.
    context.num_tickets = 0
    for chain in chains:
        try:
            # A key with a passphrase would make OpenSSL ask on the terminal; an empty one is an error instead.
            context.load_cert_chain(chain, key_file(chain), password="")
        except (ssl.SSLError, OSError) as error:
            raise ConfigurationError(
                f"{chain} cannot be used: {error}. It needs its key beside it as NAME.key or in itself, without a "
                "passphrase."
            ) from error
    if authorities:
        context.load_verify_locations(cadata=b"".join(map(certificate_pem, authorities)).decode())
        # Profile 2 shares the port: whether a station needs a certificate is its registration's word.
        context.verify_mode = ssl.CERT_OPTIONAL
    return context


def _certificates(path: Path) -> list[x509.Certificate]:
    try:
        content = path.read_bytes()
        pems = _PEM_CERTIFICATE.findall(content)
        if pems:
            return [x509.load_pem_x509_certificate(pem) for pem in pems]
        return [x509.load_der_x509_certificate(content)]
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path} is no certificate: {error}. Put PEM or DER there.") from error


def _revocation_lists(path: Path) -> list[x509.CertificateRevocationList]:
    try:
        content = path.read_bytes()
        pems = _PEM_LIST.findall(content)
        if pems:
            return [x509.load_pem_x509_crl(pem) for pem in pems]
        return [x509.load_der_x509_crl(content)]
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path} is no revocation list: {error}. Put PEM or DER there.") from error
