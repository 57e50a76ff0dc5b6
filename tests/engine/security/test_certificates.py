"""Whether a station's certificate is right: whose, from whom, until when, how strong, and not void."""

from __future__ import annotations

from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.clock import SystemClock
from engine.security.authority import Authority, new_key
from engine.security.certificates import Refusal, Trust, serial_text, weakness
from tests.actors.gateway.pki import DAY, OPERATOR, Identity, authority, revocation_list, station, weak_keys

NOW = SystemClock().now()


def trust(*lists: bytes) -> Trust:
    roots = [authority("ecdsa").certificate, authority("rsa").certificate]
    return Trust(roots, [x509.load_pem_x509_crl(one) for one in lists])


def checked(identity: Identity, believed: Trust | None = None, *, now: int = NOW, names: tuple[str, ...] = ("CP-1",)):
    return (believed or trust()).check(identity.der, names, (OPERATOR,), now)[0]


@pytest.mark.parametrize("algorithm", ["ecdsa", "rsa"])
def test_the_stations_own_certificate_is_right(algorithm: str) -> None:
    assert checked(station(algorithm=algorithm)) is None
    assert checked(station("cp-1", algorithm=algorithm)) is None, "ids that differ in case only cannot both exist"


def test_it_may_bear_the_serial_number_that_is_registered() -> None:
    assert checked(station("SN-0042"), names=("CP-1", "SN-0042")) is None


@pytest.mark.parametrize(
    ("identity", "refusal"),
    [
        (station(valid=(-30, -1)), Refusal.EXPIRED),
        (station(valid=(1, 30)), Refusal.NOT_YET_VALID),
        (station("CP-2"), Refusal.WRONG_NAME),
        (station("CP-1.example.org"), Refusal.WRONG_NAME),
        (station(organisation="Somebody"), Refusal.WRONG_ORGANISATION),
        (station(purpose=ExtendedKeyUsageOID.SERVER_AUTH), Refusal.WRONG_PURPOSE),
        (station(issuer=authority("ecdsa", "Stranger")), Refusal.UNKNOWN_AUTHORITY),
    ],
    ids=lambda value: value.value if isinstance(value, Refusal) else "",
)
def test_what_is_wrong_with_it_is_told(identity: Identity, refusal: Refusal) -> None:
    assert checked(identity) is refusal


def test_an_authority_of_the_same_name_is_another_one() -> None:
    impostor = Authority.create("ecdsa", OPERATOR, NOW, 30)
    assert impostor.issuer == authority().issuer
    assert checked(station(issuer=impostor)) is Refusal.UNKNOWN_AUTHORITY


@pytest.mark.parametrize("key", weak_keys(), ids=["rsa 1024", "ecdsa 192"])
def test_weak_keys_are_refused(key: object) -> None:
    assert weakness(key.public_key())  # type: ignore[attr-defined]
    assert checked(station(key=key)) is Refusal.WEAK_KEY  # type: ignore[arg-type]


def test_it_runs_out_while_we_look_on() -> None:
    identity = station(valid=(-1, 3))
    assert checked(identity, now=NOW + 2 * DAY) is None
    assert checked(identity, now=NOW + 4 * DAY) is Refusal.EXPIRED


def test_a_list_of_its_authority_makes_it_void_and_nobody_elses_does() -> None:
    void, fine = station(), station()
    believed = trust(revocation_list(void))
    assert (checked(void, believed), checked(fine, believed)) == (Refusal.REVOKED, None)
    stranger = trust(revocation_list(void, issuer=authority("ecdsa", "Stranger")))
    impostor = trust(revocation_list(void, issuer=Authority.create("ecdsa", OPERATOR, NOW, 30)))
    assert (checked(void, stranger), checked(void, impostor)) == (None, None)
    assert (stranger.ignored_lists, impostor.ignored_lists) == (1, 1)


def test_an_authority_with_a_key_of_another_world_costs_only_its_own_lists() -> None:
    void = x509.load_pem_x509_crl(revocation_list(station()))
    of_another_world = SimpleNamespace(subject=void.issuer, public_key=Mock(side_effect=UnsupportedAlgorithm("?")))
    assert Trust([of_another_world], [void]).ignored_lists == 1  # type: ignore[list-item]


def test_our_own_book_makes_it_void_too() -> None:
    void = station()
    revoked = {serial_text(void.certificate.serial_number)}
    assert trust().check(void.der, ("CP-1",), (OPERATOR,), NOW, revoked)[0] is Refusal.REVOKED


@settings(deadline=None)
@given(st.binary(max_size=2000))
def test_whatever_is_no_certificate_is_unreadable_and_raises_nothing(der: bytes) -> None:
    assert trust().check(der, ("CP-1",), (OPERATOR,), NOW)[0] is Refusal.UNREADABLE


@pytest.mark.parametrize("algorithm", ["ecdsa", "rsa"])
def test_an_authority_survives_as_text(algorithm: str) -> None:
    from engine.security.authority import certificate_pem, key_pem

    root = authority(algorithm)
    again = Authority.load(key_pem(root.key), certificate_pem(root.certificate))
    assert again.issuer == root.issuer
    key = new_key(algorithm)
    server = again.sign_server(["csms.example", "10.0.0.1"], OPERATOR, key.public_key(), NOW, 30)
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["csms.example"]
    assert [str(each) for each in names.get_values_for_type(x509.IPAddress)] == ["10.0.0.1"]
    server.verify_directly_issued_by(root.certificate)
