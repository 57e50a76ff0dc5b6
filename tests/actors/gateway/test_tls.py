"""The TLS port with real sockets, on the event loop of hosts: versions, suites, both sides' certificates, profiles."""

from __future__ import annotations

import asyncio
import errno
import ssl
import time
from pathlib import Path
from typing import Any

import pytest
import uvloop
from cryptography.exceptions import UnsupportedAlgorithm
from websockets.exceptions import ConnectionClosed

from actors.gateway.tls_material import TlsFiles
from engine.security.certificates import serial_text
from engine.security.local_authority import write_private, write_whole
from tests.actors.gateway.pki import authority, client_context, revocation_list, server, station
from tests.actors.gateway.secure_door import PASSWORD, REFUSED_BY_TLS, SecureDoor, secure_door
from tests.actors.world import until

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings("ignore:Overriding the", "ignore:ssl.TLSVersion.TLSv1"),
]
V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


@pytest.fixture(scope="module")
def event_loop_policy() -> uvloop.EventLoopPolicy:
    return uvloop.EventLoopPolicy()


def suites(folder: Path, *names: str, identity: Any = None) -> ssl.SSLContext:
    """A station that can do nothing but these suites of TLS 1.2."""
    context = client_context(folder, identity, most=V12)
    context.set_ciphers(":".join(names))
    return context


def tls_of(socket: Any) -> Any:
    return socket.transport.get_extra_info("ssl_object")


@pytest.mark.parametrize("version", [V12, V13])
async def test_a_station_of_profile_2_gets_in_with_each_version_of_tls(tmp_path: Path, version: Any) -> None:
    async with secure_door(tmp_path) as door:
        async with await door.dial("CP-2", password=PASSWORD, least=version, most=version) as socket:
            await socket.send("x" * 50_000)
            assert await socket.recv() == "x" * 50_000
            assert tls_of(socket).version() == version.name.replace("_", ".")
        await until(lambda: not door.listener.sockets, "closed")
        assert door.events == {}


@pytest.mark.parametrize(
    ("suite", "kind"),
    [
        ("ECDHE-ECDSA-AES128-GCM-SHA256", "ecdsa"),
        ("ECDHE-ECDSA-AES256-GCM-SHA384", "ecdsa"),
        ("ECDHE-RSA-AES128-GCM-SHA256", "rsa"),
        ("ECDHE-RSA-AES256-GCM-SHA384", "rsa"),
    ],
)
async def test_the_suites_of_the_white_paper_with_a_certificate_of_each_kind(
    tmp_path: Path, suite: str, kind: str
) -> None:
    async with secure_door(tmp_path) as door:
        context = suites(tmp_path, suite)
        async with await door.dial("CP-2", password=PASSWORD, context=context) as socket:
            assert tls_of(socket).cipher()[0] == suite
            assert f"root ({kind.upper()})" in str(tls_of(socket).getpeercert()["issuer"])


@pytest.mark.parametrize("suite", ["AES128-GCM-SHA256", "AES256-GCM-SHA384"])
async def test_static_rsa_is_only_for_the_listener_that_is_made_for_it(tmp_path: Path, suite: str) -> None:
    async with secure_door(tmp_path) as door:
        context = suites(tmp_path, suite)
        assert await door.answer("CP-2", password=PASSWORD, context=context) == REFUSED_BY_TLS
        assert door.events == {"tls_no_shared_cipher": 1}
        async with await door.dial("CP-2", password=PASSWORD, context=context, port=door.legacy) as socket:
            assert tls_of(socket).cipher()[0] == suite


async def test_older_versions_and_suites_are_refused_and_counted(tmp_path: Path) -> None:
    async with secure_door(tmp_path) as door:
        old = client_context(tmp_path, least=ssl.TLSVersion.TLSv1, most=ssl.TLSVersion.TLSv1_1)
        old.set_ciphers("ALL:@SECLEVEL=0")
        assert await door.answer("CP-2", password=PASSWORD, context=old) == REFUSED_BY_TLS
        assert door.events == {"tls_version_too_low": 1}
        cbc = suites(tmp_path, "ECDHE-RSA-AES128-SHA256", "AES128-SHA")
        assert await door.answer("CP-2", password=PASSWORD, context=cbc) == REFUSED_BY_TLS
        assert door.events == {"tls_version_too_low": 1, "tls_no_shared_cipher": 1}


