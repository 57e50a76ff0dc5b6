"""Reading a handshake: whose it is, what proves it, which version it offers."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.datastructures import Headers
from websockets.http11 import Request

from actors.gateway.handshake import choose_subprotocol, read_claim, split_secret
from engine.errors import InvalidInput


def request(path: str, *authorization: bytes, subprotocols: tuple[str, ...] = ()) -> Request:
    headers = Headers()
    for credentials in authorization:
        headers["Authorization"] = "Basic " + base64.b64encode(credentials).decode()
    for value in subprotocols:
        headers["Sec-WebSocket-Protocol"] = value
    return Request(path, headers)


@pytest.mark.parametrize(
    ("path", "identity"),
    [
        ("/ocpp/CP-1", "CP-1"),
        ("/ocpp//CP-1", "CP-1"),
        ("//OCPP/CP-1/", "CP-1"),
        ("/ocpp/CP-1?token=x", "CP-1"),
        ("/ocpp/AA%3aBB%40", "AA:BB@"),
        ("/ocpp/%43afé", "Café"),
    ],
)
def test_the_path_names_the_charge_point(path: str, identity: str) -> None:
    assert read_claim(request(path)).charge_point == identity


@pytest.mark.parametrize(
    "path",
    ["/", "/ocpp", "/ocpp/", "/ws/CP", "/ocpp/a/b", "/ocpp/a%2Fb", "/ocpp/%00", "/ocpp/%20", "/ocpp/" + 49 * "x"],
)
def test_other_paths_name_none(path: str) -> None:
    with pytest.raises(InvalidInput):
        read_claim(request(path))


@pytest.mark.parametrize(
    ("identity", "sent", "secret"),
    [
        ("CP", b"CP:secret", b"secret"),
        ("CP", b"cp:secret", b"secret"),
        ("CP", b"CP:a:b:", b"a:b:"),
        ("CP", b"CP:\xff\x00", b"\xff\x00"),
        ("CP", b"CP:", b""),
        ("AA:BB", b"AA:BB:se:cret", b"se:cret"),
        ("CP", b"OTHER:secret", None),
        ("CP", b"CP", b""),
        ("CP", b"", None),
        ("CP", b"\xff\xfe:secret", None),
        ("AA:BB", b"AA:secret", None),
    ],
)
def test_the_secret_is_what_follows_the_id(identity: str, sent: bytes, secret: bytes | None) -> None:
    assert split_secret(read_claim(request(f"/ocpp/{identity}", sent))) == secret


def test_no_or_unreadable_or_two_credentials_are_none() -> None:
    assert split_secret(read_claim(request("/ocpp/CP"))) is None
    assert split_secret(read_claim(request("/ocpp/CP", b"CP:one", b"CP:two"))) is None
    for value in ("Basic !!!", "Bearer abc", "Basic", ""):
        asked = request("/ocpp/CP")
        asked.headers["Authorization"] = value
        assert split_secret(read_claim(asked)) is None


@given(st.binary(max_size=60))
def test_any_credentials_are_read_without_an_exception(sent: bytes) -> None:
    secret = split_secret(read_claim(request("/ocpp/CP", sent)))
    assert secret is None or sent[3:] == secret


SUPPORTED = ("ocpp1.6", "ocpp2.0.1")


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        ((), (None, "ocpp1.6")),
        (("ocpp1.6",), ("ocpp1.6", "ocpp1.6")),
        (("ocpp2.0.1, ocpp1.6",), ("ocpp2.0.1", "ocpp2.0.1")),
        (("ocpp1.5", "OCPP1.6"), ("OCPP1.6", "ocpp1.6")),
        (("ocpp1.5, ocpp1.2",), ("", "")),
    ],
)
def test_the_stations_order_decides_among_what_we_speak(
    offered: tuple[str, ...], chosen: tuple[str | None, str]
) -> None:
    claim = read_claim(request("/ocpp/CP", subprotocols=offered))
    assert choose_subprotocol(claim.subprotocols, SUPPORTED, "ocpp1.6") == chosen
