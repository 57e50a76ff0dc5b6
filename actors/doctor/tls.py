"""Checks of TLS: that the files can be used and by whom they can be read, that nothing runs out, both kinds of keys."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509

from actors.doctor.findings import Check
from actors.gateway.tls_material import TlsFiles, key_file, own_certificates, revocation_lists
from engine.errors import ConfigurationError
from engine.security.authority import algorithm_of
from engine.security.presence import is_initialised, roots_file
from engine.settings import Settings

SOON = timedelta(days=14)


def check_tls(settings: Settings) -> Iterable[Check]:
    """The gateway's certificates and what it believes of stations'."""
    files = TlsFiles.of(settings)
    if not files.configured:
        remedy = "Run `raycharge admin pki init HOST`, or put certificates into that folder."
        yield Check("TLS", "ok", f"Not used: there are no certificates in {files.tls_folder}. {remedy}")
        return
    try:
        files.load()
    except ConfigurationError as error:
        yield Check("TLS", "fail", str(error), "See to the file that is named; Raycharge does not start with it.")
        return
    kinds = set()
    for path, certificate in own_certificates(files.tls_folder):
        kinds.add(algorithm_of(certificate.public_key()))
        yield _lasting(f"TLS {path.name}", certificate, "Renew it: raycharge admin pki server-certificate HOST.")
        yield from _private(key_file(path))
    if len(kinds) == 1:
        remedy = "Add one with the other kind of key: some chargers know one kind only."
        yield Check("TLS keys", "warn", f"All certificates are of one kind ({kinds.pop().upper()}).", remedy)
    yield from _lists(files)


def check_authority(settings: Settings) -> Iterable[Check]:
    """Our own certificate authority, if there is one."""
    folder = settings.pki_folder
    if not is_initialised(folder):
        return
    for root in x509.load_pem_x509_certificates(roots_file(folder).read_bytes()):
        name = root.subject.rfc4514_string()
        yield _lasting(f"authority {name}", root, "Plan new roots: every charger needs them before these run out.")
    for path in sorted(folder.glob("*.key")):
        yield from _private(path)


def _lists(files: TlsFiles) -> Iterable[Check]:
    if files.trust.ignored_lists:
        remedy = f"Put the authority that signed it into {files.tls_folder / 'clients'}."
        yield Check("TLS revocations", "warn", f"{files.trust.ignored_lists} lists are of unknown authorities.", remedy)
    for path, one in revocation_lists(files.tls_folder):
        if one.next_update_utc is not None and one.next_update_utc < datetime.now(UTC):
            finding = f"A newer one was due on {one.next_update_utc:%Y-%m-%d}; this one still counts."
            yield Check(f"TLS revocations {path.name}", "warn", finding, "Fetch the newer one.")


def _lasting(name: str, certificate: x509.Certificate, remedy: str) -> Check:
    until, now = certificate.not_valid_after_utc, datetime.now(UTC)
    if until < now:
        return Check(name, "fail", f"Ran out on {until:%Y-%m-%d}.", remedy)
    if until < now + SOON:
        return Check(name, "warn", f"Runs out on {until:%Y-%m-%d}.", remedy)
    return Check(name, "ok", f"Until {until:%Y-%m-%d}.")


def _private(path: Path) -> Iterable[Check]:
    if path.stat().st_mode & 0o077:
        yield Check(f"key {path.name}", "fail", "Others than its owner can read it.", f"Run: chmod 600 {path}")
