"""The provider's payment page: where the payer gives a card, confirms it, or gives up."""

from __future__ import annotations

from html import escape

from actors.payment_provider.books import Row
from actors.payment_provider.cards import CARDS

POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action *; frame-ancestors 'none'; base-uri 'none'"
"""`form-action *`: after the form browsers check the way back to the merchant, too."""

_FRAME = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title><style>
body {{ font: 1rem/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 26rem; padding: 0 1rem; color: #1a1a1a }}
h1 {{ font-size: 1.3rem }} .amount {{ font-size: 2rem; font-weight: 600 }}
label {{ display: block; margin: 1rem 0 .3rem }}
input, button {{ font: inherit; padding: .6rem; width: 100%; box-sizing: border-box; border-radius: .4rem }}
input {{ border: 1px solid #777 }} button {{ margin-top: .8rem; border: 0; background: #14532d; color: #fff }}
button.plain {{ background: #eee; color: #1a1a1a }} .trial {{ background: #fef3c7; padding: .5rem .8rem }}
.fault {{ color: #b91c1c }} table {{ border-collapse: collapse; font-size: .85rem; margin-top: 1.5rem }}
td {{ padding: .15rem .6rem .15rem 0 }}</style></head><body>
<p class="trial">Test payments: no card is charged, no real card is needed.</p>{body}</body></html>"""

_OVER = {
    "authorised": "The amount is held. You can go back.",
    "captured": "It is paid.",
    "capturing": "It is paid.",
    "declined": "The payment was declined. Nothing was taken.",
    "expired": "This page has expired. Nothing was taken.",
    "voided": "This payment was cancelled. Nothing was taken.",
}


def _page(title: str, body: str) -> str:
    return _FRAME.format(title=escape(title), body=body)


def _head(row: Row) -> str:
    amount = f"{escape(row['amount'])} {escape(row['currency'])}"
    return f'<h1>{escape(row["description"])}</h1><p class="amount">{amount}</p>'


def card_page(row: Row, fault: str = "") -> str:
    """Asks for the card."""
    told = f'<p class="fault" role="alert">{escape(fault)}</p>' if fault else ""
    cards = "".join(
        f"<tr><td>{' '.join(n[i : i + 4] for i in range(0, 16, 4))}</td><td>{escape(does)}</td></tr>"
        for n, (_, does) in CARDS.items()
    )
    return _page(
        "Payment",
        f"""{_head(row)}<p>This amount is held on your card. You pay what you charge, at the end.</p>{told}
<form method="post"><label for="card">Card number</label>
<input id="card" name="card" inputmode="numeric" autocomplete="off" value="4242 4242 4242 4242" required>
<button name="do" value="pay">Hold {escape(row["amount"])} {escape(row["currency"])}</button>
<button class="plain" name="do" value="cancel" formnovalidate>Cancel</button></form>
<table>{cards}</table>""",
    )


def challenge_page(row: Row) -> str:
    """Plays the bank that wants to know whether it is really the payer."""
    return _page(
        "Your bank",
        f"""{_head(row)}<p>Your bank asks: is this you?</p><form method="post">
<button name="do" value="confirm">Yes, confirm</button>
<button class="plain" name="do" value="deny">No</button></form>""",
    )


def over_page(row: Row) -> str:
    """Nothing is left to do here."""
    back = f'<p><a href="{escape(row["return_url"])}">Back</a></p>' if row["return_url"] else ""
    return _page("Payment", f"{_head(row)}<p>{escape(_OVER.get(row['status'], 'This payment is over.'))}</p>{back}")
