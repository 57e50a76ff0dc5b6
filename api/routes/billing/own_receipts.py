"""A driver's own receipts, to read and to print."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.routes.billing.receipts import html_answer, pdf_answer
from api.routes.drivers.own import Me
from api.routes.paging import Id
from api.web.context import Here
from engine.access.scope import EVERYWHERE
from engine.billing.document import Document

router = APIRouter(prefix="/me/receipts", tags=["me"])


async def _document(id: Id, me: Me, here: Here) -> Document:
    return (await here.ports.business.billing.receipts.receipt(EVERYWHERE, id, me.id)).document


@router.get(
    "/{id}/html",
    operation_id="getMyReceiptHtml",
    summary="One of your receipts as a page",
    response_class=Response,
    responses={200: {"content": {"text/html": {}}, "description": "A page to read or to print."}},
)
async def get_my_receipt_html(id: Id, me: Me, here: Here) -> Response:
    return html_answer(await _document(id, me, here))


@router.get(
    "/{id}/pdf",
    operation_id="getMyReceiptPdf",
    summary="One of your receipts as PDF",
    response_class=Response,
    responses={200: {"content": {"application/pdf": {}}, "description": "A4 pages."}},
)
async def get_my_receipt_pdf(id: Id, me: Me, here: Here) -> Response:
    return await pdf_answer(await _document(id, me, here))
