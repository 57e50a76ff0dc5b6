"""One session's story, gathered from where each part of it is kept: ledger, starts, statuses, commands, books.

Parts that somebody may not see are left out, not refused: who reads sessions sees the session's own course.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from api.access.principal import Principal
from api.ports.facade import CommandFilter, CommandRow, SessionRow, StatusRow, View
from api.web.context import Context
from engine.alerts.alert import Alert
from engine.alerts.desk import AlertFilter
from engine.billing.receipts import Filter, Receipt
from engine.billing.reviews import ReviewItem
from engine.clock import SECOND
from engine.diagnosis.picture import Asked, Picture
from engine.errors import StoreUnavailable, Unavailable
from engine.stores.listing import Wanted
from engine.stores.starts import StartRow

BEFORE_US, AFTER_US = 15 * 60 * SECOND, 30 * 60 * SECOND
"""How long before its start and after its end something may belong to a session."""

MOST = 500
"""How many statuses and commands are read."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One moment of the story. `kind` says where it is from, `what` which of these, `detail` the rest; `ref` is the id
    of the command, receipt, … that it is about. `at` in microseconds."""

    at: int
    kind: str
    what: str
    detail: str = ""
    ref: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """What there is about one session, as far as the one who asks may see it."""

    session: SessionRow
    now: int
    start: StartRow | None = None
    statuses: Sequence[StatusRow] = ()
    commands: Sequence[CommandRow] = ()
    receipts: Sequence[Receipt] = ()
    reviews: Sequence[ReviewItem] = ()
    alerts: Sequence[Alert] = ()
    view: View | None = None
    blocked: str = ""
    driver: str = ""

    @property
    def place(self) -> tuple[int, int]:
        return self.session.evse, self.session.connector


async def story_of(here: Context, caller: Principal, session: SessionRow) -> Story:
    """Gather it. A store or host that does not answer leaves its part out, but for SQL: raises StoreUnavailable."""
    now = here.ports.clock.now()
    began = session.started or session.stopped or now
    span = began - BEFORE_US, (session.ended or session.stopped or now) + AFTER_US
    start, statuses, commands, view = await asyncio.gather(
        _start(here, caller, session),
        _statuses(here, session, span),
        _commands(here, caller, session, span),
        _view(here, session.charge_point),
    )
    receipts, reviews, alerts = await asyncio.gather(
        _receipts(here, caller, session), _reviews(here, caller, session), _alerts(here, caller, session, span)
    )
    blocked = here.ports.business.blocked.blocked(session.charge_point, session.evse, session.connector) or ""
    driver = await _driver(here, caller, session)
    return Story(session, now, start, statuses, commands, receipts, reviews, alerts, view, blocked, driver)


def timeline(story: Story) -> list[Entry]:
    """All that happened, in order of time."""
    parts = (_session_entries, _start_entries, _status_entries, _command_entries, _alert_entries, _book_entries)
    return sorted((entry for part in parts for entry in part(story)), key=lambda entry: entry.at)


def picture_of(story: Story) -> Picture:
    """What the diagnosis looks at. The connector's state counts while it can be this session's still: whoever came
    later has a session of their own."""
    session, view = story.session, story.view or {}
    connector = _connector(view, story.place)
    live = connector.get("session") or {}
    live = live if live.get("id") == session.id else {}
    theirs = session.stopped is None or not connector.get("session")
    power = live.get("power_w")
    return Picture(
        now=story.now,
        link=str(view.get("link") or ""),
        link_since=view.get("link_since"),
        registration=str(view.get("registration") or ""),
        status=str(connector.get("status") or "") if theirs else "",
        error=str(connector.get("error") or "") if theirs else "",
        vendor_error=str(connector.get("info") or "") if theirs else "",
        state=str(live.get("state") or session.state),
        started=session.started,
        stopped=session.stopped,
        settled=session.settled is not None,
        reason=session.reason,
        authorisation=str(live.get("authorisation") or session.authorisation),
        energy_wh=_decimal(live.get("energy_wh") or session.energy_wh),
        power_w=_decimal(power),
        metered=live.get("metered"),
        doubts=tuple(session.doubts),
        findings=tuple(
            (each.doubt, each.detail) for review in story.reviews if review.state == "open" for each in review.findings
        ),
        receipt=story.receipts[0].number if story.receipts else "",
        priced=bool(session.tariff),
        commands=tuple(
            Asked(row.action, row.outcome, row.ended or row.requested, row.error_code) for row in story.commands
        ),
        blocked=story.blocked,
    )


# --- gathering -----------------------------------------------------------------------------------------------------


async def _start(here: Context, caller: Principal, session: SessionRow) -> StartRow | None:
    found = await here.ports.business.starts.of_session(session.id)
    return found if found is not None and caller.scope_of("starts:read").covers(found.network) else None


async def _driver(here: Context, caller: Principal, session: SessionRow) -> str:
    """Who held the token when it began; "" for nobody, or where the one who asks may not read drivers."""
    if not session.id_token or not caller.scope_of("drivers:read").covers(session.network):
        return ""
    drivers = here.ports.business.drivers
    return await drivers.driver_of(session.network, session.id_token, session.started) or ""


async def _statuses(here: Context, session: SessionRow, span: tuple[int, int]) -> Sequence[StatusRow]:
    try:
        rows = await here.ports.analytics.statuses(session.charge_point, since=span[0], until=span[1], limit=MOST)
    except StoreUnavailable:
        return ()
    places = ((session.evse, session.connector), (session.evse, 0), (0, 0))
    return [row for row in rows if (row.evse, row.connector) in places]


async def _commands(
    here: Context, caller: Principal, session: SessionRow, span: tuple[int, int]
) -> Sequence[CommandRow]:
    network = await here.ports.business.whereabouts.network_of(session.charge_point)
    if not caller.scope_of("commands:read").covers(network):
        return ()
    wanted = CommandFilter(since=span[0], until=span[1], ascending=True)
    return await here.ports.ledger.commands(session.charge_point, wanted, after=None, limit=MOST)


async def _receipts(here: Context, caller: Principal, session: SessionRow) -> Sequence[Receipt]:
    scope = caller.scope_of("receipts:read")
    wanted = Wanted("-issued", None, 50)
    return (await here.ports.business.billing.receipts.receipts(scope, wanted, Filter(session=session.id))).items


async def _reviews(here: Context, caller: Principal, session: SessionRow) -> Sequence[ReviewItem]:
    """Finance's questions: who may read receipts may know why there is none."""
    scope = caller.scope_of("receipts:read")
    wanted = Wanted("opened", None, 50)
    return (await here.ports.business.billing.reviews.items(scope, wanted, state="", session=session.id)).items


