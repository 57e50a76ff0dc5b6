"""The provider's own books, in a SQLite file: payments, the answers to every key, webhooks to send.

One order is one transaction: what it changes, its answer under its key, and the webhook that tells of it. The same key
again gets the same answer, word for word; with another request it is refused.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

from actors.payment_provider.cards import APPROVE
from engine.clock import SECOND, Clock

PAGE_LASTS_S = 30 * 60
SETTLES_AFTER_S = 1.0
"""How long a capture is under way that will fail."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS payments (
  id TEXT PRIMARY KEY, page TEXT UNIQUE NOT NULL, own_id TEXT NOT NULL, currency TEXT NOT NULL, amount TEXT NOT NULL,
  description TEXT NOT NULL, return_url TEXT NOT NULL, status TEXT NOT NULL, authorised TEXT NOT NULL DEFAULT '0',
  captured TEXT NOT NULL DEFAULT '0', refunded TEXT NOT NULL DEFAULT '0', sequence INTEGER NOT NULL DEFAULT 1,
  reason TEXT NOT NULL DEFAULT '', behaviour TEXT NOT NULL DEFAULT '', last_digits TEXT NOT NULL DEFAULT '',
  failures INTEGER NOT NULL DEFAULT 0, expires INTEGER NOT NULL, settles INTEGER);
