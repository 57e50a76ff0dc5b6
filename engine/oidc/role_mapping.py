"""Which roles somebody gets for what the provider says of them: `charging-admins=admin, north-desk=support@north`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.errors import ConfigurationError

RoleIn = tuple[str, str | None]


@dataclass(frozen=True, slots=True)
class RoleMapping:
    """`claim` may be a path (`realm_access.roles`); its value a text or a list of texts."""

    claim: str
    roles: Mapping[str, tuple[RoleIn, ...]]

    @classmethod
    def read(cls, claim: str, text: str) -> RoleMapping:
        """Raises ConfigurationError."""
        roles: dict[str, tuple[RoleIn, ...]] = {}
        for part in filter(None, map(str.strip, text.split(","))):
            value, found, role = part.partition("=")
            name, _, network = role.strip().partition("@")
            if not found or not value.strip() or not name:
                raise ConfigurationError(f"RAYCHARGE_OIDC_ROLES: {part!r} is not of the form value=role@network.")
            roles[value.strip()] = (*roles.get(value.strip(), ()), (name, network or None))
        return cls(claim, roles)

    def roles_of(self, claims: Mapping[str, Any]) -> frozenset[RoleIn]:
        """What these claims give."""
        said: Any = claims
        for name in self.claim.split("."):
            said = said.get(name) if isinstance(said, dict) else None
        values = [said] if isinstance(said, str) else said if isinstance(said, list) else []
        return frozenset(role for value in values if isinstance(value, str) for role in self.roles.get(value, ()))
