"""The JSON of support cases: as drivers see theirs, and as support sees all of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints, model_validator

from api.schemas.maintenance import ChargePointText, Someone
from api.schemas.resources import Strict, moment
from engine.cases.asking import Own
from engine.cases.canned import PLACEHOLDERS, Canned
from engine.cases.case import Case, Link, Message, NewCase
from engine.cases.course import Times
from engine.cases.reading import About, CaseSummary, Contact, Sent, Whole
from engine.clock import SECOND, to_iso

Category = Literal["charging", "payment", "charger", "account", "other"]
State = Literal["new", "answered", "waiting", "closed"]
_PLAIN = r"[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*"
Subject = Annotated[str, StringConstraints(min_length=1, max_length=120, pattern=rf"^{_PLAIN}$")]
Prose = Annotated[
    str,
    StringConstraints(
        min_length=1, max_length=4000, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*\S[^\x00-\x08\x0b-\x1f\x7f]*$"
    ),
]
Words = Annotated[str, StringConstraints(max_length=1000, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[0-9A-Za-z_.:-]+$")]
Address = Annotated[str, StringConstraints(min_length=3, max_length=254, pattern=r"^[0-9A-Za-z._%+-]+@[0-9A-Za-z.-]+$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]


class CaseIn(Strict):
    """With a session, or with a charge point, or with neither: about the account."""

    category: Category = Field(examples=["charging"])
    subject: Subject = Field(examples=["It stopped by itself"])
    text: Prose = Field(examples=["My car stopped charging after ten minutes."])
    session: Name | None = Field(None, description="One of your own.")
    charge_point: ChargePointText | None = Field(None, examples=["CP-1"])
    evse: Annotated[int, Field(ge=0, le=1023)] = 0
    connector: Annotated[int, Field(ge=0, le=16)] = 0

    @model_validator(mode="after")
    def _one_place(self) -> CaseIn:
        if self.session is not None and self.charge_point is not None:
            raise ValueError("Give session or charge_point: a session says where it was.")
        return self

    def new(self) -> NewCase:
        said = self.model_dump(exclude_none=True)
        return NewCase(**said)


class StaffCaseIn(Strict):
    """A case that support opens: about a session, or about a charge point, a driver, or both."""

    category: Category = Field(examples=["charging"])
    subject: Subject = Field(examples=["The cable does not come out"])
    text: Prose = Field(examples=["She called from the car; the connector is locked."])
    internal: bool = Field(True, description="A note for support alone. Else an answer, which the driver is told of.")
    session: Name | None = Field(None, description="It says where it was, and whose.")
    charge_point: ChargePointText | None = Field(None, examples=["CP-1"])
    evse: Annotated[int, Field(ge=0, le=1023)] = 0
    connector: Annotated[int, Field(ge=0, le=16)] = 0
    driver: Name | None = None

    @model_validator(mode="after")
    def _one_place(self) -> StaffCaseIn:
        if self.session is not None and self.charge_point is not None:
            raise ValueError("Give session or charge_point: a session says where it was.")
        return self

    def new(self) -> NewCase:
        return NewCase(**self.model_dump(exclude_none=True, exclude={"internal", "driver"}))


class OpenCaseIn(Strict):
    """What somebody without an account writes from the page of a connector's QR code."""

    email: Address = Field(examples=["ann@example.org"])
    category: Category = "charger"
    subject: Subject = Field(examples=["The cable is cut"])
    text: Prose = Field(examples=["Somebody has cut the cable of the left connector."])
    language: Language = "en"


class CaseTextIn(Strict):
    text: Prose = Field(examples=["It has happened again."])


class AnswerIn(Strict):
    text: Prose = Field(examples=["We have restarted the charger. Please try again."])
    internal: bool = Field(False, description="For support alone: the driver is neither told nor shown it.")


class CaseChange(Strict):
    state: Literal["closed", "waiting"] = Field("closed", description="waiting: opens a closed one again.")
    assignee: Someone = Field("", description="A user's id; empty: nobody.")
    category: Category = "other"
    subject: Subject = Field("", validate_default=False)
    resolution: Words = Field("", description="With `closed`.")


