"""Channels' addresses and secrets as they lie in SQL: encrypted, each bound to its channel and its purpose."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from engine.deliveries.senders.port import EMAIL, WEBHOOK
from engine.errors import ConfigurationError
from engine.stores.installation_key import InstallationKey

_NONCE = 12
ADDRESS, SECRET = "address", "secret"


class Sealing:
    """AES-GCM under a key of the installation's own."""

    def __init__(self, key: InstallationKey) -> None:
        self._cipher = AESGCM(key.digest("delivery channels"))

    def seal(self, channel: str, purpose: str, content: bytes) -> bytes:
        """What can be kept."""
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._cipher.encrypt(nonce, content, f"{purpose}:{channel}".encode())

    def opened(self, channel: str, purpose: str, sealed: bytes) -> bytes:
        """Raises ConfigurationError where the installation's key is another one than it was."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], f"{purpose}:{channel}".encode())
        except InvalidTag as error:
            raise ConfigurationError(
                "A channel's address cannot be read: the installation's key has changed. Enter the address again."
            ) from error

    def secrets(self, channel: str, sealed: Sequence[bytes | None]) -> list[bytes]:
        """The secrets of a channel that are there."""
        return [self.opened(channel, SECRET, each) for each in sealed if each is not None]


def shown_address(kind: str, address: str) -> str:
    """What may be shown of an address: whom it is for, nothing by which one could send there oneself."""
    if kind == EMAIL:
        local, _, domain = address.rpartition("@")
        return f"{local[:1]}…@{domain}"
    if kind == WEBHOOK:
        parts = urlsplit(address)
        host = f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else parts.hostname
        port = "" if parts.port is None else f":{parts.port}"
        return f"{parts.scheme}://{host}{port}/…"
    return f"{address.partition('://')[0].lower()}://…"
