"""A TLS port: takes connections through the TLS handshake; what succeeds becomes a socket like any other.

A handshake is a task of its own with a deadline, at the pace at which handshakes are admitted. One that fails is
counted by its cause, logged, and costs nobody else anything. Each takes the files that are in force when it begins.
"""

from __future__ import annotations

import asyncio
import socket as so
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

import structlog

from actors.gateway.limits import Pace
from actors.gateway.socket import Socket
from engine.security.certificates import Refusal

if TYPE_CHECKING:
    from actors.gateway.listener import Listener

log = structlog.get_logger("tls")
HANDSHAKE_TIMEOUT_S = 15.0
SHUTDOWN_TIMEOUT_S = 5.0
MAX_HANDSHAKES = 2_000
PATIENCE_S = 10.0
BACKLOG = 4096
ACCEPTED_AT_ONCE = 32
ACCEPT_PAUSE_S = 1.0

TOO_MANY, TIMEOUT, CUT = "tls_too_many_handshakes", "tls_handshake_timeout", "tls_handshake_cut"
_BY_VERIFY_CODE = {
    # X509_V_ERR_*: what OpenSSL found wrong with the station's certificate.
    2: Refusal.UNKNOWN_AUTHORITY,
    9: Refusal.NOT_YET_VALID,
    10: Refusal.EXPIRED,
    18: Refusal.UNKNOWN_AUTHORITY,
    19: Refusal.UNKNOWN_AUTHORITY,
    20: Refusal.UNKNOWN_AUTHORITY,
    21: Refusal.UNKNOWN_AUTHORITY,
    23: Refusal.REVOKED,
    26: Refusal.WRONG_PURPOSE,
    66: Refusal.WEAK_KEY,
    67: Refusal.WEAK_KEY,
    68: Refusal.WEAK_KEY,
}
_BY_REASON = {
    "UNSUPPORTED_PROTOCOL": "tls_version_too_low",
    "VERSION_TOO_LOW": "tls_version_too_low",
    "WRONG_VERSION_NUMBER": "tls_not_spoken",
    "HTTP_REQUEST": "tls_not_spoken",
    "NO_SHARED_CIPHER": "tls_no_shared_cipher",
    "NO_SUITABLE_SIGNATURE_ALGORITHM": "tls_no_shared_cipher",
    "TLSV1_ALERT_UNKNOWN_CA": "tls_our_certificate_refused",
    "SSLV3_ALERT_BAD_CERTIFICATE": "tls_our_certificate_refused",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "tls_our_certificate_refused",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "tls_our_certificate_refused",
}


def cause_of(error: BaseException) -> str:
    """What to count a failed handshake as."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return str(_BY_VERIFY_CODE.get(error.verify_code, Refusal.UNREADABLE))
    if isinstance(error, ssl.SSLError):
        return _BY_REASON.get(error.reason or "", "tls_handshake_failed")
    if isinstance(error, TimeoutError | ConnectionAbortedError):
        return TIMEOUT
    return CUT


class TlsPort:
    """One TLS port of a host. `context()` gives what the next handshake uses.

    Connections are accepted here rather than by the loop's server: that would swallow what went wrong with a handshake,
    and would use one context for ever.
    """

    def __init__(self, listener: Listener, context: Callable[[], ssl.SSLContext], pace: Pace) -> None:
        self._listener, self._context, self._pace = listener, context, pace
        self._tasks: set[asyncio.Task[None]] = set()
        self._sock: so.socket | None = None

    @property
    def handshaking(self) -> int:
        """Handshakes under way."""
        return len(self._tasks)

    def start(self, host: str, port: int) -> None:
        """Bind and listen. Raises OSError when the port is taken by somebody who does not share it."""
        self._sock = self._listener.bound(host, port)
        self._sock.setblocking(False)
        self._sock.listen(BACKLOG)
        self._listen()

    def close(self) -> None:
        """Listen no more; handshakes under way are cut."""
        sock, self._sock = self._sock, None
        if sock is not None:
            self._listener.loop.remove_reader(sock.fileno())
            sock.close()
        for task in list(self._tasks):
            task.cancel()

    def _listen(self) -> None:
        if self._sock is not None:
            self._listener.loop.add_reader(self._sock.fileno(), self._acceptable)

    def _acceptable(self) -> None:
        """Take what waits, a few at a time: the loop has others to serve."""
        if self._sock is None:
            return
        for _ in range(ACCEPTED_AT_ONCE):
            try:
                connection, peer = self._sock.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:  # no more open files: the kernel keeps the others until there are
                log.error("tls_accept_failed", error=str(error))
                self._listener.loop.remove_reader(self._sock.fileno())
                self._listener.loop.call_later(ACCEPT_PAUSE_S, self._listen)
                return
            self._accepted(connection, str(peer[0]))

    def _accepted(self, connection: so.socket, address: str) -> None:
        delay = self._pace.delay(self._listener.loop.time())
        if len(self._tasks) >= MAX_HANDSHAKES or delay > PATIENCE_S or self._listener.is_full:
            self._listener.noted(TOO_MANY)
            connection.close()
            return
        connection.setblocking(False)
        connection.setsockopt(so.IPPROTO_TCP, so.TCP_NODELAY, 1)
        task = asyncio.create_task(self._handshake(connection, address, delay))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _handshake(self, connection: so.socket, address: str, delay: float) -> None:
        """Give the connection to a socket of the listener, which hears of it when TLS stands."""
        try:
            if delay > 0.0:
                await asyncio.sleep(delay)
            await self._listener.loop.connect_accepted_socket(
                lambda: cast(asyncio.BaseProtocol, Socket(self._listener)),
                connection,
                ssl=self._context(),
                ssl_handshake_timeout=HANDSHAKE_TIMEOUT_S,
                ssl_shutdown_timeout=SHUTDOWN_TIMEOUT_S,
            )
        except OSError as error:  # TLS errors, timeouts and lost connections are all of this kind
            cause = cause_of(error)
            self._listener.noted(cause)
            log.warning("security_event", event_type=cause, address=address, detail=str(error)[:300])
        except BaseException:
            connection.close()
            raise
