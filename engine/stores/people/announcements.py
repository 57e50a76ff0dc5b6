"""Telling every process that somebody's standing has changed; this one first, before the change is answered."""

from __future__ import annotations

from collections.abc import Sequence

from engine.stores.changes import ACCOUNT, ALL, ROLE, Change, ChangeFeed
from engine.stores.people.standing import KnownPeople


class Announcements:
    """Called after the commit of every change to accounts, grants, logins, factors and keys."""

    def __init__(self, known: KnownPeople, feed: ChangeFeed) -> None:
        self._known, self._feed = known, feed

    async def account(self, *accounts: str) -> None:
        """These accounts have changed."""
        await self._announce([Change(ACCOUNT, account) for account in accounts])

    def here(self, account: str) -> None:
        """The account has changed in a way that only this process has to know of at once."""
        self._known.changed(Change(ACCOUNT, account))

    async def beside(self, changes: Sequence[Change]) -> None:
        """What else has changed with an account."""
        await self._announce(changes)

    async def roles(self) -> None:
        """Roles or what logins must show have changed: everybody is read anew."""
        await self._announce([Change(ROLE, ALL)])

    async def _announce(self, changes: Sequence[Change]) -> None:
        for change in changes:
            self._known.changed(change)
        await self._feed.announce(changes)
