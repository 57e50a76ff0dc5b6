"""A gateway with TLS in this process: real sockets, real doorkeeper, a registry in SQLite; frames are echoed."""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidMessage, InvalidStatus
from websockets.typing import Subprotocol

from actors.doorkeeper import Doorkeeper
from actors.embedded.ports import free_ports
from actors.gateway.limits import ConnectionLimits
from actors.gateway.listener import Admitted, Listener
from actors.gateway.socket import Socket
from actors.gateway.tls_material import TlsFiles
from engine.security.secrets import as_bytes
from engine.stores.credentials import Credentials
from engine.stores.installation_key import InstallationKey
from engine.stores.registry import NewChargePoint, Registry
from engine.stores.secret_changes import SecretChanges
from engine.stores.sql.engine import connect as connect_sql
from tests.actors.gateway.pki import OPERATOR, Identity, client_context, stock
from tests.books import fresh_books, url_of
from tests.engine.stores.doors import Noted

PASSWORD = "correct horse battery"
REFUSED_BY_TLS = "TLS"


class Told(Noted):
    """A change feed whose news reach the door at once."""

    def __init__(self) -> None:
        super().__init__()
        self.credentials: Credentials | None = None

    async def announce(self, changes: Any) -> None:
        await super().announce(changes)
        for change in changes:
            if self.credentials is not None:
                self.credentials.changed(change)


class SecureDoor:
    """`tls`, `legacy` and `plain` are its ports."""

    def __init__(self, folder: Path, registry: Registry, credentials: Credentials, changes: SecretChanges) -> None:
        self.folder, self.registry, self.credentials, self.changes = folder, registry, credentials, changes
        self.files = TlsFiles(folder / "tls", folder / "pki")
        self.void: set[str] = set()
        self.plain, self.tls, self.legacy = free_ports(3)
        self.listener: Listener

    async def start(self) -> None:
        doorkeeper = Doorkeeper(
            self.credentials, self._connected, lambda: self.files.trust, (OPERATOR,), lambda: self.void
        )
        self.listener = Listener(
            doorkeeper,
            ConnectionLimits(max_frame_bytes=100_000, frames_per_s=1000.0, frames_burst=1000),
            supported=("ocpp1.6", "ocpp2.0.1"),
            default="ocpp1.6",
            handshakes_per_s=1000.0,
        )
        self.files.load()
        await self.listener.start("127.0.0.1", self.plain)
        self.listener.start_tls("127.0.0.1", self.tls, self.files.modern)
        self.listener.start_tls("127.0.0.1", self.legacy, self.files.legacy)

    def _connected(self, socket: Socket, admitted: Admitted, subprotocol: str) -> None:
        socket.owner = self

    def frame_received(self, socket: Socket, text: bytes) -> None:
        socket.send(text)

    def socket_closed(self, socket: Socket, code: int, reason: str) -> None:
        pass

    @property
    def events(self) -> dict[str, int]:
        """Security events, counted."""
        return self.listener.security_events

    async def dial(
        self,
        name: str = "CP-1",
        *,
        password: str | bytes | None = None,
        user: str | None = None,
        identity: Identity | None = None,
        context: ssl.SSLContext | None = None,
        port: int = 0,
        **versions: ssl.TLSVersion,
    ) -> ClientConnection:
        """Connect as a station does. Without TLS if the port is the plain one."""
        headers = {}
        if password is not None:
            pair = (user or name).encode() + b":" + as_bytes(password)
            headers["Authorization"] = "Basic " + base64.b64encode(pair).decode()
        plain = port == self.plain
        return await connect(
            f"{'ws' if plain else 'wss'}://localhost:{port or self.tls}/ocpp/{name}",
            host="127.0.0.1",
            ssl=None if plain else context or client_context(self.folder, identity, **versions),
            additional_headers=headers,
            subprotocols=[Subprotocol("ocpp2.0.1")],
            proxy=None,
            ping_interval=None,
            close_timeout=1,
            open_timeout=10,
        )

    async def gets_in(self, *arguments: Any, **more: Any) -> bool:
        """Whether a station gets in and is heard; a refusal is False."""
        return await self.answer(*arguments, **more) == 101

    async def answer(self, *arguments: Any, **more: Any) -> int | str:
        """101 for a station that gets in and is heard, the HTTP status of a refusal, or that TLS did not come about."""
        try:
            async with await self.dial(*arguments, **more) as socket:
                await socket.send("hello")
                assert await socket.recv() == "hello"
                return 101
        except InvalidStatus as refused:
            return refused.response.status_code
        except (ssl.SSLError, ConnectionError, InvalidMessage, InvalidHandshake, EOFError):
            return REFUSED_BY_TLS


@asynccontextmanager
async def secure_door(folder: Path, *algorithms: str) -> AsyncIterator[SecureDoor]:
    """A door with the charge points CP-1 of profile 1, CP-2 of 2, CP-3 of 3 and CP-0 that needs nothing."""
    await asyncio.to_thread(stock, folder / "tls", *algorithms)
    url = url_of(fresh_books())
    database, feed, key = connect_sql(url), Told(), InstallationKey(bytes(range(32)))
    registry = Registry(database, feed, key)
    feed.credentials = credentials = Credentials(database, key, feed=feed)
    news = [NewChargePoint(f"CP-{n}", security_profile=n, certificate_name=f"SN-{n}") for n in (1, 2, 3)]
    await registry.create_many(news, PASSWORD)
    await registry.create(NewChargePoint("CP-0"))
    door = SecureDoor(folder, registry, credentials, SecretChanges(database, key, feed))
    await door.start()
    try:
        yield door
    finally:
        await door.listener.stop()
        await database.aclose()