CREATE TABLE IF NOT EXISTS keys (key TEXT PRIMARY KEY, request TEXT NOT NULL, status INTEGER NOT NULL,
  answer TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS webhooks (number INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL,
  payment TEXT NOT NULL, due INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, ended INTEGER);
CREATE TABLE IF NOT EXISTS calls (kind TEXT NOT NULL, payment TEXT NOT NULL, amount TEXT NOT NULL);
"""

Row = dict[str, Any]
Answered = tuple[int, Mapping[str, Any]]
ZERO = Decimal(0)


class OrderRefused(Exception):
    """The order is not carried out: HTTP status and reason."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


class Books:
    """Opened by one process. Calls are short and do not wait for anybody."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._clock = clock
        self._file = sqlite3.connect(folder / "provider.sqlite3", isolation_level=None)
        self._file.row_factory = sqlite3.Row
        self._file.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;" + _SCHEMA)

    def close(self) -> None:
        self._file.close()

    # what merchants order --------------------------------------------------------------------------------------------

    def order(self, key: str, request: Mapping[str, Any], work: Callable[[], Row]) -> Answered:
        """Carry out `work` once for a key; its answer, or the one that the key was given before."""
        asked = json.dumps(request, sort_keys=True)
        self._file.execute("BEGIN IMMEDIATE")
        try:
            known = self._one("SELECT * FROM keys WHERE key = ?", key)
            if known is not None:
                self._file.execute("COMMIT")
                if known["request"] != asked:
                    return 409, {"error": "This key was used for another request."}
                return known["status"], json.loads(known["answer"])
            status, answer = self._carried_out(request, work)
            self._file.execute("INSERT INTO keys VALUES (?, ?, ?, ?)", (key, asked, status, json.dumps(answer)))
            self._file.execute("COMMIT")
        except BaseException:
            self._file.execute("ROLLBACK")
            raise
        return status, answer

    def _carried_out(self, request: Mapping[str, Any], work: Callable[[], Row]) -> Answered:
        try:
            row = work()
        except OrderRefused as refused:
            row = self.payment(request["payment"]) if "payment" in request else {}
            return refused.status, {"reason": refused.reason, "payment": shown(row)}
        return 200, shown(row)

    def open(self, wanted: Mapping[str, str]) -> Row:
        """A new payment, whose payer has to go to the page."""
        made: Row = {
            "id": f"pay_{token_urlsafe(12)}",
            "page": token_urlsafe(24),
            "status": "action_required",
            "expires": self._clock.now() + PAGE_LASTS_S * SECOND,
            **{name: wanted[name] for name in ("own_id", "currency", "amount", "description", "return_url")},
        }
        columns = ", ".join(made)
        self._file.execute(
            f"INSERT INTO payments ({columns}) VALUES ({', '.join('?' * len(made))})", tuple(made.values())
        )
        return self.payment(made["id"])

    def raised(self, payment: str, amount: Decimal) -> Row:
        row = self._held(payment)
        if row["behaviour"] == "raise_refused":
            raise OrderRefused(402, "raise_refused")
        return self._change(row, authorised=max(amount, Decimal(row["authorised"])))

    def captured(self, payment: str, amount: Decimal) -> Row:
        row = self.payment(payment)
        if row["status"] not in ("authorised", "capture_failed"):
            raise OrderRefused(402, "not_held")
        if not ZERO < amount <= Decimal(row["authorised"]):
            raise OrderRefused(402, "too_much")
        self._file.execute("INSERT INTO calls VALUES ('capture', ?, ?)", (payment, str(amount)))
        if row["behaviour"] == "capture_fails_once" and not row["failures"]:
            return self._change(row, status="capture_failed", reason="try_again", failures=1)
        if row["behaviour"] == "capture_fails":
            return self._change(row, status="capturing", settles=self._clock.now() + round(SETTLES_AFTER_S * SECOND))
        return self._change(row, status="captured", captured=amount, reason="")

    def voided(self, payment: str) -> Row:
        row = self.payment(payment)
        if row["status"] in ("voided", "declined", "expired"):
            return row
        if row["status"] not in ("action_required", "authorised", "capture_failed"):
            raise OrderRefused(402, "not_held")
        return self._change(row, status="voided")

    def refunded(self, payment: str, amount: Decimal) -> Row:
        row = self.payment(payment)
        if amount <= ZERO or Decimal(row["refunded"]) + amount > Decimal(row["captured"]):
            raise OrderRefused(402, "too_much")
        self._file.execute("INSERT INTO calls VALUES ('refund', ?, ?)", (payment, str(amount)))
        return self._change(row, refunded=Decimal(row["refunded"]) + amount)

    def _held(self, payment: str) -> Row:
        row = self.payment(payment)
        if row["status"] != "authorised":
            raise OrderRefused(402, "not_held")
        return row

    # what payers do --------------------------------------------------------------------------------------------------

    def page(self, page: str) -> Row:
        """The payment of a page. Raises OrderRefused (404)."""
        row = self._one("SELECT id FROM payments WHERE page = ?", page)
        if row is None:
            raise OrderRefused(404, "unknown")
        return self.payment(row["id"])

    def pay(self, page: str, behaviour: str, last_digits: str, *, confirmed: bool = False) -> Row:
        """The payer has given a card that does `behaviour`, or has confirmed it."""
        row = self.page(page)
        if row["status"] != "action_required":
            return row
        card = {"behaviour": behaviour, "last_digits": last_digits}
        if behaviour.startswith("decline:"):
            return self._change(row, status="declined", reason=behaviour.partition(":")[2], **card)
        if behaviour == "challenge" and not confirmed:
            return self._change(row, **card)
        return self._change(row, status="authorised", authorised=Decimal(row["amount"]), **card)

    def turn_down(self, page: str, reason: str) -> Row:
        """The payer has given up, or could not confirm."""
        row = self.page(page)
        return row if row["status"] != "action_required" else self._change(row, status="declined", reason=reason)

    # how things stand ------------------------------------------------------------------------------------------------

    def payment(self, payment: str) -> Row:
        """As it stands now: what was to happen until now has happened. Raises OrderRefused (404)."""
        row = self._one("SELECT * FROM payments WHERE id = ?", payment)
        if row is None:
            raise OrderRefused(404, "unknown")
        now = self._clock.now()
        if row["status"] == "action_required" and row["expires"] <= now:
            return self._change(row, status="expired", reason="not_in_time")
        if row["status"] == "capturing" and row["settles"] <= now:
            return self._change(row, status="capture_failed", reason="insufficient_funds")
        return row

    def settle(self) -> None:
        """Let happen what is due, so that webhooks tell of it."""
        query = "SELECT id FROM payments WHERE status = 'capturing' AND settles <= ?"
        with closing(self._file.execute(query, (self._clock.now(),))) as due:
            found = [row["id"] for row in due]
        for payment in found:
            self.payment(payment)

    def calls(self, kind: str, payment: str) -> list[str]:
        """The amounts of all captures or refunds that were carried out, for tests."""
        found = self._file.execute("SELECT amount FROM calls WHERE kind = ? AND payment = ?", (kind, payment))
        return [row["amount"] for row in found]

    def _change(self, row: Row, **changes: Any) -> Row:
        values = {name: str(value) if isinstance(value, Decimal) else value for name, value in changes.items()}
        values["sequence"] = row["sequence"] + 1
        setting = ", ".join(f"{name} = ?" for name in values)
        self._file.execute(f"UPDATE payments SET {setting} WHERE id = ?", (*values.values(), row["id"]))
        changed = {**row, **values}
        self._tell(changed)
        return changed

    def _tell(self, row: Row) -> None:
        """Note the webhooks of a change, in whatever way the card has them come."""
        behaviour, now = row["behaviour"] or APPROVE, self._clock.now()
        if behaviour == "webhook_lost":
            return
        # The latest first: each one waits less than the one before.
        delay = max(0, 6 - row["sequence"]) * SECOND // 2 if behaviour == "webhook_disordered" else 0
        event = f"evt_{token_urlsafe(12)}"
        for _ in range(2 if behaviour == "webhook_twice" else 1):
            insert = "INSERT INTO webhooks (event, payment, due) VALUES (?, ?, ?)"
            self._file.execute(insert, (event, row["id"], now + delay))

    # webhooks --------------------------------------------------------------------------------------------------------

    def due(self) -> list[Row]:
        """The webhooks to be sent now."""
        query = "SELECT * FROM webhooks WHERE ended IS NULL AND due <= ? ORDER BY due, number LIMIT 50"
        return [dict(row) for row in self._file.execute(query, (self._clock.now(),))]

    def sent(self, number: int, delivered: bool, again_after_s: float) -> None:
        """How sending went; without an answer it is sent again later, ten times at most."""
        now = self._clock.now()
        self._file.execute(
            "UPDATE webhooks SET attempts = attempts + 1, due = ?, "
            "ended = CASE WHEN ? OR attempts >= 9 THEN ? END WHERE number = ?",
            (now + round(again_after_s * SECOND), delivered, now, number),
        )

    def _one(self, query: str, *values: Any) -> Row | None:
        found = self._file.execute(query, values).fetchone()
        return None if found is None else dict(found)


def shown(row: Row) -> Row:
    """A payment as the API shows it: nothing of the card."""
    if not row:
        return {}
    names = ("id", "own_id", "currency", "status", "authorised", "captured", "refunded", "sequence", "reason", "page")
    return {name: row[name] for name in names}