async def test_whoever_does_not_speak_tls_disturbs_nobody(tmp_path: Path) -> None:
    async with secure_door(tmp_path) as door, await door.dial("CP-2", password=PASSWORD) as steady:
        for rubbish in (b"GET /ocpp/CP-2 HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00\x05hello", b"\x00" * 400):
            reader, writer = await asyncio.open_connection("127.0.0.1", door.tls)
            writer.write(rubbish)
            writer.write_eof()
            await asyncio.wait_for(reader.read(), 5)
            writer.close()
        _, silent = await asyncio.open_connection("127.0.0.1", door.tls)
        silent.close()
        await until(lambda: sum(door.events.values()) == 4, "counted")
        await steady.send("still here")
        assert await steady.recv() == "still here"
        await until(lambda: all(not port.handshaking for port in door.listener._tls_ports), "nothing left behind")


async def test_a_handshake_that_never_comes_ends_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.gateway.tls.HANDSHAKE_TIMEOUT_S", 0.2)
    async with secure_door(tmp_path) as door:
        reader, writer = await asyncio.open_connection("127.0.0.1", door.tls)
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()
        assert door.events == {"tls_handshake_timeout": 1}


@pytest.mark.parametrize("version", [V12, V13])
@pytest.mark.parametrize("algorithm", ["ecdsa", "rsa"])
async def test_a_station_of_profile_3_gets_in_by_its_certificate(tmp_path: Path, algorithm: str, version: Any) -> None:
    async with secure_door(tmp_path) as door:
        for name in ("CP-3", "SN-3"):
            identity = station(name, algorithm=algorithm)
            assert await door.answer("CP-3", identity=identity, least=version, most=version) == 101
        # A password beside it is neither needed nor looked at.
        assert await door.answer("CP-3", identity=station("CP-3"), password="whatever it is") == 101
        assert door.events == {}


@pytest.mark.parametrize("version", [V12, V13])
async def test_wrong_certificates_are_refused_each_for_its_reason(tmp_path: Path, version: Any) -> None:
    stranger = authority("ecdsa", "Stranger")
    wrong = [
        (station("CP-3", valid=(-9, -1)), REFUSED_BY_TLS, "certificate_expired"),
        (station("CP-3", valid=(1, 9)), REFUSED_BY_TLS, "certificate_not_yet_valid"),
        (station("CP-3", issuer=stranger), REFUSED_BY_TLS, "certificate_of_unknown_authority"),
        (station("CP-2"), 401, "certificate_of_another_station"),
        (station("CP-3", organisation="Somebody"), 401, "certificate_of_another_organisation"),
        (None, 401, "certificate_missing"),
    ]
    async with secure_door(tmp_path) as door:
        for identity, answer, event in wrong:
            assert (await door.answer("CP-3", identity=identity, least=version, most=version), event) == (answer, event)
            assert door.events.pop(event, 0) == 1, (event, door.events)
        assert await door.answer("CP-3", identity=station("CP-3")) == 101
        assert door.events == {}


async def test_a_revoked_certificate_is_refused_by_list_and_by_book(tmp_path: Path) -> None:
    async with secure_door(tmp_path) as door:
        listed, booked = station("CP-3"), station("CP-3")
        for identity in (listed, booked):
            assert await door.answer("CP-3", identity=identity) == 101
        write_whole(tmp_path / "tls" / "crl" / "list.pem", revocation_list(listed))
        assert door.files.reload()
        door.void.add(serial_text(booked.certificate.serial_number))
        for identity in (listed, booked):
            assert await door.answer("CP-3", identity=identity) == 401
        assert door.events == {"certificate_revoked": 2}
        assert await door.answer("CP-3", identity=station("CP-3")) == 101


async def test_certificates_are_replaced_under_open_connections(tmp_path: Path) -> None:
    async with secure_door(tmp_path, "ecdsa") as door, await door.dial("CP-2", password=PASSWORD) as old:
        before = tls_of(old).getpeercert()["serialNumber"]
        renewed = server("ecdsa")
        write_private(tmp_path / "tls" / "server-ecdsa.pem", renewed.pem)
        assert door.files.reload()
        async with await door.dial("CP-2", password=PASSWORD) as new:
            serial_number = tls_of(new).getpeercert()["serialNumber"]
            assert serial_number != before
            assert int(serial_number, 16) == renewed.certificate.serial_number
        await old.send("still here")
        assert await old.recv() == "still here"


