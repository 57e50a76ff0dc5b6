"""Receipts and credit notes: lists, prints, the book for bookkeeping, corrections."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime

from api.routes.paging import Id, Listed
from api.schemas.billing import CorrectionIn, CreditIn, ReceiptDetailOut, ReceiptOut
from api.schemas.resources import Page, micros_of
from api.web.context import Here, Scoped
from api.web.preconditions import IfMatch, tagged
from engine.billing.document import Document
from engine.billing.letters import file_name
from engine.billing.printing import html, pdf
from engine.billing.receipts import Filter, Standing

router = APIRouter(tags=["receipts and finance"])
Name = Annotated[str, Query(max_length=64, pattern=r"^[^\x00-\x20\x7f]*$")]


async def which(
    kind: Annotated[Literal["", "receipt", "credit_note"], Query()] = "",
    number: Annotated[Name, Query(description="Part of the number.")] = "",
    session: Name = "",
    driver: Name = "",
    charge_point: Name = "",
    network: Name = "",
    since: Annotated[AwareDatetime | None, Query(description="Issued at or after, RFC 3339.")] = None,
    until: Annotated[AwareDatetime | None, Query(description="Issued before, RFC 3339.")] = None,
) -> Filter:
    """Which documents are wanted, from a request's query."""
    return Filter(kind, number, session, driver, charge_point, network, micros_of(since), micros_of(until))


Filtered = Annotated[Filter, Depends(which)]


@router.get("/receipts", operation_id="listReceipts", summary="Receipts and credit notes")
async def list_receipts(here: Here, scope: Scoped, wanted: Listed, filtered: Filtered) -> Page[ReceiptOut]:
    """In the order of `sort`: issued (newest first), number, gross or started."""
    found = await here.ports.business.billing.receipts.receipts(scope, wanted, filtered)
    return Page(items=[ReceiptOut.of(row) for row in found.items], next=found.cursor)


@router.get(
    "/receipt-book",
    operation_id="exportReceipts",
    summary="Receipts and credit notes as CSV, for bookkeeping",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {}}, "description": "One line each, in order of issue."}},
)
async def export_receipts(here: Here, scope: Scoped, filtered: Filtered) -> StreamingResponse:
    """Credit notes are below zero, so that columns add up; each tax has a column of its own."""
    book = here.ports.business.billing.receipts.book(scope, filtered)
    # The first line is asked for before the answer begins: what fails then still has an error's status.
    heading = await anext(book)
    headers = {"Content-Disposition": 'attachment; filename="receipts.csv"'}
    return StreamingResponse(_csv(heading, book), media_type="text/csv", headers=headers)


async def _csv(heading: list[str], book: AsyncIterator[list[str]]) -> AsyncIterator[str]:
    yield _csv_line(heading)
    async for row in book:
        yield _csv_line(row)


def _csv_line(row: list[str]) -> str:
    text = io.StringIO()
    # A spreadsheet takes what begins so for a formula; amounts may well be below zero.
    safe = [f"'{each}" if each[:1] in "=+@\t\r" and each else each for each in row]
    csv.writer(text).writerow(safe)
    return text.getvalue()


@router.get("/receipts/{id}", operation_id="getReceipt", summary="One receipt or credit note")
async def get_receipt(id: Id, here: Here, scope: Scoped, response: Response) -> ReceiptDetailOut:
    """The ETag changes when another document of its session is issued."""
    return _shown(await here.ports.business.billing.receipts.receipt(scope, id), response)


@router.get(
    "/receipts/{id}/html",
    operation_id="getReceiptHtml",
    summary="One receipt as a page",
    response_class=Response,
    responses={200: {"content": {"text/html": {}}, "description": "A page to read or to print."}},
)
async def get_receipt_html(id: Id, here: Here, scope: Scoped) -> Response:
    return html_answer((await here.ports.business.billing.receipts.receipt(scope, id)).document)


@router.get(
    "/receipts/{id}/pdf",
    operation_id="getReceiptPdf",
    summary="One receipt as PDF",
    response_class=Response,
    responses={200: {"content": {"application/pdf": {}}, "description": "A4 pages."}},
)
async def get_receipt_pdf(id: Id, here: Here, scope: Scoped) -> Response:
    return await pdf_answer((await here.ports.business.billing.receipts.receipt(scope, id)).document)


@router.post(
    "/receipts/{id}/credit-notes", operation_id="creditReceipt", summary="Give back all or a part", status_code=201
)
async def credit_receipt(
    id: Id, body: CreditIn, here: Here, scope: Scoped, version: IfMatch, response: Response
) -> ReceiptDetailOut:
    """Answers with the credit note."""
    amount = None if body.amount is None else Decimal(body.amount)
    return _shown(
        await here.ports.business.billing.corrections.credit(scope, id, amount, body.reason, version), response
    )


@router.post(
    "/receipts/{id}/corrections", operation_id="correctReceipt", summary="Bill its session anew", status_code=201
)
async def correct_receipt(
    id: Id, body: CorrectionIn, here: Here, scope: Scoped, version: IfMatch, response: Response
) -> ReceiptDetailOut:
    """Credits the receipt and issues one with the corrected figures, with which it answers; with the credit note where
    nothing is to be paid any more."""
    figures = body.figures.figures()
    return _shown(
        await here.ports.business.billing.corrections.correct(scope, id, figures, body.reason, version), response
    )


def html_answer(document: Document) -> Response:
    """A receipt's page."""
    return Response(html.html_of(document), media_type="text/html; charset=utf-8", headers=html.HEADERS)


async def pdf_answer(document: Document) -> Response:
    """A receipt's PDF, to be shown or kept under its number."""
    disposition = f'inline; filename="{file_name(document)}"'
    return Response(
        await pdf.pdf_of(document), media_type="application/pdf", headers={"Content-Disposition": disposition}
    )


def _shown(known: Standing, response: Response) -> ReceiptDetailOut:
    tagged(response, known.version)
    return ReceiptDetailOut.with_print(known)
