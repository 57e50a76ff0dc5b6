"""Answers that are ready: per network and language, with places that are filled from case, session and station."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.access.scope import EVERYWHERE, Scope
from engine.cases.case import MAX_SUBJECT, MAX_TEXT
from engine.cases.reading import Whole
from engine.clock import Clock, SystemClock
from engine.errors import Changed, InvalidInput, NotFound
from engine.ids import new_id
from engine.notices.wording import clock_time
from engine.stores.audit import note
from engine.stores.listing import Listing, Wanted
from engine.stores.paging import Page
from engine.stores.sql.engine import Database
from engine.stores.sql.tables.cases import canned_answers
from engine.tariffs.money import shown

_A = canned_answers.c
_LISTING = Listing({"title": (_A.title, str), "updated": (_A.updated, int)}, _A.id, "title")
CHANGEABLE = frozenset({"language", "title", "text"})
PLACEHOLDERS = (
    "driver_name",
    "case_number",
    "station_name",
    "charge_point",
    "connector",
    "session_start",
    "session_energy",
    "session_cost",
    "receipt_number",
)
_PLACE = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Canned:
    """`network` None: of every network. Times in microseconds."""

    id: str
    network: str | None
    language: str
    title: str
    text: str
    version: int = 1
    created: int = 0
    updated: int = 0


_COLUMNS = [_A[field.name] for field in fields(Canned)]


def check_canned(answer: Canned) -> None:
    """Raise InvalidInput for what cannot be one, such as a place that nothing fills."""
    if not 1 <= len(answer.title.strip()) <= MAX_SUBJECT:
        raise InvalidInput(f"A title has 1 to {MAX_SUBJECT} characters.", field="title", remedy="Say it shorter.")
    if not 1 <= len(answer.text.strip()) <= MAX_TEXT:
        raise InvalidInput(f"An answer has 1 to {MAX_TEXT} characters.", field="text", remedy="Say it shorter.")
    if not re.fullmatch(r"[a-z]{2,3}", answer.language):
        raise InvalidInput("This is no language.", field="language", remedy="Use one such as en or de.")
    for name in _PLACE.findall(answer.text):
        if name not in PLACEHOLDERS:
            raise InvalidInput(
                f"Nothing fills {{{name}}}.", field="text", remedy=f"Use {', '.join(PLACEHOLDERS)} in braces."
            )


def filled(text: str, facts: Mapping[str, str]) -> str:
    """The text with its places filled; what is not known of the case stays as a gap to be seen: `…`."""
    return _PLACE.sub(lambda found: facts.get(found[1], "") or "…", text)


def facts_of(whole: Whole, station_name: str, zone: str) -> dict[str, str]:
    """What fills the places of an answer in a case. `zone` is the station's."""
    case, session = whole.case, whole.session
    facts = dict.fromkeys(PLACEHOLDERS, "")
    facts |= {"driver_name": whole.contact.name, "case_number": case.number, "station_name": station_name}
    facts |= {"charge_point": case.charge_point, "connector": str(case.evse) if case.evse else ""}
    if session is None:
        return facts
    facts["receipt_number"] = session.receipt_number
    if session.started is not None:
        facts["session_start"] = clock_time(session.started, zone)
    if session.energy_wh is not None:
        facts["session_energy"] = f"{session.energy_wh / 1000:.2f} kWh"
    if session.cost is not None and session.currency:
        facts["session_cost"] = shown(session.cost, session.currency)
    return facts


class CannedAnswers:
    """The repository. All methods raise StoreUnavailable while SQL does not answer."""

    def __init__(self, database: Database, clock: Clock | None = None) -> None:
        self._database, self._clock = database, clock or SystemClock()

    async def page(
        self, scope: Scope, wanted: Wanted, *, network: str = "", language: str = "", shared: bool = False
    ) -> Page[Canned]:
        """Those of the scope; with `shared` also those of every network."""
        within = or_(scope.where(_A.network), _A.network.is_(None)) if shared else scope.where(_A.network)
        query = select(*_COLUMNS).where(within)
        if network:
            query = query.where(or_(_A.network == network, _A.network.is_(None)))
        if language:
            query = query.where(_A.language == language)
        async with self._database.read() as connection:
            return await _LISTING.page(connection, query, wanted, lambda row: Canned(*row))

    async def get(self, id: str, scope: Scope = EVERYWHERE) -> Canned:
        """Raises NotFound."""
        async with self._database.read() as connection:
            return await _one(connection, id, scope)

    async def create(self, network: str | None, language: str, title: str, text: str) -> Canned:
        """Add one to a network, which the caller may. Raises InvalidInput."""
        now = self._clock.now()
        made = Canned(new_id(), network, language, title.strip(), text.strip(), 1, now, now)
        check_canned(made)
        async with self._database.write() as connection:
            await connection.execute(insert(canned_answers), {each.name: getattr(made, each.name) for each in _COLUMNS})
            told = {"title": made.title, "language": language}
            await note(connection, now, "created", "canned_answer", made.id, network=network, after=told)
        return made

    async def change(
        self, id: str, changes: Mapping[str, Any], scope: Scope = EVERYWHERE, version: int | None = None
    ) -> Canned:
        """Change language, title or text. Raises NotFound, InvalidInput, Changed."""
        if unknown := changes.keys() - CHANGEABLE:
            raise InvalidInput(f"An answer's {min(unknown)} cannot be changed.", field=min(unknown))
        now = self._clock.now()
        async with self._database.write() as connection:
            before = await _one(connection, id, scope, locked=True)
            if version is not None and version != before.version:
                raise Changed
            after = replace(before, **changes, version=before.version + 1, updated=now)
            check_canned(after)
            values = {name: getattr(after, name) for name in (*CHANGEABLE, "version", "updated")}
            await connection.execute(update(canned_answers).where(_A.id == id).values(values))
            told = {"before": {"title": before.title}, "after": {"title": after.title}}
            await note(connection, now, "changed", "canned_answer", id, network=after.network, **told)
        return after

    async def remove(self, id: str, scope: Scope = EVERYWHERE, version: int | None = None) -> None:
        """Raises NotFound, Changed."""
        now = self._clock.now()
        async with self._database.write() as connection:
            gone = await _one(connection, id, scope, locked=True)
            if version is not None and version != gone.version:
                raise Changed
            await connection.execute(delete(canned_answers).where(_A.id == id))
            told = {"title": gone.title}
            await note(connection, now, "deleted", "canned_answer", id, network=gone.network, before=told)


async def _one(connection: AsyncConnection, id: str, scope: Scope, *, locked: bool = False) -> Canned:
    query = select(*_COLUMNS).where(_A.id == id, scope.where(_A.network))
    row = (await connection.execute(query.with_for_update() if locked else query)).one_or_none()
    if row is None:
        raise NotFound("There is no such answer.", field="id", remedy="List what there is for you.")
    return Canned(*row)
