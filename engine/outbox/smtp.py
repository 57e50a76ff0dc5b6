"""The way out: one letter as a MIME message (RFC 5322, 2045) to an SMTP server (RFC 5321)."""

from __future__ import annotations

import mimetypes
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Protocol
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib

from engine.errors import ConfigurationError
from engine.outbox.store import Held

TIMEOUT_S = 30.0


class Undeliverable(Exception):
    """The server refuses this letter for good, by its own words: trying again is no use."""


class NotNow(Exception):
    """It has not gone out, or nobody knows; it can be tried again."""


class Post(Protocol):
    """Takes one letter to where it is going."""

    async def send(self, message: EmailMessage) -> None:
        """Return once somebody else has it durably. Raises Undeliverable or NotNow."""
        ...


@dataclass(frozen=True, slots=True)
class File:
    """An attachment as made."""

    name: str
    content: bytes


def message_of(held: Held, sender: str, files: Sequence[File] = ()) -> EmailMessage:
    """The MIME message. Its Message-ID depends on the letter only, so that one that goes out twice is known again."""
    message = EmailMessage()
    name, address = parseaddr(sender)
    domain = address.rpartition("@")[2] or "localhost"
    message["From"] = Address(display_name=name, addr_spec=address)
    message["To"] = Address(addr_spec=held.recipient)
    message["Subject"] = held.subject
    message["Date"] = format_datetime(datetime.fromtimestamp(held.created // 1_000_000, UTC))
    message["Message-ID"] = f"<{held.id}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(held.body)
    if held.html is not None:
        message.add_alternative(held.html, subtype="html")
    for file in files:
        kind, _, subtype = (mimetypes.guess_type(file.name)[0] or "application/octet-stream").partition("/")
        message.add_attachment(file.content, maintype=kind, subtype=subtype, filename=file.name)
    return message


class SmtpPost:
    """A server by its URL: `smtp://user:password@host:587`, encrypted where the server can (`?tls=required` or
    `?tls=never` say otherwise), or `smtps://host:465`, encrypted from the first byte."""

    def __init__(self, url: str) -> None:
        """Raises ConfigurationError for a URL of another kind, without showing it: it holds a password."""
        try:
            parts = urlsplit(url)
            port = parts.port
            starttls = {"": None, "required": True, "never": False}[parse_qs(parts.query).get("tls", [""])[0]]
            if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
                raise ValueError
        except (ValueError, KeyError) as error:
            raise ConfigurationError(
                "RAYCHARGE_SMTP_URL is no address of a mail server. Give smtp://user:password@host:587 or smtps://…"
            ) from error
        self._tls = parts.scheme == "smtps"
        self._starttls = False if self._tls else starttls
        self._host, self._port = parts.hostname, port or (465 if self._tls else 587)
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None

    async def send(self, message: EmailMessage) -> None:
        try:
            await aiosmtplib.send(
                message,
                hostname=self._host,
                port=self._port,
                use_tls=self._tls,
                start_tls=self._starttls,
                username=self._user,
                password=self._password,
                timeout=TIMEOUT_S,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            refused = error.recipients[0]
            raise (Undeliverable if refused.code >= 500 else NotNow)(f"{refused.code} {refused.message}") from error
        except aiosmtplib.SMTPDataError as error:
            raise (Undeliverable if error.code >= 500 else NotNow)(f"{error.code} {error.message}") from error
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            # Refused logins and senders too: they are the operator's trouble with the server, not this letter's.
            raise NotNow(f"{type(error).__name__}: {error}") from error
