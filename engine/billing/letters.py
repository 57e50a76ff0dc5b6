"""The letter that brings a driver a receipt or a credit note."""

from __future__ import annotations

from decimal import Decimal

from engine.billing.document import Document
from engine.billing.recipients import Recipient
from engine.outbox.letter import Attachment, Letter
from engine.tariffs.money import shown

KIND = "receipt"
"""Of the letter and of its attachment, for receipts and credit notes alike."""


def file_name(document: Document) -> str:
    """What a document is called as a file: its number, without what means a folder."""
    return f"{document['number'].replace('/', '-')}.pdf"


def place_of(document: Document) -> str:
    """Where somebody has charged, as they know it."""
    return str(document["station"]["name"] or document["charge_point"])


def letter_of(receipt: str, document: Document, recipient: Recipient, network: str) -> Letter:
    """The letter about one document, written once however often it is asked for."""
    seller, bill = document["issuer"]["name"], document["bill"]
    total = shown(Decimal(bill["gross"]), bill["currency"])
    what = "credit note" if document["kind"] == "credit_note" else "receipt"
    place = place_of(document)
    if what == "receipt":
        news = f"Thank you for charging at {place}: {Decimal(bill['energy_kwh']):.2f} kWh for {total}."
    else:
        news = f"{total} of receipt {document['about']['number']} is credited to you: {document['reason']}"
    if what == "receipt" and document["about"] is not None:
        news += f" This receipt takes the place of {document['about']['number']}."
    return Letter(
        recipient.email,
        KIND,
        f"Your {what} {document['number']} from {seller}",
        f"{news}\n\nThe {what} {document['number']} is attached.\n\n{seller}\n",
        language=recipient.language,
        network=network,
        attachments=(Attachment(KIND, receipt, file_name(document)),),
        key=f"{KIND}:{receipt}",
    )
