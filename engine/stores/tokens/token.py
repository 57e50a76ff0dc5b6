"""What a token is, and what can be one. Case makes no difference in its text (OCPP 1.6, 7.28 IdToken)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any

from engine.charging.messages import TokenStanding
from engine.errors import InvalidInput
from engine.stores.sql.models import DEFAULT_NETWORK

EVERYWHERE_NETWORK = ""
"""The `network` of what is good in the whole installation."""

RFID, APP, AD_HOC, ROAMING = KINDS = ("RFID", "app", "ad_hoc", "roaming")
STATUSES = ("Accepted", "Blocked", "Expired", "Invalid")
MAX_ID_TOKEN = 255
"""OCPP 2.1's longest; 1.6 has 20, but stations send more."""

MOST_SESSIONS = 10_000


@dataclass(frozen=True, slots=True)
class Token:
    """Times in microseconds, None never. `group_id` is the parent idTag or "".

    `max_sessions` at once, None any number. `credit_limit` is what may be owed, None any amount, and `credit_used` what
    is owed: both in the network's currency; the latter is `Credit`'s to write. `driver` is the id of whose it is.
    """

    id_token: str
    kind: str = RFID
    status: str = "Accepted"
    expires: int | None = None
    group_id: str = ""
    label: str = ""
    network: str = DEFAULT_NETWORK
    block_reason: str = ""
    valid_from: int | None = None
    max_sessions: int | None = None
    credit_limit: Decimal | None = None
    visual_number: str = ""
    language: str = ""
    issuer: str = ""
    contract_id: str = ""
    driver: str | None = None
    credit_used: Decimal = Decimal(0)
    version: int = 1

    @property
    def folded(self) -> str:
        """How it is compared."""
        return self.id_token.lower()

    @property
    def key(self) -> str:
        """Its name on the change feed."""
        return key_of(self.network, self.id_token)

    def standing(self, now: int) -> TokenStanding:
        """How it stands at `now` by itself, without regard to who it belongs to and what it does."""
        status = self.status
        if status == "Accepted" and self.expires is not None and self.expires <= now:
            status = "Expired"
        elif status == "Accepted" and self.valid_from is not None and now < self.valid_from:
            status = "NotAtThisTime"
        return TokenStanding(status, self.expires, self.group_id)


NAMES = tuple(field.name for field in fields(Token))
WRITABLE = tuple(name for name in NAMES if name not in ("driver", "credit_used", "version"))
CHANGEABLE = frozenset(WRITABLE) - {"id_token", "network"}

_PERSONAL = frozenset({"label", "visual_number", "contract_id"})
"""May name somebody: the audit log, which is for ever, only says that they changed."""


def key_of(network: str, id_token: str) -> str:
    """The key of a change on the change feed. Networks' ids have no slash."""
    return f"{network}/{id_token}"


def split_key(key: str) -> tuple[str, str]:
    """Network and token, or group, of a change's key."""
    network, _, name = key.partition("/")
    return network, name


def sessions_of_kind(kind: str) -> int | None:
    """How many sessions at once a new token of this kind may have where nobody says: an app's driver has one car."""
    return 1 if kind in (APP, AD_HOC) else None


def as_audited(token: Token, changed: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What the audit log may keep of a token."""
    told: dict[str, Any] = {name: getattr(token, name) for name in NAMES if name not in _PERSONAL}
    told["credit_limit"] = None if token.credit_limit is None else str(token.credit_limit)
    told.pop("credit_used")
    personal = sorted(_PERSONAL & changed.keys()) if changed else []
    return told | {"rewritten": personal} if personal else told


def check(token: Token) -> None:
    """Raise InvalidInput for what cannot be a token."""
    if not 1 <= len(token.id_token) <= MAX_ID_TOKEN or not token.id_token.isprintable():
        raise InvalidInput(
            f"A token has 1 to {MAX_ID_TOKEN} characters.", field="id_token", remedy="Use the card's number."
        )
    if not token.kind:
        raise InvalidInput("A token has a kind.", field="kind", remedy=f"Use one of: {', '.join(KINDS)}.")
    if token.status not in STATUSES:
        raise InvalidInput(
            f"A token cannot be {token.status!r}.", field="status", remedy=f"Use one of: {', '.join(STATUSES)}."
        )
    if token.valid_from is not None and token.expires is not None and token.expires <= token.valid_from:
        raise InvalidInput(
            "A token cannot expire before it is valid.", field="expires", remedy="Give a time after `valid_from`."
        )
    if token.kind == ROAMING and not (token.issuer and token.contract_id):
        raise InvalidInput(
            "A roaming token names its issuer and contract.", field="issuer", remedy="Give `issuer` and `contract_id`."
        )
    check_limits(token.max_sessions, token.credit_limit)


def check_limits(max_sessions: int | None, credit_limit: Decimal | None) -> None:
    """Raise InvalidInput for limits that cannot be kept."""
    if max_sessions is not None and not 1 <= max_sessions <= MOST_SESSIONS:
        raise InvalidInput(
            f"1 to {MOST_SESSIONS} sessions can be permitted at once.",
            field="max_sessions",
            remedy="Leave it out for any number; block the token to permit none.",
        )
    if credit_limit is not None and (not credit_limit.is_finite() or credit_limit < 0 or credit_limit >= 10**12):
        raise InvalidInput(
            "A credit limit is an amount of zero or more.", field="credit_limit", remedy="Leave it out for no limit."
        )
