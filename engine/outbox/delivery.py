"""The worker that delivers the outbox: hold a letter, send it, mark it.

waiting ── hold ──► send ──► sent
   ▲                 │ NotNow, a kill at any line: again after a while, with the same Message-ID
   └─────────────────┤
                     └─► dead: refused for good, or the last try failed; shown, and tried again on demand
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog

from engine.clock import SECOND, Clock
from engine.errors import NotFound
from engine.faults import reach
from engine.outbox.letter import Attachment
from engine.outbox.smtp import File, NotNow, Post, SmtpPost, Undeliverable, message_of
from engine.outbox.store import Held, Outbox

log = structlog.get_logger("outbox")

POLL_S = 1.0
HOLD_US = 120 * SECOND
"""Longer than one delivery can take; what a killed worker had is tried again after it."""

RETRY_S = (30, 120, 600, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 24 * 3600)
"""The pause after each failed try; after the last of them a letter is dead: some two days in all."""

Maker = Callable[[str], Awaitable[bytes]]
"""Makes an attachment of one kind, by its id. Raises NotFound."""


class Delivery:
    """`attachments`: kind → who makes it. `trouble` is why the last try failed, "" after a success."""

    def __init__(
        self,
        store: Outbox,
        post: Post,
        sender: str,
        clock: Clock,
        attachments: Mapping[str, Maker] | None = None,
        *,
        hold_us: int = HOLD_US,
    ) -> None:
        self._store, self._post, self._sender, self._clock = store, post, sender, clock
        self._attachments = attachments or {}
        self._hold_us = hold_us
        self.trouble = ""

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver what is due until `stop` is set. Raises StoreUnavailable while SQL does not answer."""
        while not stop.is_set():
            if not await self.deliver_one():
                try:
                    async with asyncio.timeout(POLL_S):
                        await stop.wait()
                except TimeoutError:
                    continue

    async def deliver_one(self) -> bool:
        """Try the letter that is due longest; False if none is."""
        held = await self._store.hold(self._hold_us)
        if held is None:
            return False
        reach("outbox:held")
        try:
            message = message_of(held, self._sender, [await self._made(each) for each in held.attachments])
            await self._post.send(message)
        except (Undeliverable, NotFound, ValueError) as error:
            await self._failed(held, str(error), None)
        except NotNow as error:
            pause = RETRY_S[held.attempts - 1] * SECOND if held.attempts <= len(RETRY_S) else None
            await self._failed(held, str(error), None if pause is None else self._clock.now() + pause)
        else:
            reach("outbox:sent-before-mark")
            await self._store.sent(held)
            self.trouble = ""
            log.info("letter_sent", letter=held.id, about=held.kind, attempts=held.attempts)
        return True

    async def _made(self, attachment: Attachment) -> File:
        maker = self._attachments.get(attachment.kind)
        if maker is None:
            raise NotFound(f"Nobody makes attachments of the kind {attachment.kind}.")
        return File(attachment.name, await maker(attachment.id))

    async def _failed(self, held: Held, error: str, retry_at: int | None) -> None:
        self.trouble = error
        log.warning("letter_failed", letter=held.id, about=held.kind, error=error, dead=retry_at is None)
        await self._store.failed(held, error, retry_at)


async def deliver(
    store: Outbox, smtp_url: str, sender: str, clock: Clock, attachments: Mapping[str, Maker], stop: asyncio.Event
) -> None:
    """The back office's worker. Without a mail server the letters stay where they are, and the list of them says so."""
    if not smtp_url:
        log.warning("no_mail_server", remedy="Set RAYCHARGE_SMTP_URL and RAYCHARGE_MAIL_SENDER; letters wait.")
        await stop.wait()
        return
    await Delivery(store, SmtpPost(smtp_url), sender, clock, attachments).run(stop)
