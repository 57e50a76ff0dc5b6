"""Who makes a request, and what they may do where."""

from __future__ import annotations

from dataclasses import dataclass

from api.access.permissions import INSTALLATION_WIDE, PERMISSION_OF, PERMISSIONS_OF_ROLE
from engine.access import grants as held
from engine.access.acting import Actor
from engine.access.grants import Grant, Power
from engine.access.scope import Scope
from engine.errors import Forbidden


@dataclass(frozen=True, slots=True)
class Principal:
    """Who makes a request. `kind` as in `engine.access.acting.Actor`.

    `account` is whose request it is: an API key has an id and a name (`email`) of its own, and acts for its owner.
    `network` is the operator whose driver somebody is. `role` is for people to read; `grants` decide. `login` is the
    login session, "" for an API key.
    """

    id: str
    email: str
    role: str
    kind: str = "user"
    grants: tuple[Grant, ...] = ()
    account: str = ""
    network: str | None = None
    login: str = ""

    @property
    def permissions(self) -> frozenset[str]:
        """All that are granted anywhere."""
        return held.permissions_of(self.grants)

    @property
    def power(self) -> Power:
        """What they bring along when they change others' accounts, roles or keys.

        To an API key its owner is somebody else, who holds more: it must not take over the account that it belongs to.
        """
        return Power(self.grants, f"API key {self.id}" if self.kind == "api_key" else self.account)

    def scope_of(self, permission: str) -> Scope:
        """Where a permission is granted."""
        return held.scope_of(self.grants, permission)

    def need(self, operation: str) -> Scope:
        """Where this operation is permitted; raise Forbidden if nowhere.

        Asked before anything is looked up, so that the answer is the same for things that exist and things that do not.
        """
        permission = PERMISSION_OF.get(operation)
        if permission is None or permission not in self.permissions:
            raise Forbidden(
                f"Your role ({self.role}) does not have the permission that this needs.",
                remedy=f"Ask an administrator for {permission}." if permission else "",
            )
        scope = self.scope_of(permission)
        if operation in INSTALLATION_WIDE and not scope.everywhere:
            raise Forbidden(
                "This concerns the whole installation, of which you see some networks.",
                remedy=f"Ask an administrator for {permission} without a network.",
            )
        return scope


def of_role(id: str, email: str, role: str, network: str | None = None) -> Principal:
    """Somebody with one built-in role."""
    granted = Grant(PERMISSIONS_OF_ROLE.get(role, frozenset()), network)
    return Principal(id, email, role, grants=(granted,), account=id)


def actor_of(principal: Principal) -> Actor:
    """Who acts when this principal's request changes something. Drivers' names stay out of the audit log."""
    label = "" if principal.kind == "driver" else principal.email
    return Actor(principal.kind, principal.id, label)
