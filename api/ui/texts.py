"""Every text that people read: English in the source, other languages in `locale/<language>.po`.

    _("Charge points")                        translated for whoever looks at the page
    _("{count} sessions", count=number(n))    with values put in
    n_("{n} connector", "{n} connectors", n)  by number
    TITLE = N_("Overview")                    noted at import, translated by _(TITLE) when shown

`make texts` puts what is new into the catalogues, sorted and without line numbers. Catalogues are compiled in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from babel import Locale, negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from nicegui import Client
from nicegui.slot import Slot, get_task_id

LOCALE = Path(__file__).parent / "locale"
LANGUAGES = {"en": "English", "de": "Deutsch"}
"""Language → its own name for itself."""

OF_CLIENT: WeakKeyDictionary[Client, str] = WeakKeyDictionary()
"""The language of every page that is open. Its events are handled in tasks that know nothing else of it."""

_language: ContextVar[str] = ContextVar("page_language", default="en")


def language() -> str:
    """The language of whoever looks at the page that is being made, or whose event is handled."""
    stack = Slot.stacks.get(get_task_id())
    return (OF_CLIENT.get(stack[-1].parent.client) if stack else None) or _language.get()


@contextmanager
def speaking(wanted: str) -> Iterator[None]:
    """Make texts in this language within, outside of a page."""
    token = _language.set(wanted)
    try:
        yield
    finally:
        _language.reset(token)


@cache
def catalogue(wanted: str) -> NullTranslations:
    path = LOCALE / f"{wanted}.po"
    if not path.is_file():
        return NullTranslations()
    compiled = BytesIO()
    with path.open("rb") as source:
        write_mo(compiled, read_po(source, locale=wanted))
    compiled.seek(0)
    return GNUTranslations(compiled)


def chosen(cookie: str, accepted: str) -> str:
    """The language of a cookie's value, or else of an Accept-Language header; English if we have neither's."""
    if cookie in LANGUAGES:
        return cookie
    ranges = [part.partition(";")[0].strip() for part in accepted.split(",")]
    found = negotiate_locale([part.partition("-")[0].lower() for part in ranges if part], list(LANGUAGES))
    return found or "en"


def locale() -> Locale:
    """Babel's, for numbers, money and times."""
    return Locale.parse({"en": "en_GB"}.get(language(), language()))


def _(text: str, **values: Any) -> str:
    """The text in the reader's language, with values put in."""
    found = catalogue(language()).gettext(text) if text else ""
    return found.format(**values) if values else found


def n_(one: str, many: str, n: int, **values: Any) -> str:
    """The text for this number, which is `n` in it."""
    return catalogue(language()).ngettext(one, many, n).format(n=n, **values)


def N_(text: str) -> str:  # noqa: N802 (gettext's own name)
    """Notes a text to be translated later."""
    return text
