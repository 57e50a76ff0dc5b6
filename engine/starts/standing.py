"""How a token stands where it wants to charge, asked of SQL: a start is rare, and its answer must be of now. And the
end of a token that was made for one start."""

from __future__ import annotations

from contextlib import suppress

from engine.errors import NotFound
from engine.starts.runner import Forget
from engine.starts.surroundings import Standing
from engine.stores.business import Business
from engine.stores.starts import StartRow
from engine.stores.tokens.book import TokenBook
from engine.stores.tokens.held import SqlTokenSource
from engine.stores.tokens.token import AD_HOC


def forgetting_in(business: Business) -> Forget:
    """Takes an ad hoc token out of the registry: it was good for one start only, and that has ended."""

    async def forget(start: StartRow) -> None:
        if start.kind == AD_HOC:
            with suppress(NotFound):
                await business.tokens.remove(start.id_token, network=start.network)

    return forget


def standing_in(business: Business) -> Standing:
    """By the registry of tokens; one that is unknown in the network is Invalid.

    That it is in use elsewhere is not known here: then the station's own question is answered so.
    """
    source = SqlTokenSource(business.database)

    async def standing(id_token: str, network: str) -> str:
        book = TokenBook(source, business.clock, network_of=lambda _: network)
        await book.read_groups()
        await book.learn(id_token, "")
        return book.standing(id_token, "").status

    return standing