async def _alerts(here: Context, caller: Principal, session: SessionRow, span: tuple[int, int]) -> Sequence[Alert]:
    """Those about its connector, or the whole charge point, that were opened in that time."""
    asked = AlertFilter(charge_point=session.charge_point, since=span[0], until=span[1])
    found = await here.ports.business.alerts.desk.page(asked, caller.scope_of("alerts:read"), Wanted(limit=100))
    return [each for each in found.items if each.evse in (None, 0, session.evse)]


async def _view(here: Context, charge_point: str) -> View | None:
    try:
        return await here.ports.fleet.state(charge_point)
    except Unavailable:
        return None


# --- the timeline --------------------------------------------------------------------------------------------------


def _session_entries(story: Story) -> Iterator[Entry]:
    session = story.session
    if session.started is not None:
        yield Entry(session.started, "session", "started", session.authorisation, session.id)
    if session.stopped is not None:
        yield Entry(session.stopped, "session", "stopped", session.reason, session.id)
    if session.ended is not None and session.ended != session.stopped:
        yield Entry(session.ended, "session", "left", "", session.id)
    if session.settled is not None:
        cost = f"{session.cost} {session.currency}".strip() if session.cost is not None else ""
        yield Entry(session.settled, "session", "settled", cost, session.id)


def _start_entries(story: Story) -> Iterator[Entry]:
    start = story.start
    if start is not None:
        yield Entry(start.created, "start", "asked", start.kind, start.id)
        if start.ended is not None:
            yield Entry(start.ended, "start", start.ended_as or "ended", start.detail, start.id)


def _status_entries(story: Story) -> Iterator[Entry]:
    """Only what changed: stations repeat themselves."""
    said: dict[tuple[int, int], tuple[str, str]] = {}
    for row in story.statuses:
        now = row.status, row.error
        if said.get((row.evse, row.connector)) != now:
            said[row.evse, row.connector] = now
            error = row.error if row.error not in ("", "NoError") else ""
            detail = " · ".join(part for part in (error, row.vendor_error, row.info) if part)
            yield Entry(row.at, "status", row.status, detail, f"{row.evse}/{row.connector}")


def _command_entries(story: Story) -> Iterator[Entry]:
    for row in story.commands:
        by = row.requested_by
        yield Entry(row.requested, "command", row.action, by, row.id)
        if row.ended is not None:
            detail = " · ".join(part for part in (row.action, row.error_code, row.error_description) if part)
            yield Entry(row.ended, "outcome", row.outcome, detail, row.id)
        for led in row.followed_by:
            yield Entry(led.began, "consequence", led.kind, led.status or led.state, led.subject or row.id)


def _alert_entries(story: Story) -> Iterator[Entry]:
    for alert in story.alerts:
        yield Entry(alert.opened, "alert", "opened", alert.title, alert.id)
        if alert.resolved is not None:
            yield Entry(alert.resolved, "alert", "resolved", alert.title, alert.id)


def _book_entries(story: Story) -> Iterator[Entry]:
    for receipt in story.receipts:
        amount = f"{receipt.money(receipt.gross)} {receipt.currency}"
        yield Entry(receipt.issued, "receipt", receipt.kind, f"{receipt.number} · {amount}", receipt.id)
    for review in story.reviews:
        yield Entry(review.opened, "review", "opened", " ".join(each.detail for each in review.findings), review.id)
        if review.resolved is not None:
            yield Entry(review.resolved, "review", review.resolution, review.note, review.id)


def _connector(view: View, place: tuple[int, int]) -> dict[str, Any]:
    found = [row for row in view.get("connectors", ()) if (row["evse"], row["connector"]) == place]
    return found[0] if found else {}


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
