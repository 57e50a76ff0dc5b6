"""A station's request for a certificate as the row that the certificate authority works off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.charging.kept.notice_events import CertificateAsked
from engine.projections.ledger_rows import Change, integer_of, text_of
from engine.stores.signing_requests import ASKED

TABLE = "signing_requests"


def read(event: Mapping[str, Any]) -> Change | None:
    """The request that `event` tells; None for any other. Raises KeyError, TypeError, ValueError."""
    if event["kind"] != CertificateAsked.kind:
        return None
    received = integer_of(event, "received")
    request = event.get("request")
    columns: dict[str, Any] = {
        "csr": text_of(event, "csr"),
        "use": text_of(event, "use"),
        "request": None if request is None else integer_of(event, "request"),
    }
    # What became of it is the authority's to write: telling the event again must not begin it anew.
    return Change(
        TABLE, (text_of(event, "charge_point"), received), columns, first={"state": ASKED, "updated": received}
    )