class LinkIn(Strict):
    kind: Literal["command", "payment", "receipt", "session", "alert", "maintenance_job"]
    subject: Name = Field(description="Its id.")


class CannedIn(Strict):
    network: Name | None = Field(None, description="Your only one if left out; whoever has all: every network.")
    language: Language = Field("en", examples=["en"])
    title: Subject = Field(examples=["Restarted"])
    text: Prose = Field(
        description=f"In braces what is filled from the case: {', '.join(PLACEHOLDERS)}.",
        examples=["Dear {driver_name}, we have restarted {charge_point}."],
    )


class CannedChange(Strict):
    language: Language = Field("en", examples=["en"])
    title: Subject = Field("", validate_default=False)
    text: Prose = Field("", validate_default=False)


class MessageOut(BaseModel):
    id: str
    at: str
    side: Literal["driver", "support", "system"]
    text: str

    @classmethod
    def of(cls, row: Message) -> MessageOut:
        return cls.model_validate({"id": row.id, "at": to_iso(row.at), "side": row.side, "text": row.text})


class StaffMessageOut(MessageOut):
    author: str
    author_name: str
    internal: bool

    @classmethod
    def of(cls, row: Message) -> StaffMessageOut:
        said = MessageOut.of(row).model_dump()
        name = row.author_label or ("" if row.side == "driver" else row.author)
        return cls.model_validate(said | {"author": row.author, "author_name": name, "internal": row.internal})


_OWN = ("id", "number", "charge_point", "evse", "connector", "category", "subject", "state")


def _own(case: Case) -> dict[str, Any]:
    return {name: getattr(case, name) for name in _OWN} | {
        "session": case.session or None,
        "created_at": to_iso(case.created),
        "updated_at": to_iso(case.updated),
        "closed_at": moment(case.closed),
    }


class OwnCaseOut(BaseModel):
    """A case as its driver sees it."""

    id: str
    number: str = Field(description="How to call it on the telephone.")
    session: str | None
    charge_point: str
    evse: int
    connector: int
    category: Category
    subject: str
    state: State
    created_at: str
    updated_at: str
    closed_at: str | None

    @classmethod
    def of(cls, case: Case) -> OwnCaseOut:
        return cls.model_validate(_own(case))


class OwnCaseStoryOut(OwnCaseOut):
    messages: list[MessageOut]

    @classmethod
    def told(cls, own: Own) -> OwnCaseStoryOut:
        return cls.model_validate(_own(own.case) | {"messages": [MessageOut.of(each) for each in own.messages]})


class CaseOut(OwnCaseOut):
    """A case as support lists it. Times to answer and to close in seconds."""

    network: str
    station: str | None
    driver: str | None
    assignee: str | None
    assignee_name: str | None
    waits: bool = Field(description="Somebody waits for support.")
    waiting_since: str | None
    to_answer_s: int | None
    to_close_s: int | None
    resolution: str
    version: int

    @classmethod
    def listed(cls, case: Case, names: Mapping[str, str]) -> CaseOut:
        return cls.model_validate(_listed(case, names))


def _listed(case: Case, names: Mapping[str, str]) -> dict[str, Any]:
    return _own(case) | {
        "network": case.network,
        "station": case.station or None,
        "driver": case.driver or None,
        "assignee": case.assignee or None,
        "assignee_name": names.get(case.assignee),
        "waits": case.waits,
        "waiting_since": to_iso(case.waiting_since) if case.waits else None,
        "to_answer_s": _seconds(case.created, case.first_answer),
        "to_close_s": _seconds(case.created, case.closed),
        "resolution": case.resolution,
        "version": case.version,
    }


