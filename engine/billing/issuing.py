"""Writing receipts and credit notes, in the caller's transaction: number, document, taxes, the letter to the driver.

Whoever bills a session holds its row of `settlements` first (`hold_session`), so that two never bill one at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.billing.credits import credit_bill, units
from engine.billing.document import Occasion, Reference, credit_document, receipt_document
from engine.billing.facts import Facts
from engine.billing.issuer import CREDIT_NOTE, RECEIPT, Issuer
from engine.billing.issuers import issuer_by_id
from engine.billing.letters import letter_of, place_of
from engine.billing.numbering import Number, next_number
from engine.billing.premises import Premises
from engine.billing.recipients import recipient_of
from engine.deliveries.payloads import document_issued
from engine.deliveries.queue import enqueue
from engine.faults import reach
from engine.ids import new_id
from engine.notices.occasions import receipt_ready
from engine.outbox.letter import put
from engine.stores.sql.tables.billing import receipt_taxes, receipts, settlements
from engine.stores.tokens.credit import owe_for
from engine.tariffs.bill import Bill, Tax
from engine.tariffs.stored import bill_of


@dataclass(frozen=True, slots=True)
class Billed:
    """What a session has been billed so far: all its documents, and what of the newest receipt is not credited."""

    rows: tuple[Any, ...]

    @property
    def receipts(self) -> list[Any]:
        return [row for row in self.rows if row.kind == RECEIPT]

    @property
    def gross(self) -> int:
        """What the driver is to pay in all, in the minor unit."""
        return sum(row.gross if row.kind == RECEIPT else -row.gross for row in self.rows)

    def credited(self, receipt: str) -> list[Any]:
        return [row for row in self.rows if row.kind == CREDIT_NOTE and row.about == receipt]


async def hold_session(connection: AsyncConnection, session: str) -> Any:
    """The session's settlement, held until the end of the transaction; None for one that has not been settled."""
    query = select(settlements).where(settlements.c.session == session).with_for_update()
    return (await connection.execute(query)).first()


async def billed_so_far(connection: AsyncConnection, session: str) -> Billed:
    """Read what there is. The session must be held by whoever goes on to bill it."""
    query = select(receipts).where(receipts.c.session == session).order_by(receipts.c.kind, receipts.c.revision)
    return Billed(tuple((await connection.execute(query)).all()))


async def bill_session(
    connection: AsyncConnection,
    at: int,
    issuer: Issuer,
    premises: Premises,
    facts: Facts,
    bill: Bill,
    *,
    reason: str = "",
    by: str = "",
) -> str | None:
    """Make `bill` what the session is billed: what was billed before is credited. Returns the receipt's id.

    Nothing to pay gives no receipt (None), unless the issuer wants one.
    """
    so_far = await billed_so_far(connection, facts.session)
    before = so_far.receipts[-1] if so_far.receipts else None
    after = None
    if before is not None:
        notes = so_far.credited(before.id)
        if sum(note.gross for note in notes) < before.gross:
            seller = await issuer_by_id(connection, before.issuer)
            after = await credit(connection, at, seller, before, notes, None, reason, by, len(so_far.rows))
        elif notes:
            after = reference(notes[-1])
    if not bill.gross and not issuer.profile.zero_receipts:
        return None
    about = None if before is None else reference(before)
    occasion = Occasion(about, after, reason, by)
    number = await next_number(connection, issuer, RECEIPT, at)
    document = receipt_document(issuer, premises, facts, bill, number, at, occasion)
    row = {
        "session": facts.session,
        "revision": len(so_far.receipts),
        "network": issuer.network,
        "station": premises.station,
        "charge_point": facts.charge_point,
        "driver": facts.driver,
        "tariff": str(document["tariff"]["id"]),
        "started": facts.stopped if facts.started is None else facts.started,
        "ended": facts.ended,
    }
    return await _write(connection, at, RECEIPT, issuer, number, bill, document, occasion, row)


