"""A browser and its push service: takes what an installation sends, and reads it as RFC 8291 and RFC 8188 say.

It shares no code with whoever seals messages: what it can read, a real browser can.
"""

from __future__ import annotations

import json
import threading
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _raw(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _derived(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)


@dataclass
class Browser:
    """One browser's keys. `read` is what its service worker would be given."""

    private: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    secret: bytes = b"0123456789abcdef"

    @property
    def point(self) -> bytes:
        return self.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    @property
    def keys(self) -> dict[str, str]:
        return {"p256dh": _text(self.point), "auth": _text(self.secret)}

    def read(self, body: bytes) -> dict[str, Any]:
        """Open a message of one record (RFC 8188, section 2.1)."""
        salt, length = body[:16], body[20]
        sender, sealed = body[21 : 21 + length], body[21 + length :]
        shared = self.private.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender))
        material = _derived(shared, self.secret, b"WebPush: info\0" + self.point + sender, 32)
        key = _derived(material, salt, b"Content-Encoding: aes128gcm\0", 16)
        nonce = _derived(material, salt, b"Content-Encoding: nonce\0", 12)
        opened = AESGCM(key).decrypt(nonce, sealed, None).rstrip(b"\0")
        assert opened[-1:] == b"\2", "the last record ends so"
        found: dict[str, Any] = json.loads(opened[:-1])
        return found


@dataclass
class Arrived:
    """A message as it came: where, and its headers in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes


class PushService:
    """On a port of its own. `answer` is the status that the next messages are answered with."""

    def __init__(self) -> None:
        self.answer, self.arrived = 201, list[Arrived]()
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                service.arrived.append(Arrived(self.path, headers, body))
                self.send_response(service.answer)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def endpoint(self, name: str) -> str:
        """The address of a browser at this service."""
        return f"http://127.0.0.1:{self._server.server_port}/push/{name}"

    def __enter__(self) -> PushService:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def sender_of(arrived: Arrived) -> tuple[str, dict[str, Any]]:
    """The public key and the claims of a message's VAPID header (RFC 8292), whose signature is checked."""
    kind, _, rest = arrived.headers["authorization"].partition(" ")
    assert kind == "vapid"
    parts = dict(part.strip().split("=", 1) for part in rest.split(","))
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _raw(parts["k"]))
    claims: dict[str, Any] = jwt.decode(parts["t"], public, algorithms=["ES256"], audience="http://127.0.0.1")
    return parts["k"], claims
