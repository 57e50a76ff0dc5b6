"""Somebody else's authority: what it is asked, and which of its answers are believed."""

from __future__ import annotations

import json

import httpx
import pytest
from cryptography import x509

from engine.clock import SystemClock
from engine.security.authority import certificate_pem, new_key
from engine.security.http_authority import HttpAuthority
from engine.security.port import AuthorityUnavailable
from engine.security.requests import STATION, RequestRefused, checked_request
from engine.stores.certificates import Certificates
from engine.stores.sql.engine import Database
from tests.actors.gateway.pki import OPERATOR, authority
from tests.engine.security.test_requests import NAMES, request
from tests.engine.stores.doors import Noted


class Elsewhere:
    """An authority behind HTTP that answers as a test wants."""

    def __init__(self, database: Database, answer: httpx.Response | Exception | None = None) -> None:
        self.asked: list[httpx.Request] = []
        self.answer = answer
        self.book = Certificates(database, Noted())
        client = httpx.AsyncClient(transport=httpx.MockTransport(self._respond))
        self.port = HttpAuthority("https://ca.example/sign", "", (OPERATOR,), self.book, client=client)

    def _respond(self, asked: httpx.Request) -> httpx.Response:
        self.asked.append(asked)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer or httpx.Response(200, json={"certificateChain": self.signed(json.loads(asked.content))})

    @staticmethod
    def signed(said: dict[str, str]) -> str:
        checked = checked_request(said["csr"], said["certificateType"], "CP-1", NAMES, (OPERATOR,))
        certificate = authority().sign_station(checked, STATION, SystemClock().now(), 30)
        return (certificate_pem(certificate) + certificate_pem(authority().certificate)).decode()


async def test_the_chain_is_passed_on_and_put_on_record(database: Database) -> None:
    elsewhere = Elsewhere(database)
    signed = await elsewhere.port.sign("CP-1", NAMES, request("SN-1"), STATION)
    (asked,) = elsewhere.asked
    assert json.loads(asked.content).keys() == {"chargePoint", "certificateType", "csr"}
    assert len(x509.load_pem_x509_certificates(signed.chain.encode())) == 2
    known = await elsewhere.book.get(signed.serial_number)
    assert (known.charge_point, known.pem) == ("CP-1", signed.chain)


async def test_what_we_would_not_sign_nobody_else_is_asked_to(database: Database) -> None:
    elsewhere = Elsewhere(database)
    with pytest.raises(RequestRefused):
        await elsewhere.port.sign("CP-1", NAMES, request("SN-2"), STATION)
    assert elsewhere.asked == []


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(422, text="no"),
        httpx.Response(200, text="no JSON"),
        httpx.Response(200, json=["a list"]),
        httpx.Response(200, json={"certificateChain": "no PEM"}),
        httpx.Response(200, json={"certificateChain": ""}),
    ],
)
async def test_a_refusal_or_an_answer_of_no_use_is_final(database: Database, answer: httpx.Response) -> None:
    with pytest.raises(RequestRefused):
        await Elsewhere(database, answer).port.sign("CP-1", NAMES, request(), STATION)


async def test_a_certificate_for_another_key_is_not_believed(database: Database) -> None:
    other = Elsewhere.signed({"csr": request(key=new_key("ecdsa")), "certificateType": STATION})
    elsewhere = Elsewhere(database, httpx.Response(200, json={"certificateChain": other}))
    with pytest.raises(RequestRefused, match="not for this request"):
        await elsewhere.port.sign("CP-1", NAMES, request(), STATION)


@pytest.mark.parametrize("answer", [httpx.Response(503), httpx.ConnectError("nobody there")])
async def test_no_answer_is_asked_for_again(database: Database, answer: httpx.Response | Exception) -> None:
    with pytest.raises(AuthorityUnavailable):
        await Elsewhere(database, answer).port.sign("CP-1", NAMES, request(), STATION)
