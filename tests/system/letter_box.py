"""A mail server beside the running system, in a thread of its own: what people were written, as it came."""

from __future__ import annotations

import re
from email.message import EmailMessage
from threading import Condition

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from actors.embedded.ports import free_ports
from tests.engine.outbox.mail_server import MailServer

PATIENCE_S = 20.0
_CODE = re.compile(r"^([A-Za-z0-9_-]{20,100})$", re.MULTILINE)


class _Announcing(MailServer):
    """Says when something has come in."""

    def __init__(self) -> None:
        super().__init__()
        self.came = Condition()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = await super().handle_DATA(server, session, envelope)
        with self.came:
            self.came.notify_all()
        return answer


class LetterBox:
    """`with LetterBox() as letters:` takes mail at `letters.url`."""

    def __init__(self) -> None:
        self._server = _Announcing()
        (port,) = free_ports(1)
        self._controller = Controller(self._server, hostname="127.0.0.1", port=port)
        self.url = f"smtp://127.0.0.1:{port}"

    def __enter__(self) -> LetterBox:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    def arrived(self) -> list[tuple[str, str]]:
        """Message-ID and subject of all letters, as often as they came."""
        return [(str(letter["Message-ID"]), str(letter["Subject"])) for letter in tuple(self._server.inbox)]

    def of(self, recipient: str) -> list[EmailMessage]:
        """All that somebody was written, oldest first."""
        return [letter for letter in tuple(self._server.inbox) if recipient in str(letter["To"])]

    def next_to(self, recipient: str, subject: str) -> EmailMessage:
        """Wait for a letter to somebody with these words in its subject."""

        def found() -> EmailMessage | None:
            return next((letter for letter in self.of(recipient) if subject in str(letter["Subject"])), None)

        with self._server.came:
            letter = self._server.came.wait_for(found, PATIENCE_S)
        if letter is None:
            raise TimeoutError(f"{recipient} was not written about {subject!r}, only {self.of(recipient)}")
        return letter

    def code_to(self, recipient: str, subject: str) -> str:
        """The code in that letter."""
        text = self.next_to(recipient, subject).get_body(("plain",))
        assert text is not None
        found = _CODE.search(text.get_content().replace("\r\n", "\n"))
        assert found is not None, text.get_content()
        return found[1]
