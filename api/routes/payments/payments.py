"""Payments, open items of finance and a network's policy; and where the provider's webhooks arrive."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime

from api.routes.paging import Cursor, Id, Limit
from api.schemas.payments import (
    OpenItemOut,
    PaymentOut,
    PaymentPolicyIn,
    PaymentPolicyOut,
    PaymentStoryOut,
    RefundIn,
    ResolutionIn,
)
from api.schemas.resources import Page, micros_of
from api.web.context import Caller, Here, Scoped
from api.web.preconditions import IfMatch, tagged
from engine.errors import NotFound
from engine.ids import new_id
from engine.stores.listing import Wanted

router = APIRouter(tags=["payments"])
open_router = APIRouter(prefix="/api/v1/payments", tags=["payments"])

Word = Annotated[str, Query(pattern=r"^[a-z_]{0,32}$")]
Name = Annotated[str, Query(pattern=r"^[0-9A-Za-z_.:-]{0,64}$")]
Sort = Annotated[str, Query(max_length=32, pattern=r"^-?[a-z_]*$")]
Since = Annotated[AwareDatetime | None, Query(description="Created at or after, RFC 3339.")]
Until = Annotated[AwareDatetime | None, Query(description="Created before, RFC 3339.")]


@open_router.post("/webhooks", operation_id="takePaymentWebhook", summary="The provider's webhooks", status_code=204)
async def take_webhook(request: Request, here: Here) -> None:
    """Signed by the provider. It is a hint to look at a payment, no more: replays and strangers change nothing."""
    provider = here.ports.payment_provider
    if provider is None:
        raise NotFound("There is nothing at this address.")
    headers = {name.lower(): value for name, value in request.headers.items()}
    hint = provider.hint(headers, await request.body(), here.ports.clock.now())
    await here.ports.business.payment_desk.hinted(hint.event, hint.reference)


@router.get("/payments", operation_id="listPayments", summary="Payments, newest first")
async def list_payments(
    here: Here,
    scope: Scoped,
    state: Word = "",
    session: Name = "",
    start: Name = "",
    driver: Name = "",
    since: Since = None,
    until: Until = None,
    sort: Sort = "",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[PaymentOut]:
    """Sorted by created, updated or state; with a minus in front the other way round."""
    found = await here.ports.business.payments.page(
        scope,
        Wanted(sort, cursor, limit),
        state=state,
        session=session,
        start=start,
        driver=driver,
        since=micros_of(since),
        until=micros_of(until),
    )
    return Page[PaymentOut](items=[PaymentOut.of(row) for row in found.items], next=found.cursor)


@router.get("/payments/{id}", operation_id="getPayment", summary="One payment and all that happened to it")
async def get_payment(id: Id, here: Here, scope: Scoped, response: Response) -> PaymentStoryOut:
    payments = here.ports.business.payments
    row = await payments.get(id, scope)
    tagged(response, row.version)
    return PaymentStoryOut.told(row, await payments.operations(id), await payments.events(id))


@router.post("/payments/{id}/refunds", operation_id="refundPayment", summary="Give money back", status_code=202)
async def refund(
    id: Id,
    body: RefundIn,
    here: Here,
    caller: Caller,
    scope: Scoped,
    request: Request,
    response: Response,
    version: IfMatch,
) -> PaymentOut:
    """At most what was taken and not given back yet. The same `Idempotency-Key` again is the same refund."""
    key = request.headers.get("idempotency-key", "")[:200] or new_id()
    cause = f"{caller.id}:{key}" + (f": {body.reason}" if body.reason else "")
    row = await here.ports.business.payments.refund(id, body.amount, cause, scope, version=version)
    tagged(response, row.version)
    return PaymentOut.of(row)


@router.get("/open-items", operation_id="listOpenItems", summary="What finance has to see to, newest first")
async def list_open_items(
    here: Here,
    scope: Scoped,
    state: Annotated[str, Query(pattern=r"^(open|resolved)?$")] = "",
    kind: Word = "",
    payment: Name = "",
    sort: Sort = "",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[OpenItemOut]:
    """Sorted by created, network or kind; with a minus in front the other way round."""
    found = await here.ports.business.open_items.page(
        scope, Wanted(sort, cursor, limit), state=state, kind=kind, payment=payment
    )
    return Page[OpenItemOut](items=[OpenItemOut.of(row) for row in found.items], next=found.cursor)


@router.get("/open-items/{id}", operation_id="getOpenItem", summary="One open item")
async def get_open_item(id: Id, here: Here, scope: Scoped, response: Response) -> OpenItemOut:
    item = await here.ports.business.open_items.get(id, scope)
    tagged(response, item.version)
    return OpenItemOut.of(item)


@router.post("/open-items/{id}/resolve", operation_id="resolveOpenItem", summary="Retry, paid otherwise, written off")
async def resolve(
    id: Id, body: ResolutionIn, here: Here, scope: Scoped, response: Response, version: IfMatch
) -> OpenItemOut:
    """A capture that is retried and fails again is another open item."""
    item = await here.ports.business.open_items.resolve(id, body.resolution, body.note, scope, version=version)
    tagged(response, item.version)
    return OpenItemOut.of(item)


@router.get("/networks/{id}/payment-policy", operation_id="getPaymentPolicy", summary="Who pays before a session")
async def get_policy(id: Id, here: Here, scope: Scoped, response: Response) -> PaymentPolicyOut:
    policy = await here.ports.business.payment_policies.get(id, scope)
    tagged(response, policy.version)
    return PaymentPolicyOut.of(policy)


@router.put("/networks/{id}/payment-policy", operation_id="setPaymentPolicy", summary="Say who pays before a session")
async def set_policy(
    id: Id, body: PaymentPolicyIn, here: Here, scope: Scoped, response: Response, version: IfMatch
) -> PaymentPolicyOut:
    """In force for the next start."""
    policy = await here.ports.business.payment_policies.put(body.policy(id), scope, version=version)
    tagged(response, policy.version)
    return PaymentPolicyOut.of(policy)
