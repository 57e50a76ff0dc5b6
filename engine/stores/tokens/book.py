"""How every idToken stands, from memory: authorisation costs no store anything (design, section 5).

The book is read whole at start and whenever the change feed was away; after a change only what has changed is read.
A token of the charge point's network comes before one of the whole installation with the same text.

A hundred thousand tokens take 26 MB in each host, names included: tests/engine/stores/tokens/test_book.py measures it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from engine.charging.standing import CONCURRENT, Taken, TokenStanding
from engine.clock import SECOND, Clock, SystemClock
from engine.stores.changes import ALL, TOKEN, TOKEN_GROUP, Change
from engine.stores.kept_book import KeptBook
from engine.stores.sql.models import DEFAULT_NETWORK
from engine.stores.tokens.held import HeldGroup, HeldToken, Named, TokenSource
from engine.stores.tokens.open_sessions import OpenSessions
from engine.stores.tokens.token import EVERYWHERE_NETWORK, split_key

UNKNOWN = TokenStanding("Invalid")
DEEPEST = 8
"""Groups within groups; a chain that is longer is not followed further."""

_GROUPS = "\x00groups"
_AT_ONCE = 1000
"""Tokens that are read one by one; of more, all are read."""

_OVERLAP = 300 * SECOND
"""How much further back than the last reading "lately" goes (microseconds): façades' clocks differ."""

_NO_TOKENS: dict[str, HeldToken] = {}


