"""`raycharge admin pki` and what belongs to it, as its user meets it."""

from __future__ import annotations

import re
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from tests.conformance import pki
from tests.test_cli import Shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def told(shell: Shell, *arguments: str) -> str:
    """What `raycharge admin …` says when it works."""
    done = shell("admin", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_an_authority_is_made_used_and_asked_before_the_first_start(shell: Shell, tmp_path: Path) -> None:
    told(shell, "pki", "init", "csms.example", "127.0.0.1")
    again = shell("admin", "pki", "init")
    assert (again.returncode, "already" in again.stderr) == (2, True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    for kind in ("ecdsa", "rsa"):
        context.load_cert_chain(tmp_path / "tls" / f"server-{kind}.pem")
    exported = tmp_path / "root.pem"
    told(shell, "pki", "export", str(exported))
    assert len(x509.load_pem_x509_certificates(exported.read_bytes())) == 2
    assert exported.read_text() == told(shell, "pki", "export")

    said = told(shell, "add-charge-point", "CP-1", "--security-profile", "3", "--certificate-name", "SN-1")
    assert ("wss://" in said, "password" in said) == (True, False)
    request = tmp_path / "request.csr"
    request.write_text(pki.signing_request(pki.new_key("rsa"), "SN-1"))
    certificate = x509.load_pem_x509_certificate(told(shell, "pki", "sign", "CP-1", str(request)).encode())
    number = f"{certificate.serial_number:x}"
    shown = told(shell, "pki", "show", "--charge-point", "CP-1")
    assert (number in shown, "CN=SN-1" in shown, "ServerCertificate" in shown) == (True, True, False)
    told(shell, "pki", "revoke", number, "--reason", "keyCompromise")
    assert "keyCompromise" in told(shell, "pki", "show")
    lists = (tmp_path / "pki" / "crl.pem").read_bytes()
    revoked = {entry.serial_number for part in _lists(lists) for entry in x509.load_pem_x509_crl(part)}
    assert revoked == {certificate.serial_number}

    told(shell, "pki", "server-certificate", "new.example")
    renewed = x509.load_pem_x509_certificate((tmp_path / "tls" / "server-rsa.pem").read_bytes())
    assert pki.common_name(renewed) == "new.example"


def _lists(content: bytes) -> list[bytes]:
    end = b"-----END X509 CRL-----\n"
    return [part + end for part in content.split(end) if part.strip()]


def test_what_is_not_signed_is_said_in_one_line(shell: Shell, tmp_path: Path) -> None:
    without = shell("admin", "pki", "show")
    assert (without.returncode, "pki init" in without.stderr) == (2, True)
    told(shell, "pki", "init", "localhost")
    told(shell, "add-charge-point", "CP-1", "--security-profile", "3")
    request = tmp_path / "request.csr"
    request.write_text(pki.signing_request(pki.new_key(), "CP-2"))
    refused = shell("admin", "pki", "sign", "CP-1", str(request))
    assert (refused.returncode, "common name" in refused.stderr) == (2, True)
    assert refused.stdout == ""


def test_security_is_changed_by_hand(shell: Shell) -> None:
    said = told(shell, "add-charge-point", "CP-1", "--password-hex", "00ff" * 10, "--security-profile", "2")
    assert ("wss://" in said, "00ff" in said) == (True, False)
    assert "security profile 1" in told(shell, "set-security", "CP-1", "--security-profile", "1")
    told(shell, "set-security", "CP-1", "--password", "another password", "--certificate-name", "SN-1")
    told(shell, "add-charge-point", "OPEN", "--no-password")
    refused = shell("admin", "set-security", "OPEN", "--security-profile", "2")
    assert (refused.returncode, bool(re.search("need a password", refused.stderr))) == (2, True)
    taken = shell("admin", "add-charge-point", "SN-1")
    assert (taken.returncode, "certificate name" in taken.stderr) == (2, True)


def test_a_key_is_written_for_its_owner_only(shell: Shell, tmp_path: Path) -> None:
    told(shell, "pki", "init", "localhost")
    for path in (*(tmp_path / "pki").glob("*.key"), *(tmp_path / "tls").glob("*.pem")):
        assert path.stat().st_mode & 0o077 == 0, path
    roots = (tmp_path / "pki" / "root.pem").read_bytes()
    assert b"PRIVATE" not in roots
    for one in x509.load_pem_x509_certificates(roots):
        assert one.public_bytes(serialization.Encoding.PEM) in roots