async def test_a_damaged_file_changes_nothing_and_a_good_one_after_it_does(tmp_path: Path) -> None:
    async with secure_door(tmp_path, "ecdsa") as door:
        good = server("ecdsa")
        write_private(tmp_path / "tls" / "server-ecdsa.pem", good.pem[: len(good.pem) // 2])
        assert not door.files.reload()
        assert (door.files.failures, await door.answer("CP-2", password=PASSWORD)) == (1, 101)
        assert door.files.material is not None
        assert door.files.material.ends > time.time() + 20 * 86_400
        write_private(tmp_path / "tls" / "server-ecdsa.pem", good.pem)
        assert door.files.reload()
        assert not door.files.reload(), "nothing has changed since"


async def test_a_start_with_a_damaged_file_waits_until_it_is_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actors.gateway.tls_material.RELOAD_EVERY_S", 0.01)
    good, folder = server("ecdsa"), tmp_path / "tls"
    folder.mkdir()
    write_private(folder / "server-ecdsa.pem", good.pem[: len(good.pem) // 2])
    files = TlsFiles(folder, tmp_path / "pki")
    assert files.configured
    assert not files.reload()
    waiting = asyncio.create_task(files.usable())
    await until(lambda: files.failures == 1, "the damaged file looked at")
    assert not waiting.done()
    write_private(folder / "server-ecdsa.pem", good.pem)
    await asyncio.wait_for(waiting, 30)
    assert files.modern() is not None


async def test_content_that_nobody_foresaw_ends_no_looking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception there would end the host's task, and the host with all its connections after it."""

    def unforeseen(*_: Any) -> Any:
        raise UnsupportedAlgorithm("a curve of another world")

    async with secure_door(tmp_path, "ecdsa") as door:
        write_private(tmp_path / "tls" / "server-ecdsa.pem", server("ecdsa").pem)
        monkeypatch.setattr("actors.gateway.tls_material.Trust", unforeseen)
        assert not door.files.reload()
        assert (door.files.failures, await door.answer("CP-2", password=PASSWORD)) == (1, 101)


async def test_a_refusal_before_the_password_costs_as_much_as_a_wrong_one(tmp_path: Path) -> None:
    """How long a refusal takes must not tell which names are registered, and with which profile."""
    async with secure_door(tmp_path) as door:
        costs = []
        for number, (name, port) in enumerate([("nobody", door.plain), ("CP-2", door.plain), ("CP-3", door.tls)]):
            before = door.credentials.argon2_checks
            assert await door.answer(name, password=f"wrong password {number}", port=port) == 401
            costs.append(door.credentials.argon2_checks - before)
        assert costs == [1, 1, 1]
        before = door.credentials.argon2_checks
        assert await door.answer("CP-2", password="wrong password 1", port=door.plain) == 401
        assert door.credentials.argon2_checks == before, "what was wrong once costs no more"


async def test_a_lower_profile_is_refused_and_a_higher_one_stays(tmp_path: Path) -> None:
    async with secure_door(tmp_path) as door:
        assert await door.answer("CP-1", password=PASSWORD, port=door.plain) == 101
        assert await door.answer("CP-2", password=PASSWORD, port=door.plain) == 401
        assert await door.answer("CP-3", password=PASSWORD) == 401
        assert await door.answer("CP-3", password=PASSWORD, port=door.plain) == 401
        assert door.events == {"lower_security_profile": 2, "certificate_missing": 1}
        # The station upgrades itself: from now on that is the least.
        assert await door.answer("CP-1", password=PASSWORD) == 101
        assert await door.answer("CP-1", password=PASSWORD, port=door.plain) == 401
        assert (await door.registry.get("CP-1")).security_profile == 2
        assert await door.answer("CP-1", identity=station("SN-1")) == 101
        assert await door.answer("CP-1", password=PASSWORD) == 401
        assert (await door.registry.get("CP-1")).security_profile == 3
        # Only an operator may go back.
        await door.registry.update("CP-1", security_profile=1)
        assert await door.answer("CP-1", password=PASSWORD, port=door.plain) == 101


async def test_who_needs_nothing_is_never_raised_by_whoever_comes(tmp_path: Path) -> None:
    async with secure_door(tmp_path) as door:
        assert await door.answer("CP-0", password="anything at all") == 101
        assert await door.answer("CP-0", identity=station("CP-0")) == 101
        assert await door.answer("CP-0", port=door.plain) == 101
        assert (await door.registry.get("CP-0")).security_profile == 0


async def test_a_certificate_for_something_else_does_not_hinder_a_password(tmp_path: Path) -> None:
    async with secure_door(tmp_path) as door:
        assert await door.answer("CP-2", password=PASSWORD, identity=station("something else")) == 101
        assert await door.answer("CP-2", identity=station("something else")) == 401
        assert (await door.registry.get("CP-2")).security_profile == 2


async def test_the_user_name_must_be_the_identity(tmp_path: Path) -> None:
    async with secure_door(tmp_path) as door:
        assert await door.answer("CP-2", password=PASSWORD, user="CP-2Invalid") == 401
        assert await door.answer("CP-2", password="wrong password") == 401
        assert await door.answer("CP-9", password=PASSWORD) == 401
        assert door.events == {"wrong_credentials": 3}


async def test_old_and_new_password_until_the_station_connects_with_the_new_one(tmp_path: Path) -> None:
    async with secure_door(tmp_path) as door:
        await door.changes.begin("CP-2", "command-1", "a new password")
        for password in (PASSWORD, PASSWORD, "a new password", "a new password"):
            assert await door.answer("CP-2", password=password) == 101
        assert await door.answer("CP-2", password=PASSWORD) == 401
        await door.changes.begin("CP-2", "command-2", "not taken")
        await door.changes.drop("CP-2", "command-2")
        assert await door.answer("CP-2", password="not taken") == 401
        assert await door.answer("CP-2", password="a new password") == 101


async def test_an_authorization_key_is_let_in_as_bytes_and_as_its_digits(tmp_path: Path) -> None:
    digits = "00ff3A" + "ab" * 17
    async with secure_door(tmp_path) as door:
        for kept in (digits, bytes.fromhex(digits)):
            await door.registry.set_secret("CP-2", kept)
            for sent in (bytes.fromhex(digits), digits, digits.upper(), digits.lower()):
                assert await door.answer("CP-2", password=sent) == 101
            assert await door.answer("CP-2", password=bytes.fromhex(digits)[:-1]) == 401


async def test_a_storm_of_tls_handshakes_is_served(tmp_path: Path) -> None:
    async with secure_door(tmp_path, "ecdsa") as door:

        async def visit(door: SecureDoor) -> int | str:
            return await door.answer("CP-2", password=PASSWORD)

        assert set(await asyncio.gather(*(visit(door) for _ in range(40)))) == {101}
        await until(lambda: not door.listener.sockets, "all gone")


async def test_too_many_handshakes_are_cut_before_they_cost_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actors.gateway.tls.MAX_HANDSHAKES", 1)
    async with secure_door(tmp_path, "ecdsa") as door:
        _, silent = await asyncio.open_connection("127.0.0.1", door.tls)
        await until(lambda: any(port.handshaking for port in door.listener._tls_ports), "under way")
        assert await door.answer("CP-2", password=PASSWORD) == REFUSED_BY_TLS
        assert door.events == {"tls_too_many_handshakes": 1}
        silent.close()
        await until(lambda: not any(port.handshaking for port in door.listener._tls_ports), "given up")
        assert await door.answer("CP-2", password=PASSWORD) == 101


async def test_no_more_open_files_only_makes_stations_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.gateway.tls.ACCEPT_PAUSE_S", 0.1)

    class Exhausted:
        """A listening socket whose next accept fails as at the limit of open files."""

        def __init__(self, sock: Any) -> None:
            self.sock, self.failures = sock, 1

        def accept(self) -> Any:
            if self.failures:
                self.failures -= 1
                raise OSError(errno.EMFILE, "too many open files")
            return self.sock.accept()

        def __getattr__(self, name: str) -> Any:
            return getattr(self.sock, name)

    async with secure_door(tmp_path, "ecdsa") as door:
        port = door.listener._tls_ports[0]
        port._sock = exhausted = Exhausted(port._sock)  # type: ignore[assignment]
        assert await door.answer("CP-2", password=PASSWORD) == 101
        assert exhausted.failures == 0


async def test_draining_closes_tls_connections_with_1012_and_takes_no_more(tmp_path: Path) -> None:
    async with secure_door(tmp_path, "ecdsa") as door, await door.dial("CP-2", password=PASSWORD) as socket:
        draining = asyncio.create_task(door.listener.drain(1000.0))
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(socket.recv(), 5)
        assert socket.close_code == 1012
        await draining
        assert await door.answer("CP-2", password=PASSWORD) == REFUSED_BY_TLS
