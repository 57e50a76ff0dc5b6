"""Support cases of whoever has no account: written on the page of a connector's QR code, confirmed by the letter."""

from __future__ import annotations

from html import escape
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import HTMLResponse

from api.operations.starting import Starting
from api.routes.payments.ad_hoc import Code
from api.schemas.cases import CaseTextIn, OpenCaseIn, OwnCaseStoryOut
from api.web.context import Here
from engine.billing.printing.html import HEADERS
from engine.cases import wording
from engine.cases.case import NewCase

open_router = APIRouter(prefix="/api/v1/ad-hoc", tags=["charging without an account"])
Secret = Annotated[str, Path(pattern=r"^[!-~]{1,100}$", description="As in the link of our letter.")]


@open_router.post("/{code}/cases", operation_id="openAdHocCase", summary="Tell support about it", status_code=202)
async def open_case(code: Code, body: OpenCaseIn, here: Here, request: Request) -> None:
    """Nobody reads it before the address is confirmed, by the link in the letter that is sent there."""
    here.open_cases.take(request.state.address)
    here.open_cases.take(body.email.lower())
    spot = await Starting(here).spot_of_code(code)
    new = NewCase(body.category, body.subject, body.text, "", spot.charge_point, spot.evse, spot.connector)
    await here.ports.business.asking.open_openly(body.email, spot.network, body.language, new)


@open_router.get(
    "/cases/{secret}/confirmation",
    operation_id="confirmAdHocCase",
    summary="Confirm the address: where our letter's link leads",
    response_class=HTMLResponse,
    responses={200: {"content": {"text/html": {}}}},
)
async def confirm(secret: Secret, here: Here) -> HTMLResponse:
    """A page of HTML. Again, it changes nothing more."""
    case = await here.ports.business.asking.confirm(secret)
    title, text = wording.confirmed(case.language, case.number)
    return HTMLResponse(_page(case.language, title, f"<p>{escape(text)}</p>"), headers=HEADERS)


@open_router.get(
    "/cases/{secret}/page",
    operation_id="readAdHocCasePage",
    summary="The case as a page of HTML",
    response_class=HTMLResponse,
    responses={200: {"content": {"text/html": {}}}},
)
async def read_page(secret: Secret, here: Here) -> HTMLResponse:
    own = await here.ports.business.asking.openly(secret)
    said = "".join(f"<h2>{escape(each.side)}</h2><p>{escape(each.text)}</p>" for each in own.messages)
    title = f"{own.case.number}: {own.case.subject}"
    return HTMLResponse(_page(own.case.language, title, said), headers=HEADERS)


@open_router.get("/cases/{secret}", operation_id="getAdHocCase", summary="The case with what was said")
async def get_case(secret: Secret, here: Here) -> OwnCaseStoryOut:
    return OwnCaseStoryOut.told(await here.ports.business.asking.openly(secret))


@open_router.post("/cases/{secret}/messages", operation_id="writeInAdHocCase", summary="Write in it", status_code=201)
async def write(secret: Secret, body: CaseTextIn, here: Here, request: Request) -> OwnCaseStoryOut:
    """A closed case is open again."""
    here.open_cases.take(request.state.address)
    return OwnCaseStoryOut.told(await here.ports.business.asking.write_openly(secret, body.text))


def _page(language: str, title: str, content: str) -> str:
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    return (
        f'<!doctype html><html lang="{escape(language, quote=True)}"><head>{head}</head>'
        f"<body><main><h1>{escape(title)}</h1>{content}</main></body></html>"
    )
