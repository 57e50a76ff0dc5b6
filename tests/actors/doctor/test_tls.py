"""What the doctor says of certificates, keys and revocation lists."""

from __future__ import annotations

from pathlib import Path

from actors.doctor.tls import check_authority, check_tls
from engine.clock import SystemClock
from engine.security.authority import new_key
from engine.security.local_authority import initialise, write_private, write_whole
from engine.settings import Settings
from tests.actors.gateway.pki import DAY, OPERATOR, Identity, authority, revocation_list, station, stock


def findings(folder: Path) -> dict[str, str]:
    settings = Settings(data_dir=folder)
    return {check.name: check.level for check in [*check_tls(settings), *check_authority(settings)]}


def expiring(days: int, algorithm: str = "ecdsa") -> Identity:
    key, then = new_key(algorithm), SystemClock().now() - 20 * DAY
    signed = authority(algorithm).sign_server(["localhost"], OPERATOR, key.public_key(), then, 20 + days)
    return Identity(signed, key)


def test_no_certificates_are_no_fault(tmp_path: Path) -> None:
    assert findings(tmp_path) == {"TLS": "ok"}


def test_everything_in_order(tmp_path: Path) -> None:
    stock(tmp_path / "tls")
    initialise(tmp_path / "pki", OPERATOR)
    write_whole(tmp_path / "tls" / "crl" / "list.pem", revocation_list(station()))
    assert set(findings(tmp_path).values()) == {"ok"}


def test_what_runs_out_is_said_before_and_after(tmp_path: Path) -> None:
    write_private(tmp_path / "tls" / "soon.pem", expiring(5).pem)
    write_private(tmp_path / "tls" / "gone.pem", expiring(-5, "rsa").pem)
    assert findings(tmp_path) == {"TLS gone.pem": "fail", "TLS soon.pem": "warn"}


def test_one_kind_of_key_open_files_unknown_lists_and_damage_are_found(tmp_path: Path) -> None:
    stock(tmp_path / "tls", "ecdsa")
    initialise(tmp_path / "pki", OPERATOR)
    (tmp_path / "tls" / "server-ecdsa.pem").chmod(0o644)
    (tmp_path / "pki" / "root-rsa.key").chmod(0o640)
    write_whole(
        tmp_path / "tls" / "crl" / "list.pem", revocation_list(station(), issuer=authority("ecdsa", "Stranger"))
    )
    found = findings(tmp_path)
    assert (found["TLS keys"], found["TLS revocations"]) == ("warn", "warn")
    assert (found["key server-ecdsa.pem"], found["key root-rsa.key"]) == ("fail", "fail")
    write_whole(tmp_path / "tls" / "broken.pem", b"no certificate at all")
    assert findings(tmp_path)["TLS"] == "fail"
