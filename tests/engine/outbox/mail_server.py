"""A real mail server on a free port, which keeps what it takes and refuses what it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any, cast

from aiosmtpd.smtp import SMTP, Envelope, Session


class MailServer:
    """`inbox` holds what came in. `answers` are given, each once, instead of taking a message."""

    def __init__(self) -> None:
        self.inbox: list[EmailMessage] = []
        self.answers: list[str] = []
        self.unknown: set[str] = set()
        self.url = ""

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.unknown:
            return "550 5.1.1 No such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.answers:
            return self.answers.pop(0)
        content: Any = envelope.content
        self.inbox.append(cast(EmailMessage, message_from_bytes(content, policy=default)))
        return "250 OK"


@asynccontextmanager
async def mail_server() -> AsyncIterator[MailServer]:
    mails = MailServer()
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(mails, hostname="mail.test"), "127.0.0.1", 0)
    mails.url = f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield mails
