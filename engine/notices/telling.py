"""Tells a driver something: a letter and a message for each of the driver's browsers, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.billing.recipients import address_of_driver
from engine.clock import SECOND
from engine.ids import new_id
from engine.notices.kinds import A_DAY_S, EMAIL, FIXED, LASTS_S, PUSH
from engine.notices.preferences import choice_of
from engine.notices.wording import Wording, letter_texts, worded
from engine.outbox.letter import Letter, put
from engine.stores.sql.dialect import upsert
from engine.stores.sql.tables.notices import push_messages, push_subscriptions, told_of
from engine.stores.sql.tables.tokens import drivers

LONGEST = 3000
"""Bytes of a push message's text: all of it, encrypted, has to fit into 4096 (RFC 8291, section 4)."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What a driver is told: a kind of `kinds.py`, and its facts as `wording.py` names them.

    The same `key` is told once for ever. `path` is where in /drive one sees more, "" nowhere in particular.
    """

    driver: str
    network: str
    kind: str
    key: str
    facts: Mapping[str, str]
    path: str = ""


async def once(connection: AsyncConnection, at: int, key: str, detail: str = "") -> bool:
    """Whether this is the first time that anybody asks for `key`; then `detail` is kept with it."""
    statement = upsert(connection.dialect.name, told_of).on_conflict_do_nothing(index_elements=["key"])
    return bool((await connection.execute(statement, {"key": key, "at": at, "detail": detail})).rowcount)


async def language_of_driver(connection: AsyncConnection, driver: str) -> str:
    """The driver's language tag, "" where they named none."""
    query = select(drivers.c.language).where(drivers.c.id == driver)
    return (await connection.execute(query)).scalar_one_or_none() or ""


async def tell(connection: AsyncConnection, at: int, notice: Notice, facade_url: str = "") -> bool:
    """Have the driver told at `at` (microseconds) as they want it. False if they were told of this key before.

    `facade_url` is where links in letters lead to; without it there are none.
    """
    if not await once(connection, at, f"{notice.kind}:{notice.key}"):
        return False
    choice, language = (
        await choice_of(connection, notice.driver),
        await language_of_driver(connection, notice.driver),
    )
    words = worded(notice.kind, language, notice.facts)
    if choice[notice.kind, EMAIL] and (notice.kind, EMAIL) not in FIXED:
        await _write(connection, at, notice, words, language, facade_url)
    if choice[notice.kind, PUSH]:
        await _push(connection, at, notice, words)
    return True


async def _write(
    connection: AsyncConnection, at: int, notice: Notice, words: Wording, language: str, facade_url: str
) -> None:
    address = await address_of_driver(connection, notice.driver)
    if not address:
        return
    link = f"{facade_url}{notice.path}" if facade_url and notice.path else ""
    text, html = letter_texts(words, language, link)
    letter = Letter(
        address,
        notice.kind,
        words.title,
        text,
        html,
        language=language or "en",
        network=notice.network,
        expires=at + LASTS_S.get(notice.kind, A_DAY_S * 3) * SECOND,
        key=f"notice:{notice.kind}:{notice.key}",
    )
    await put(connection, at, letter)


async def _push(connection: AsyncConnection, at: int, notice: Notice, words: Wording) -> None:
    query = select(push_subscriptions.c.id).where(push_subscriptions.c.driver == notice.driver)
    subscriptions = list((await connection.execute(query)).scalars())
    if not subscriptions:
        return
    body = {"kind": notice.kind, "title": words.title, "body": _cut(words.text), "url": notice.path}
    said = orjson.dumps(body | {"tag": notice.key[:64]}).decode()
    expires = at + LASTS_S.get(notice.kind, A_DAY_S) * SECOND
    rows = [
        {"id": new_id(), "key": f"{notice.kind}:{notice.key}:{each}", "subscription": each, "driver": notice.driver}
        | {"kind": notice.kind, "body": said, "created": at, "due": at, "expires": expires}
        for each in subscriptions
    ]
    statement = upsert(connection.dialect.name, push_messages).on_conflict_do_nothing(index_elements=["key"])
    await connection.execute(statement, rows)


def _cut(text: str) -> str:
    raw = text.encode()
    return text if len(raw) <= LONGEST else raw[: LONGEST - 3].decode(errors="ignore") + "…"