def _seconds(since: int, until: int | None) -> int | None:
    return None if until is None else -(-(until - since) // SECOND)


class LinkOut(BaseModel):
    kind: str
    subject: str
    author: str
    at: str

    @classmethod
    def of(cls, row: Link) -> LinkOut:
        return cls(kind=row.kind, subject=row.subject, author=row.author, at=to_iso(row.at))


class ContactOut(BaseModel):
    driver: str | None
    name: str
    email: str
    phone: str
    language: str

    @classmethod
    def of(cls, row: Contact) -> ContactOut:
        return cls(driver=row.driver or None, name=row.name, email=row.email, phone=row.phone, language=row.language)


class CaseSessionOut(BaseModel):
    id: str
    state: str
    started_at: str | None
    stopped_at: str | None
    energy_wh: str | None
    cost: str | None
    currency: str | None
    reason: str
    receipt: str | None
    receipt_number: str | None

    @classmethod
    def of(cls, row: About) -> CaseSessionOut:
        return cls(
            id=row.id,
            state=row.state,
            started_at=moment(row.started),
            stopped_at=moment(row.stopped),
            energy_wh=None if row.energy_wh is None else format(row.energy_wh, "f"),
            cost=None if row.cost is None else format(row.cost, "f"),
            currency=row.currency or None,
            reason=row.reason,
            receipt=row.receipt or None,
            receipt_number=row.receipt_number or None,
        )


class CaseCommandOut(BaseModel):
    id: str
    action: str
    state: str
    outcome: str | None
    requested_by: str
    requested_at: str | None

    @classmethod
    def of(cls, row: Sent) -> CaseCommandOut:
        shown = {name: getattr(row, name) for name in ("id", "action", "state", "requested_by")}
        return cls(**shown, outcome=row.outcome or None, requested_at=moment(row.requested))


class ConversationOut(BaseModel):
    """What to ask GET /api/v1/charge-points/{id}/messages for."""

    charge_point: str
    since: str
    until: str


class CaseStoryOut(CaseOut):
    """With all that belongs to it."""

    messages: list[StaffMessageOut]
    links: list[LinkOut] = Field(description="What was said to belong to it: commands sent for it, refunds, alerts.")
    contact: ContactOut
    about: CaseSessionOut | None
    commands: list[CaseCommandOut] = Field(description="Sent to its charge point since it was opened, newest first.")
    conversation: ConversationOut | None

    @classmethod
    def told(cls, whole: Whole, names: Mapping[str, str]) -> CaseStoryOut:
        talk = {"charge_point": whole.case.charge_point, "since": to_iso(whole.since), "until": to_iso(whole.until)}
        return cls.model_validate(
            _listed(whole.case, names)
            | {
                "messages": [StaffMessageOut.of(each) for each in whole.messages],
                "links": [LinkOut.of(each) for each in whole.links],
                "contact": ContactOut.of(whole.contact),
                "about": None if whole.session is None else CaseSessionOut.of(whole.session),
                "commands": [CaseCommandOut.of(each) for each in whole.commands],
                "conversation": talk if whole.case.charge_point else None,
            }
        )


class TimesOut(BaseModel):
    cases: int
    p50_s: int | None
    p90_s: int | None

    @classmethod
    def of(cls, row: Times) -> TimesOut:
        return cls(cases=row.cases, p50_s=row.p50_s, p90_s=row.p90_s)


class CaseSummaryOut(BaseModel):
    states: dict[str, int]
    oldest_waiting_since: str | None
    to_answer: TimesOut = Field(description="Of first answers of the last 30 days.")
    to_close: TimesOut = Field(description="Of cases that were closed in the last 30 days.")

    @classmethod
    def of(cls, row: CaseSummary) -> CaseSummaryOut:
        oldest, answers = moment(row.oldest_waiting), TimesOut.of(row.to_answer)
        ends = TimesOut.of(row.to_close)
        return cls(states=dict(row.states), oldest_waiting_since=oldest, to_answer=answers, to_close=ends)


class CannedOut(BaseModel):
    id: str
    network: str | None
    language: str
    title: str
    text: str
    version: int
    updated_at: str

    @classmethod
    def of(cls, row: Canned) -> CannedOut:
        shown = {name: getattr(row, name) for name in ("id", "network", "language", "title", "text", "version")}
        return cls(**shown, updated_at=to_iso(row.updated))


class FilledAnswerOut(BaseModel):
    """An answer that is ready, with its places filled from the case; a gap is `…`."""

    id: str
    language: str
    title: str
    text: str
