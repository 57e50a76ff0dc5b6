"""E-mail to a shared address, by the mail server of all letters. The Message-ID is the same at each try."""

from __future__ import annotations

import asyncio
import re

from engine.deliveries.senders.port import Message, Outcome, Target, failed
from engine.errors import ConfigurationError
from engine.outbox.smtp import NotNow, SmtpPost, Undeliverable, message_of
from engine.outbox.store import Held

TIMEOUT_S = 15.0
_CODE = re.compile(r"^([45]\d\d) ")


class MailSender:
    """Without a mail server in the settings every try fails and says so."""

    def __init__(self, smtp_url: str, sender: str) -> None:
        self._url, self._sender = smtp_url, sender

    async def send(self, target: Target, message: Message) -> Outcome:
        if not self._url:
            return failed("RAYCHARGE_SMTP_URL is not set: no e-mail leaves.")
        text = message.body or message.subject
        words = (target.address, message.subject, text, None)
        held = Held(message.id, message.kind, *words, (), message.attempt, message.created, 0)
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await SmtpPost(self._url).send(message_of(held, self._sender))
        except TimeoutError:
            return failed(f"The mail server has not answered within {TIMEOUT_S:g} s.")
        except (NotNow, Undeliverable, ConfigurationError, ValueError) as error:
            code = _CODE.match(str(error))
            status = int(code[1]) if code else None
            return failed(str(error), status, final=isinstance(error, (Undeliverable, ValueError)))
        return Outcome(True, 250)

    async def aclose(self) -> None:
        """Nothing is kept open."""
