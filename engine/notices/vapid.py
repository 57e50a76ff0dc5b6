"""The key pair by which push services know this installation (VAPID, RFC 8292), made of the installation's own key.

So it is the same in every process and after every start, and there is no other secret to keep: whoever changes the
installation's key has to have browsers subscribe again.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from engine.stores.installation_key import InstallationKey

_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of the curve P-256 (SEC 2, 2.4.2): private keys are 1 … order - 1."""


class Vapid:
    """The pair. `private_pem` and `public_pem` are for whoever signs, `application_server_key` is for browsers."""

    def __init__(self, key: InstallationKey) -> None:
        # 512 bits: the remainder is as good as even.
        raw = key.digest("vapid", "1") + key.digest("vapid", "2")
        private = ec.derive_private_key(int.from_bytes(raw, "big") % (_ORDER - 1) + 1, ec.SECP256R1())
        public = private.public_key()
        self.private_pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self.public_pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        point = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.application_server_key = urlsafe_b64encode(point).rstrip(b"=").decode()
