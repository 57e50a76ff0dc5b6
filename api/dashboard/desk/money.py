"""A session's price line by line as it grows, and its receipts or why there is none yet."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from nicegui import ui

from api.dashboard.desk.looks import address
from api.ui.parts import figures
from api.ui.parts.dialogs import form_dialog
from api.ui.parts.notices import done, problems_told, text
from api.ui.parts.pieces import Part, card, of_the_page
from api.ui.texts import N_, _
from api.ui.visit import Visit
from engine.ids import new_id

Row = Mapping[str, Any]
_LINES: Mapping[str, str] = {
    "energy": N_("Energy"),
    "time": N_("Time"),
    "parking_time": N_("Idle time"),
    "flat": N_("Flat fee"),
    "reservation": N_("Reservation"),
}


class Money:
    """The card. `load` draws it anew."""

    def __init__(self, visit: Visit, row: Row) -> None:
        self._visit, self._row = visit, row
        with card(_("Price and receipt")):
            self._part = Part("rc-stack")

    async def load(self, row: Row) -> None:
        self._row = row
        price = await self._visit.api.get(f"{address('sessions', row['id'])}/price")
        receipts = await self._receipts()

        def draw() -> None:
            self._draw_price(price)
            for receipt in receipts:
                self._draw_receipt(receipt)
            if not receipts:
                text("p", self._why_none(price), "rc-soft")

        self._part.draw((price, receipts, row["stopped_at"], row["settled_at"], row["doubts"]), draw)

    async def _receipts(self) -> list[Row]:
        if not self._visit.may("receipts:read"):
            return []
        found: list[Row] = (await self._visit.api.get("/receipts", {"session": self._row["id"]}))["items"]
        return found

    def _draw_price(self, price: Row) -> None:
        bill = price["bill"]
        if bill is None:
            words = _("It has no tariff.") if price["tariff"] is None else _("Its data are doubtful: finance decides.")
            text("p", words)
            return
        currency = bill["currency"]
        with ui.element("table").classes("rc-table"), ui.element("tbody"):
            for line in bill["lines"]:
                _line(line, currency)
            for tax in bill["taxes"]:
                words = _("{name} {percent} %", name=tax["name"], percent=figures.number(tax["percent"]))
                _total(words, tax["amount"], currency)
            _total(_("In all") if price["settled"] else _("In all until now"), bill["gross"], currency, strong=True)

    def _draw_receipt(self, receipt: Row) -> None:
        with ui.element("div").classes("rc-row rc-between"):
            word = _("Credit note") if receipt["kind"] == "credit_note" else _("Receipt")
            amount = figures.money(receipt["gross"], receipt["currency"])
            text("span", f"{word} {receipt['number']} · {amount}")
            with ui.element("div").classes("rc-row rc-tight"):
                fetch = of_the_page(lambda: self._download(receipt))
                ui.button(_("PDF"), icon="download", on_click=fetch).props("flat no-caps")
                if receipt["kind"] == "receipt" and self._visit.may("billing:write"):
                    give = of_the_page(lambda: self._credit(receipt))
                    ui.button(_("Credit note"), icon="undo", on_click=give).props("flat no-caps")

    def _why_none(self, price: Row) -> str:
        row = self._row
        if not self._visit.may("receipts:read"):
            return _("Receipts are for those who may read them.")
        if row["stopped_at"] is None:
            return _("There is a receipt when it has ended.")
        if row["settled_at"] is None:
            return _("There is no receipt yet: the car may still cost idle time.")
        if price["tariff"] is None:
            return _("There is no receipt: it costs nothing.")
        if row["doubts"] or price["bill"] is None:
            return _("There is no receipt yet: finance looks at it first.")
        return _("The receipt is being made.")

    async def _download(self, receipt: Row) -> None:
        with problems_told():
            made = await self._visit.api.ask("GET", f"/receipts/{quote(receipt['id'], safe='')}/pdf")
            ui.download.content(made.content, f"{receipt['number'].replace('/', '-')}.pdf", "application/pdf")

    async def _credit(self, receipt: Row) -> None:
        """Ask how much and why; the API knows what is left to give back."""
        with form_dialog(_("Credit note for {number}", number=receipt["number"])) as dialog:
            amount = ui.input(_("Amount (empty: all that is left)")).props("outlined dense")
            reason = ui.input(_("Reason")).props("outlined dense")
            with ui.element("div").classes("rc-row"):
                ui.button(_("Cancel"), on_click=lambda: dialog.submit(None)).props("flat no-caps")
                send = lambda: dialog.submit((amount.value, reason.value))  # noqa: E731
                ui.button(_("Issue credit note"), on_click=send).props("unelevated no-caps")
        answer = await dialog
        dialog.delete()
        if answer is None:
            return
        body = {"amount": answer[0] or None, "reason": answer[1]}
        with problems_told():
            path = f"/receipts/{quote(receipt['id'], safe='')}"
            etag = (await self._visit.api.ask("GET", path)).etag
            headers = {"if-match": etag}
            await self._visit.api.ask("POST", f"{path}/credit-notes", body, key=new_id(), headers=headers)
            done(_("The credit note is issued."))
        await self.load(self._row)


def _line(line: Row, currency: str) -> None:
    quantity = f"{figures.number(Decimal(line['quantity']))} {line['unit']}".strip()
    with ui.element("tr"):
        text("td", _(_LINES.get(line["kind"], line["kind"])))
        text("td", f"{quantity} × {figures.money(line['unit_price'], currency)}", "rc-soft rc-small")
        text("td", figures.money(line["amount"], currency), "rc-number")


def _total(words: str, amount: str, currency: str, *, strong: bool = False) -> None:
    with ui.element("tr"):
        text("th" if strong else "td", words).props('colspan="2"')
        text("th" if strong else "td", figures.money(amount, currency), "rc-number")
