"""What a charge point's actor needs of its connection, wherever the socket is."""

from __future__ import annotations

from typing import Protocol


class Link(Protocol):
    """A socket of this host (`gateway.Socket`) or of another one (`relay.RemoteSocket`)."""

    number: int

    def send(self, text: bytes) -> bool:
        """Send a text frame; False if the connection is closing or gone."""
        ...

    def close(self, code: int, reason: str) -> None:
        """Start the closing handshake."""
        ...

    def waiting(self, count: int) -> None:
        """Tell how many frames wait for the journal, so that reading can pause."""
        ...

    @property
    def remote(self) -> str: ...
