"""Local authorisation lists made from the registry of tokens."""

from __future__ import annotations

from collections.abc import Sequence

from api.ports import Registry, Token
from engine.charging.operations import IdToken, ListedToken, SendLocalList

_PAGE = 500


async def local_list(registry: Registry, version: int, named: Sequence[str] | None) -> SendLocalList:
    """All tokens as a full list; with `named` a change: those of them that the registry has, the others taken out."""
    known = await _all(registry)
    if named is None:
        return SendLocalList(version, tuple(_listed(token) for token in known.values()))
    listed = (
        _listed(known[name.lower()]) if name.lower() in known else ListedToken(IdToken(name), None) for name in named
    )
    return SendLocalList(version, tuple(listed), full=False)


def _listed(token: Token) -> ListedToken:
    group = IdToken(token.group) if token.group else None
    return ListedToken(IdToken(token.id, token.kind), token.status, token.expires, group)


async def _all(registry: Registry) -> dict[str, Token]:
    """Every token by its lower-case name."""
    found: dict[str, Token] = {}
    after = ""
    while True:
        page = await registry.tokens(after=after, limit=_PAGE)
        found |= {token.id.lower(): token for token in page}
        if len(page) < _PAGE:
            return found
        after = page[-1].id
