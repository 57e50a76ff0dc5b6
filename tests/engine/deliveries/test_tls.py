"""A webhook by https goes to the address that was judged, under the name that was asked for, and to nobody else."""

from __future__ import annotations

import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from engine.clock import ManualClock
from engine.deliveries.senders.port import Message, Outcome, Target
from engine.deliveries.senders.webhook import WebhookSender
from tests.conformance import pki
from tests.engine.deliveries.receiver import Receiver, webhook_receiver
from tests.engine.deliveries.world import LOOPBACK

NAME = "erp.example.org"
ROOT = pki.authority("Receivers' root")


@pytest_asyncio.fixture
async def receiver(tmp_path: Path) -> AsyncIterator[Receiver]:
    """It has a certificate for `NAME`."""
    identity = pki.server(ROOT, NAME)
    (tmp_path / "receiver.pem").write_text(identity.pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "receiver.pem")
    async with webhook_receiver(context) as server:
        yield server


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every name leads to this machine."""

    def leads(host: Any, port: Any, *_args: Any, **_more: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", int(port or 0)))]

    monkeypatch.setattr(socket, "getaddrinfo", leads)


async def sent(receiver: Receiver, host: str) -> Outcome:
    trust = ssl.create_default_context(cadata=pki.pem(ROOT.certificate))
    sender = WebhookSender(LOOPBACK, ManualClock(), trust=trust)
    try:
        target = Target("webhook", receiver.url.replace("127.0.0.1", host), [b"k"])
        return await sender.send(target, Message("msg_1", "test", None, "", "Test", "", {}, 0))
    finally:
        await sender.aclose()


async def test_the_certificate_is_held_against_the_name_and_not_the_address(receiver: Receiver) -> None:
    assert (await sent(receiver, NAME)).delivered
    (got,) = receiver.got
    assert got.headers["host"] == f"{NAME}:{receiver.port}"


async def test_a_certificate_of_another_name_is_refused(receiver: Receiver) -> None:
    outcome = await sent(receiver, "other.example.org")
    assert (outcome.delivered, receiver.got) == (False, [])
    assert "certificate" in outcome.error.lower()
