"""What somebody may do where: sets of permissions, each in one network or in the whole installation.

The rule against climbing is here, and pure: nobody gives, or takes from somebody else, what they do not hold
themselves in the same place.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from engine.access.roles import ALL, OF_WHO_SIGNS_UP
from engine.access.scope import EVERYWHERE, NOWHERE, Scope
from engine.errors import Forbidden


@dataclass(frozen=True, slots=True)
class Grant:
    """These permissions in one network, or (None) in the whole installation."""

    permissions: frozenset[str]
    network: str | None = None


Grants = Sequence[Grant]

OMNIPOTENT: tuple[Grant, ...] = (Grant(ALL),)
"""What the system itself and the command line hold: whoever can write the database needs no permission."""


@dataclass(frozen=True, slots=True)
class Power:
    """What somebody holds who is about to change others' accounts, roles or keys. `account` "" is the system's own."""

    grants: Grants
    account: str = ""

    def scope_of(self, permission: str) -> Scope:
        """Where a permission is held."""
        return scope_of(self.grants, permission)

    def need_to_hold(self, others: Iterable[Grant]) -> None:
        """Raise Forbidden if not everything of `others` is held in the same places."""
        if not outranks(self.grants, others):
            raise Forbidden(
                "This takes permissions that you do not hold there yourself.",
                remedy="Ask somebody who holds them.",
            )


SYSTEM_POWER = Power(OMNIPOTENT)


def permissions_of(grants: Iterable[Grant]) -> frozenset[str]:
    """All that are granted anywhere."""
    return frozenset().union(*(grant.permissions for grant in grants))


def scope_of(grants: Iterable[Grant], permission: str) -> Scope:
    """Where a permission is granted."""
    networks: set[str] = set()
    for grant in grants:
        if permission in grant.permissions:
            if grant.network is None:
                return EVERYWHERE
            networks.add(grant.network)
    return Scope(frozenset(networks)) if networks else NOWHERE


def held_in(grants: Iterable[Grant], network: str | None) -> frozenset[str]:
    """What is held in a network (None: in the whole installation), from grants there and from those everywhere."""
    return permissions_of(grant for grant in grants if grant.network is None or grant.network == network)


def outranks(grants: Grants, others: Iterable[Grant]) -> bool:
    """Whether everything of `others` is held by `grants` in the same places; what anybody gets does not count."""
    return all(other.permissions - OF_WHO_SIGNS_UP <= held_in(grants, other.network) for other in others)


def narrowed(
    grants: Iterable[Grant], permissions: frozenset[str], networks: frozenset[str] | None
) -> tuple[Grant, ...]:
    """What is left of `grants` with these permissions only, in these networks only (None: wherever they are held)."""
    left: list[Grant] = []
    for grant in grants:
        kept = grant.permissions & permissions
        if not kept:
            continue
        if networks is None or grant.network in networks:
            left.append(Grant(kept, grant.network))
        elif grant.network is None:
            left += [Grant(kept, network) for network in sorted(networks)]
    return tuple(left)
