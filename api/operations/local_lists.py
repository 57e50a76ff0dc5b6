"""Local authorisation lists made from the registry of tokens."""

from __future__ import annotations

from collections.abc import Sequence

from engine.access.scope import Scope
from engine.charging.operations import IdToken, ListedToken, SendLocalList
from engine.stores.business import Business
from engine.stores.sql.models import DEFAULT_NETWORK
from engine.stores.tokens.repository import TokenFilter
from engine.stores.tokens.token import APP, EVERYWHERE_NETWORK, RFID, Token

MOST = 200_000
_KINDS = {RFID: RFID, APP: APP}
"""Ours that stations are told of; the others are tokens of the kind Central, like an app's."""


async def local_list(
    business: Business, version: int, named: Sequence[str] | None, network: str | None
) -> SendLocalList:
    """What is good in a network as a full list; with `named` a change: those that are known, the others taken out.

    Tokens of other networks are not on it: they would charge where they may not.
    """
    known = await _all(business, DEFAULT_NETWORK if network is None else network)
    if named is None:
        return SendLocalList(version, tuple(_listed(token) for token in known.values()))
    listed = (
        _listed(known[name.lower()]) if name.lower() in known else ListedToken(IdToken(name), None) for name in named
    )
    return SendLocalList(version, tuple(listed), full=False)


def _listed(token: Token) -> ListedToken:
    group = IdToken(token.group_id) if token.group_id else None
    return ListedToken(IdToken(token.id_token, _KINDS.get(token.kind, APP)), token.status, token.expires, group)


async def _all(business: Business, network: str) -> dict[str, Token]:
    """Every token that is good in the network, by its lower-case name; its own before the installation's."""
    within = Scope(frozenset({network, EVERYWHERE_NETWORK}))
    found = await business.tokens.every(TokenFilter(), within, MOST)
    return {token.folded: token for token in sorted(found, key=lambda token: (token.folded, token.network))}
