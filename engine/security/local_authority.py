"""The certificate authority of an installation of its own: roots in a folder, what they signed in SQL.

    data/pki/root-ecdsa.key root-ecdsa.pem root-rsa.key root-rsa.pem      keys of mode 0600
    data/pki/root.pem        both roots: what stations are to trust
    data/pki/crl.pem         both revocation lists, written anew by every revocation

For tests and small operators. It is used by the Ray actor `authority` and by `raycharge admin pki`, never by a gateway.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Collection, Sequence
from datetime import timedelta
from pathlib import Path

from cryptography import x509

from engine.clock import Clock, SystemClock
from engine.errors import ConfigurationError, Conflict
from engine.security.authority import (
    ALGORITHMS,
    Authority,
    PrivateKey,
    algorithm_of,
    certificate_pem,
    key_pem,
    new_key,
)
from engine.security.certificates import is_issued_by, moment
from engine.security.port import Signed
from engine.security.presence import is_initialised, roots_file
from engine.security.requests import SERVER, checked_request
from engine.stores.certificates import Certificates, Issued

ROOT_DAYS, STATION_DAYS, SERVER_DAYS, LIST_DAYS = 3650, 365, 90, 7
RENEWED_DAYS_BEFORE = 30


def lists_file(folder: Path) -> Path:
    """The revocation lists as they were published last."""
    return folder / "crl.pem"


def initialise(folder: Path, organisation: str, clock: Clock | None = None) -> None:
    """Make the roots. Raises Conflict if they are there: another root would make all its certificates worthless."""
    if is_initialised(folder):
        raise Conflict(
            f"There is an authority in {folder} already.", field="folder", remedy="Keep it, or move it elsewhere first."
        )
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    now = (clock or SystemClock()).now()
    roots = b""
    for algorithm in ALGORITHMS:
        authority = Authority.create(algorithm, organisation, now, ROOT_DAYS)
        text = certificate_pem(authority.certificate)
        write_private(folder / f"root-{algorithm}.key", key_pem(authority.key))
        write_whole(folder / f"root-{algorithm}.pem", text)
        roots += text
    write_whole(roots_file(folder), roots)


class LocalAuthority:
    """The `CertificateAuthority` of a folder. Raises ConfigurationError if it has none or others can read its keys."""

    def __init__(self, folder: Path, organisations: Sequence[str], book: Certificates, clock: Clock | None = None):
        self._folder, self._organisations, self._book = folder, tuple(organisations), book
        self._clock = clock or SystemClock()
        self._authorities = {algorithm: _load(folder, algorithm) for algorithm in ALGORITHMS}

    @property
    def roots(self) -> list[x509.Certificate]:
        """The roots' certificates."""
        return [authority.certificate for authority in self._authorities.values()]

    async def sign(self, charge_point: str, names: Collection[str], csr: str, kind: str) -> Signed:
        """Check and sign a station's request. Raises RequestRefused, StoreUnavailable."""
        request = checked_request(csr, kind, charge_point, names, self._organisations)
        authority = self._authorities[algorithm_of(request.key)]
        certificate = authority.sign_station(request, kind, self._clock.now(), STATION_DAYS)
        issued = await self._book.add(certificate, charge_point, kind)
        return Signed(issued.pem, issued.serial_number)

    async def sign_server(self, hosts: Sequence[str], folder: Path) -> list[Path]:
        """Make the gateway's keys and certificates, one of each algorithm, and write them where it looks for them."""
        return [await self._sign_server(algorithm, hosts, folder) for algorithm in ALGORITHMS]

    async def _sign_server(self, algorithm: str, hosts: Sequence[str], folder: Path) -> Path:
        key: PrivateKey = new_key(algorithm)
        certificate = self._authorities[algorithm].sign_server(
            hosts, self._organisations[0], key.public_key(), self._clock.now(), SERVER_DAYS
        )
        await self._book.add(certificate, "", SERVER)
        path = _server_file(folder, algorithm)
        # Key and certificate in one file: one rename replaces both, so nobody ever loads half a pair.
        write_private(path, certificate_pem(certificate) + key_pem(key))
        return path

    async def renew_server(self, folder: Path) -> list[Path]:
        """Make the gateway's certificates anew if they are ours and run out within a month. Returns what was written.

        Chargers know the roots only, so a certificate may change whenever it likes; one that ran out shuts all out.
        """
        due = {algorithm: self._hosts_to_renew(_server_file(folder, algorithm)) for algorithm in ALGORITHMS}
        return [await self._sign_server(algorithm, hosts, folder) for algorithm, hosts in due.items() if hosts]

    def _hosts_to_renew(self, path: Path) -> list[str]:
        if not path.exists():
            return []
        known = x509.load_pem_x509_certificate(path.read_bytes())
        due = known.not_valid_after_utc - moment(self._clock.now()) < timedelta(days=RENEWED_DAYS_BEFORE)
        if not due or not any(is_issued_by(known, root) for root in self.roots):
            return []
        names = known.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return [str(name.value) for name in names]

    async def revoke(self, serial_number: str, reason: str = "unspecified") -> Issued:
        """Revoke and publish. Raises NotFound, Conflict, InvalidInput, StoreUnavailable."""
        revoked = await self._book.revoke(serial_number, reason)
        await self.publish()
        return revoked

    async def publish(self) -> bytes:
        """Write and return the revocation lists of all our roots."""
        lists = b""
        for authority in self._authorities.values():
            revoked = await self._book.revoked(authority.issuer)
            lists += authority.revocation_list(revoked, self._clock.now(), LIST_DAYS)
        write_whole(lists_file(self._folder), lists)
        return lists


def _server_file(folder: Path, algorithm: str) -> Path:
    return folder / f"server-{algorithm}.pem"


def _load(folder: Path, algorithm: str) -> Authority:
    key, certificate = folder / f"root-{algorithm}.key", folder / f"root-{algorithm}.pem"
    try:
        if key.stat().st_mode & 0o077:
            raise ConfigurationError(f"Others can read {key}. Run: chmod 600 {key}")
        return Authority.load(key.read_bytes(), certificate.read_bytes())
    except OSError as error:
        raise ConfigurationError(
            f"There is no certificate authority in {folder}. Run: raycharge admin pki init"
        ) from error


def write_private(path: Path, content: bytes) -> None:
    """Replace a file by one that only its owner may read, whole or not at all."""
    _write(path, content, 0o600)


def write_whole(path: Path, content: bytes) -> None:
    """Replace a file whole or not at all."""
    _write(path, content, 0o644)


def _write(path: Path, content: bytes, mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode)
    try:
        os.write(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    draft.replace(path)
