"""What our authority signs, and what it refuses to."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.clock import ManualClock, SystemClock
from engine.errors import ConfigurationError, Conflict, InvalidInput, NotFound
from engine.security.authority import new_key
from engine.security.certificates import Trust
from engine.security.local_authority import LocalAuthority, initialise, roots_file
from engine.security.requests import STATION, V2G, RequestRefused, checked_request
from engine.stores.certificates import Certificates
from engine.stores.sql.engine import Database
from tests.actors.gateway.pki import DAY, OPERATOR, server, weak_keys
from tests.engine.stores.doors import Noted

NAMES, ORGANISATIONS = ("CP-1", "SN-1"), (OPERATOR, "Partner")


def request(common_name: str = "SN-1", organisation: str = OPERATOR, key: object = None) -> str:
    own = key or new_key("ecdsa")
    attributes = [(NameOID.COMMON_NAME, common_name), (NameOID.ORGANIZATION_NAME, organisation)]
    name = x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes if value])
    built = x509.CertificateSigningRequestBuilder().subject_name(name).sign(own, hashes.SHA256())  # type: ignore[arg-type]
    return built.public_bytes(serialization.Encoding.PEM).decode()


@pytest.mark.parametrize(
    ("csr", "kind", "subject"),
    [
        (request("SN-1"), STATION, ("SN-1", OPERATOR)),
        (request("CP-1", "Partner"), STATION, ("CP-1", "Partner")),
        (request("CP-1", ""), STATION, ("CP-1", OPERATOR)),
        (request("", OPERATOR), V2G, ("CP-1", OPERATOR)),
        ("\n" + request("SN-1").replace("\n", "\r\n"), STATION, ("SN-1", OPERATOR)),
    ],
)
def test_what_is_this_stations_may_be_signed(csr: str, kind: str, subject: tuple[str, str]) -> None:
    checked = checked_request(csr, kind, "CP-1", NAMES, ORGANISATIONS)
    assert (checked.common_name, checked.organisation) == subject


@pytest.mark.parametrize(
    ("csr", "kind", "words"),
    [
        (request("CP-2"), STATION, "common name"),
        (request("CP-2"), V2G, "common name"),
        (request("SN-1", "Somebody"), STATION, "organisation"),
        (request(), "ServerCertificate", "kind"),
        ("", STATION, "cannot be read"),
        ("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----", STATION, "cannot be read"),
        *((request(key=key), STATION, "bits") for key in weak_keys()),
    ],
)
def test_what_is_not_is_refused_with_a_remedy(csr: str, kind: str, words: str) -> None:
    with pytest.raises(RequestRefused, match=words) as caught:
        checked_request(csr, kind, "CP-1", NAMES, ORGANISATIONS)
    assert (caught.value.field, bool(caught.value.remedy)) == ("csr", True)


@settings(deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_refused_without_another_exception(csr: str) -> None:
    with pytest.raises(RequestRefused):
        checked_request(csr, STATION, "CP-1", NAMES, ORGANISATIONS)


def test_a_request_that_was_changed_is_refused() -> None:
    der = bytearray(x509.load_pem_x509_csr(request("SN-1").encode()).public_bytes(serialization.Encoding.DER))
    at = der.index(b"SN-1")
    der[at : at + 4] = b"CP-1"
    changed = x509.load_der_x509_csr(bytes(der)).public_bytes(serialization.Encoding.PEM).decode()
    with pytest.raises(RequestRefused, match="own key"):
        checked_request(changed, STATION, "CP-1", NAMES, ORGANISATIONS)


@pytest.mark.parametrize("algorithm", ["ecdsa", "rsa"])
async def test_the_local_authority_signs_writes_down_revokes_and_publishes(
    database: Database, tmp_path: Path, algorithm: str
) -> None:
    clock = ManualClock(SystemClock().now())
    initialise(tmp_path, OPERATOR, clock)
    with pytest.raises(Conflict):
        initialise(tmp_path, OPERATOR)
    assert [(tmp_path / f"root-{kind}.key").stat().st_mode & 0o777 for kind in ("ecdsa", "rsa")] == [0o600, 0o600]
    book = Certificates(database, Noted(), clock)
    authority = LocalAuthority(tmp_path, ORGANISATIONS, book, clock)
    signed = await authority.sign("CP-1", NAMES, request(key=new_key(algorithm)), STATION)
    certificate = x509.load_pem_x509_certificate(signed.chain.encode())
    roots = x509.load_pem_x509_certificates(roots_file(tmp_path).read_bytes())
    der = certificate.public_bytes(serialization.Encoding.DER)
    assert Trust(roots).check(der, NAMES, ORGANISATIONS, clock.now())[0] is None
    assert (await book.get(signed.serial_number)).charge_point == "CP-1"
    assert [row.serial_number for row in (await book.page(charge_point="CP-1")).items] == [signed.serial_number]
    await authority.revoke(signed.serial_number, "keyCompromise")
    lists = [x509.load_pem_x509_crl(pem) for pem in _split((tmp_path / "crl.pem").read_bytes())]
    assert Trust(roots, lists).check(der, NAMES, ORGANISATIONS, clock.now())[0] == "certificate_revoked"
    assert [revoked.serial_number for revoked in await book.revoked()] == [signed.serial_number]
    with pytest.raises(Conflict):
        await authority.revoke(signed.serial_number)
    with pytest.raises(NotFound):
        await authority.revoke("abc")
    with pytest.raises(InvalidInput):
        await book.revoke(signed.serial_number, "no reason")
    assert certificate.not_valid_after_utc.timestamp() > (clock.now() + 300 * DAY) / 1e6


def _split(content: bytes) -> list[bytes]:
    end = b"-----END X509 CRL-----\n"
    return [part + end for part in content.split(end) if part.strip()]


async def test_keys_that_others_can_read_and_no_keys_at_all_are_refused(database: Database, tmp_path: Path) -> None:
    book = Certificates(database, Noted())
    with pytest.raises(ConfigurationError, match="pki init"):
        LocalAuthority(tmp_path / "none", ORGANISATIONS, book)
    initialise(tmp_path, OPERATOR)
    (tmp_path / "root-rsa.key").chmod(0o640)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        LocalAuthority(tmp_path, ORGANISATIONS, book)


async def test_the_gateways_certificates_are_renewed_in_time_and_others_left_alone(
    database: Database, tmp_path: Path
) -> None:
    clock = ManualClock(SystemClock().now())
    initialise(tmp_path / "pki", OPERATOR, clock)
    authority = LocalAuthority(tmp_path / "pki", ORGANISATIONS, Certificates(database, Noted(), clock), clock)
    tls = tmp_path / "tls"
    assert await authority.renew_server(tls) == []
    first, _ = await authority.sign_server(["csms.example", "10.0.0.1"], tls)
    before = x509.load_pem_x509_certificate(first.read_bytes())
    clock.advance(59 * 86_400)
    assert await authority.renew_server(tls) == []
    clock.advance(2 * 86_400)
    assert len(await authority.renew_server(tls)) == 2
    after = x509.load_pem_x509_certificate(first.read_bytes())
    names = after.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert names == before.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert after.not_valid_after_utc > before.not_valid_after_utc
    bought = server("ecdsa").pem
    first.write_bytes(bought)
    clock.advance(80 * 86_400)
    assert await authority.renew_server(tls) == [tls / "server-rsa.pem"]
    assert first.read_bytes() == bought