async def credit(
    connection: AsyncConnection,
    at: int,
    issuer: Issuer,
    receipt: Any,
    notes: Sequence[Any],
    gross: Decimal | None,
    reason: str,
    by: str,
    revision: int,
) -> Reference:
    """Write a credit note over `gross` (None: all that is left) of a receipt's row, of which `notes` are credited.

    Raises Conflict, InvalidInput as `credit_bill`.
    """
    billed = bill_of(receipt.document["bill"])
    former = [bill_of(note.document["bill"]) for note in notes]
    words = f"Credit for receipt {receipt.number}: {reason}"
    bill = credit_bill(billed, former, gross, words, receipt.document["tariff"]["tax_included"])
    number = await next_number(connection, issuer, CREDIT_NOTE, at)
    occasion = Occasion(reference(receipt), None, reason, by)
    document = credit_document(issuer, receipt.document, bill, number, at, occasion)
    copied = ("session", "network", "station", "charge_point", "driver", "tariff", "started", "ended")
    row = {name: getattr(receipt, name) for name in copied} | {"revision": revision}
    id = await _write(connection, at, CREDIT_NOTE, issuer, number, bill, document, occasion, row)
    return Reference(id, number.text, at)


def reference(row: Any) -> Reference:
    return Reference(row.id, row.number, row.issued)


async def _write(
    connection: AsyncConnection,
    at: int,
    kind: str,
    issuer: Issuer,
    number: Number,
    bill: Bill,
    document: dict[str, Any],
    occasion: Occasion,
    row: dict[str, Any],
) -> str:
    id, currency = new_id(), bill.currency
    net, gross = units(bill.net, currency), units(bill.gross, currency)
    await connection.execute(
        insert(receipts),
        row
        | {
            "id": id,
            "kind": kind,
            "issuer": issuer.id,
            "number": number.text,
            "period": number.period,
            "sequence": number.count,
            "day": number.day,
            "issued": at,
            "currency": currency,
            "net": net,
            "tax": gross - net,
            "gross": gross,
            "energy_wh": int((bill.energy_kwh * 1000).to_integral_value(ROUND_HALF_UP)),
            "about": None if occasion.about is None else occasion.about.id,
            "after": None if occasion.after is None else occasion.after.id,
            "reason": occasion.reason,
            "issued_by": occasion.issued_by,
            "document": document,
        },
    )
    if bill.taxes:
        await connection.execute(
            insert(receipt_taxes), [_tax_row(id, *each, currency) for each in enumerate(bill.taxes)]
        )
    await owe_for(connection, row["session"], bill.gross if kind == RECEIPT else -abs(bill.gross), at)
    reach("billing:written-before-letter")
    told = row | {"id": id, "kind": kind, "number": number.text, "currency": currency, "day": number.day, "issued": at}
    await _tell(connection, at, told | {"document": document, "about": occasion.about, "reason": occasion.reason})
    await _send(connection, at, id, kind, document, row["driver"], issuer.network, number.text, bill)
    return id


async def _send(
    connection: AsyncConnection,
    at: int,
    id: str,
    kind: str,
    document: dict[str, Any],
    driver: str,
    network: str,
    number: str,
    bill: Bill,
) -> None:
    """The letter with the document, and to the driver's browsers that there is a receipt."""
    recipient = await recipient_of(connection, driver)
    if recipient is not None:
        await put(connection, at, letter_of(id, document, recipient, network))
    if kind == RECEIPT:
        whose = {"driver": driver, "network": network, "receipt": id, "number": number}
        place = place_of(document)
        await receipt_ready(connection, at, **whose, place=place, amount=bill.gross, currency=bill.currency)


async def _tell(connection: AsyncConnection, at: int, row: Mapping[str, Any]) -> None:
    """Have other systems told of a receipt or a credit note."""
    kind = f"{row['kind']}.issued"
    about = row["about"]
    await enqueue(
        connection,
        at,
        network=row["network"],
        kind=kind,
        key=f"{kind}:{row['id']}",
        subject=f"{kind} {row['number']}",
        payload=document_issued({**row, "about": None if about is None else about.id}),
        stream=f"session:{row['session']}",
    )


def _tax_row(receipt: str, position: int, tax: Tax, currency: str) -> dict[str, Any]:
    return {
        "receipt": receipt,
        "position": position,
        "name": tax.name,
        "percent": tax.percent,
        "base": units(tax.base, currency),
        "amount": units(tax.amount, currency),
    }
