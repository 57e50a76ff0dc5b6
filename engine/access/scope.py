"""The part of an installation that somebody may see or change: all of it, or some networks (invariant 8).

Several operators share one installation and none sees another's data. What lies outside of a scope is answered like
what does not exist.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import true

from engine.errors import InvalidInput, NotFound


@dataclass(frozen=True, slots=True)
class Scope:
    """`networks` None is the whole installation, also what belongs to no network."""

    networks: frozenset[str] | None = None

    @property
    def everywhere(self) -> bool:
        return self.networks is None

    def covers(self, network: str | None) -> bool:
        """Whether what belongs to `network` (None: to no network) lies within."""
        return self.networks is None or network in self.networks

    def need(self, network: str | None, what: str = "network") -> None:
        """Raise NotFound, as for something that is not there, unless it lies within."""
        if not self.covers(network):
            raise NotFound(f"There is no such {what}.", field=what, remedy="List what there is for you.")

    def home(self, network: str | None) -> str | None:
        """The network that something new belongs to: the one asked for, else the only one within.

        None is the whole installation. Raises NotFound for one outside, InvalidInput where one must be named.
        """
        if network is not None:
            self.need(network)
        elif self.networks is not None:
            if len(self.networks) != 1:
                raise InvalidInput(
                    "Say for which network.", field="network", remedy=f"Use one of {', '.join(sorted(self.networks))}."
                )
            (network,) = self.networks
        return network

    def where(self, column: Any) -> Any:
        """SQL's condition that the network in `column` lies within."""
        return true() if self.networks is None else column.in_(sorted(self.networks))

    def __and__(self, other: Scope) -> Scope:
        """What lies within both."""
        if self.networks is None:
            return other
        return self if other.networks is None else Scope(self.networks & other.networks)


EVERYWHERE = Scope(None)
NOWHERE = Scope(frozenset())
