"""A letter to one person, and the one way to send it: `put` within the transaction that gives reason for it.

    async with database.write() as connection:
        …                                         # the change itself
        await put(connection, clock.now(), Letter("ann@example.org", "password_reset", "Subject", "Text", secret=True))

So there is no letter without its cause and no cause without its letter. Delivery is at least once; a letter that goes
out twice has the same Message-ID, by which mail servers and readers know it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from engine.errors import InvalidInput
from engine.ids import new_id
from engine.stores.sql.dialect import upsert
from engine.stores.sql.tables.outbox import outbox

_ADDRESS = re.compile(r"[^@\s\x00-\x1f\x7f<>,;:\"()\[\]\\]+@[^@\s\x00-\x1f\x7f<>,;:\"()\[\]\\]+")
MAX_ADDRESS = 254
"""Longest e-mail address (RFC 5321, 4.5.3.1.3: a path of 256 with its brackets)."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """Something that is made when the letter leaves: `kind` (receipt, credit_note) and which one, under a file name."""

    kind: str
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Letter:
    """`kind` says what it is about (receipt, password_reset, sign_up, …). `body` is plain text, `html` the same again.

    `network` is whose staff sees it in the list, None for the whole installation's. A `secret` text is wiped once it is
    of no more use, and never shown. After `expires` (microseconds) it is not sent any more. The same `key` is put once.
    """

    recipient: str
    kind: str
    subject: str
    body: str
    html: str | None = None
    language: str = "en"
    network: str | None = None
    attachments: tuple[Attachment, ...] = ()
    secret: bool = False
    expires: int | None = None
    key: str = ""


async def put(connection: AsyncConnection, at: int, letter: Letter) -> str:
    """Have `letter` delivered once the caller's transaction is committed; `at` in microseconds. Returns its id.

    A letter whose key is there already changes nothing. Raises InvalidInput for an address that no mail can go to.
    """
    address = checked_address(letter.recipient)
    id = new_id()
    row = {
        "id": id,
        "key": letter.key or id,
        "network": letter.network,
        "kind": letter.kind,
        "recipient": address,
        "language": letter.language,
        "subject": " ".join(letter.subject.split()),
        "body": letter.body,
        "html": letter.html,
        "attachments": [{"kind": each.kind, "id": each.id, "name": each.name} for each in letter.attachments],
        "secret": letter.secret,
        "created": at,
        "due": at,
        "expires": letter.expires,
    }
    statement = upsert(connection.dialect.name, outbox).on_conflict_do_nothing(index_elements=[outbox.c.key])
    await connection.execute(statement, row)
    return id


def checked_address(text: str) -> str:
    """`text` as an e-mail address, without spaces around it. Raises InvalidInput."""
    address = text.strip()
    if len(address) > MAX_ADDRESS or not _ADDRESS.fullmatch(address):
        raise InvalidInput("This is no e-mail address.", field="email", remedy="Give one such as ann@example.org.")
    return address
