"""Who may come in: the gateway's questions answered from the credentials' book.

Profile 0 (`auth: none`) is the registry's word for a charge point whose operator opted out of passwords.
"""

from __future__ import annotations

from collections.abc import Callable

from actors.gateway.listener import Admitted
from actors.gateway.socket import Socket
from engine.stores.credentials import Credentials, Verdict

Connect = Callable[[Socket, Admitted, str], None]


class Doorkeeper:
    """The gateway's `Gatekeeper`. `connect(socket, admitted, subprotocol)` takes over sockets that were let in."""

    def __init__(self, credentials: Credentials, connect: Connect) -> None:
        self._credentials = credentials
        self._connect = connect

    async def is_proven(self, charge_point: str, secret: bytes | None) -> bool:
        return await self._credentials.is_proven(charge_point, _text(secret))

    async def admit(self, charge_point: str, secret: bytes | None) -> Admitted | None:
        verdict = await self._credentials.verify(charge_point, _text(secret))
        if verdict is not Verdict.ACCEPTED:
            return None
        account = await self._credentials.account(charge_point)
        return None if account is None else Admitted(account.id, account.isolation == "dedicated")

    def connected(self, socket: Socket, admitted: Admitted, subprotocol: str) -> None:
        self._connect(socket, admitted, subprotocol)


def _text(secret: bytes | None) -> str | None:
    """The stores take text; bytes that are none survive as lone surrogates."""
    return None if secret is None else secret.decode("utf-8", "surrogateescape")