class TokenBook(KeptBook):
    """The tokens of this process, by lower-case text (OCPP 1.6 compares idTags without regard to case)."""

    kind = TOKEN

    def __init__(
        self,
        source: TokenSource,
        clock: Clock | None = None,
        network_of: Callable[[str], str | None] | None = None,
        open_sessions: OpenSessions | None = None,
    ) -> None:
        """`network_of` says in which network a charge point is, None for one that is in none."""
        super().__init__()
        self._source = source
        self._clock = clock or SystemClock()
        self._network_of = network_of or _default_network
        self.open = open_sessions or OpenSessions()
        self._networks: dict[str, dict[str, HeldToken]] = {}
        self._groups: dict[tuple[str, str], HeldGroup] = {}
        self._children: dict[tuple[str, str], list[str]] = {}
        self._members: dict[tuple[str, str], set[str]] = {}
        self._changed: set[str] = set()
        self.read_at = 0

    def __len__(self) -> int:
        return sum(len(held) for held in self._networks.values())

    # how a token stands ----------------------------------------------------------------------------------------------

    def standing(self, id_token: str, charge_point: str) -> TokenStanding:
        """How the token stands now at this charge point; what is unknown in its network is Invalid."""
        folded = id_token.lower()
        network, token = self._found(self._network_of(charge_point), folded)
        if token is None:
            return UNKNOWN
        now = self._clock.now()
        groups = self._chain(network, token.group.lower()) if token.group else ()
        status = _status(token, groups, now)
        if status != "Accepted":
            return TokenStanding(status, token.expires, token.group)
        taken = tuple(self._taken(network, folded, token, groups, now))
        return TokenStanding(CONCURRENT if taken else status, token.expires, token.group, taken)

    def _found(self, network: str | None, folded: str) -> tuple[str, HeldToken | None]:
        if network is not None:
            token = self._networks.get(network, _NO_TOKENS).get(folded)
            if token is not None:
                return network, token
        return EVERYWHERE_NETWORK, self._networks.get(EVERYWHERE_NETWORK, _NO_TOKENS).get(folded)

    def _chain(self, network: str, folded: str) -> Sequence[HeldGroup]:
        """The token's group, that one's group and so on, as far as they have a policy."""
        chain: list[HeldGroup] = []
        while folded and len(chain) < DEEPEST:
            group = self._groups.get((network, folded))
            if group is None:
                break
            chain.append(group)
            folded = group.parent
        return chain

    # how many sessions are open --------------------------------------------------------------------------------------

    def _taken(
        self, network: str, folded: str, token: HeldToken, groups: Sequence[HeldGroup], now: int
    ) -> Iterator[Taken]:
        if token.max_sessions is not None:
            own = frozenset(self._open(network, (folded,), now))
            if len(own) >= token.max_sessions:
                yield Taken(token.max_sessions, own)
        for group in groups:
            if group.max_sessions is not None:
                within = frozenset(self._open(network, self._active_in(network, group.folded), now))
                if len(within) >= group.max_sessions:
                    yield Taken(group.max_sessions, within)

    def _open(self, network: str, names: Iterable[str], now: int) -> Iterator[str]:
        """The open sessions by these tokens of the network: the same text may be another token elsewhere."""
        for folded in names:
            for session, charge_point in self.open.of(folded, now):
                if self._found(self._network_of(charge_point), folded)[0] == network:
                    yield session

    def _active_in(self, network: str, group: str) -> set[str]:
        """The tokens of a group and of all groups within it that have something open."""
        here, elsewhere = self.open.tokens()
        active: set[str] = set()
        waiting, seen = [group], {group}
        while waiting:
            name = waiting.pop()
            members = self._members.get((network, name))
            if members:
                active |= here & members
                active |= elsewhere & members
            for child in self._children.get((network, name), ()):
                if child not in seen:
                    seen.add(child)
                    waiting.append(child)
        return active

    # reading ---------------------------------------------------------------------------------------------------------

    def changed(self, change: Change) -> None:
        if change.kind == TOKEN:
            self._changed.add(change.key)
        elif change.kind == TOKEN_GROUP:
            self._changed.add(_GROUPS)
        else:
            return
        self._stale.set()

    async def read(self) -> None:
        """Read everything. Raises StoreUnavailable; the old book stays in use then."""
        read_at, self._changed = self._clock.now(), set()
        groups = await self._source.groups()
        networks: dict[str, dict[str, HeldToken]] = {}
        members: dict[tuple[str, str], set[str]] = {}
        async for some in self._source.whole():
            for named in some:
                networks.setdefault(named.network, {})[named.folded] = named.token
                if named.token.group:
                    members.setdefault((named.network, named.token.group.lower()), set()).add(named.folded)
        self._networks, self._members = networks, members
        self._take_groups(groups)
        self.read_at = read_at

    async def read_changes(self) -> None:
        """Only what has changed, by its key. Groups are few, and read all at once."""
        keys, self._changed = self._changed, set()
        if ALL in keys or len(keys) > _AT_ONCE:
            await self.read()
            return
        try:
            if _GROUPS in keys:
                self._take_groups(await self._source.groups())
            names = {(network, name.lower()) for network, name in map(split_key, keys - {_GROUPS})}
            found = await self._source.of(sorted(names)) if names else ()
        except BaseException:
            self._changed |= keys
            raise
        for network, folded in names - {(named.network, named.folded) for named in found}:
            self._drop(network, folded)
        self._take(found)

    async def read_lately(self) -> None:
        """What was written lately, and the whole if the numbers of tokens differ after that."""
        read_at = self._clock.now()
        self._take_groups(await self._source.groups())
        self._take(await self._source.since(self.read_at - _OVERLAP))
        if await self._source.count() != len(self):
            await self.read()
        self.read_at = read_at

    async def read_groups(self) -> None:
        """Only the groups' policies. Raises StoreUnavailable."""
        self._take_groups(await self._source.groups())

    async def learn(self, id_token: str, charge_point: str) -> None:
        """Read this one now: it may have been made a moment ago, for what it is about to be used for."""
        network, folded = self._network_of(charge_point), id_token.lower()
        networks = {EVERYWHERE_NETWORK} if network is None else {EVERYWHERE_NETWORK, network}
        self._take(await self._source.of([(each, folded) for each in sorted(networks)]))

    def _take(self, found: Iterable[Named]) -> None:
        for named in found:
            self._drop(named.network, named.folded)
            self._networks.setdefault(named.network, {})[named.folded] = named.token
            if named.token.group:
                self._members.setdefault((named.network, named.token.group.lower()), set()).add(named.folded)

    def _drop(self, network: str, folded: str) -> None:
        former = self._networks.get(network, _NO_TOKENS).pop(folded, None)
        if former is not None and former.group:
            self._members.get((network, former.group.lower()), set()).discard(folded)

    def _take_groups(self, groups: Iterable[HeldGroup]) -> None:
        self._groups = {(group.network, group.folded): group for group in groups}
        self._children = {}
        for group in self._groups.values():
            if group.parent:
                self._children.setdefault((group.network, group.parent), []).append(group.folded)


def _status(token: HeldToken, groups: Sequence[HeldGroup], now: int) -> str:
    """Of everything but concurrent use."""
    if token.status != "Accepted":
        return token.status
    if any(group.blocked for group in groups):
        return "Blocked"
    if token.expires is not None and token.expires <= now:
        return "Expired"
    if token.valid_from is not None and now < token.valid_from:
        return "NotAtThisTime"
    if token.spent or any(group.spent for group in groups):
        return "NoCredit"
    return "Accepted"


def _default_network(charge_point: str) -> str:
    return DEFAULT_NETWORK
