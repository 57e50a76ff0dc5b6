"""Who may come in: the gateway's questions answered from the credentials' book.

Profile 0 (`auth: none`) is the registry's word for a charge point whose operator opted out of passwords.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import structlog
from xxhash import xxh3_64_intdigest

from actors.gateway.listener import Admitted
from actors.gateway.socket import Socket
from engine.stores.credentials import Credentials, Verdict

log = structlog.get_logger("doorkeeper")
PROVEN_KEPT = 100_000
Connect = Callable[[Socket, Admitted, str], None]


class Doorkeeper:
    """The gateway's `Gatekeeper`. `connect(socket, admitted, subprotocol)` takes over sockets that were let in."""

    def __init__(self, credentials: Credentials, connect: Connect) -> None:
        self._credentials = credentials
        self._connect = connect
        self._proven: OrderedDict[int, None] = OrderedDict()

    def is_proven(self, charge_point: str, secret: bytes | None) -> bool:
        return self._mark(charge_point, secret) in self._proven

    async def admit(self, charge_point: str, secret: bytes | None) -> Admitted | None:
        text = None if secret is None else secret.decode("utf-8", "surrogateescape")
        verdict = await self._credentials.verify(charge_point, text)
        if verdict is not Verdict.ACCEPTED:
            return None
        account = await self._credentials.account(charge_point)
        if account is None:
            return None
        self._proven[self._mark(charge_point, secret)] = None
        if len(self._proven) > PROVEN_KEPT:
            self._proven.popitem(last=False)
        return Admitted(account.id, account.isolation == "dedicated")

    def connected(self, socket: Socket, admitted: Admitted, subprotocol: str) -> None:
        self._connect(socket, admitted, subprotocol)

    @staticmethod
    def _mark(charge_point: str, secret: bytes | None) -> int:
        # Only decides who skips the queue of unproven credentials; the verdict itself is never taken from here.
        return xxh3_64_intdigest(charge_point.lower().encode() + b"\0" + (secret or b""))
