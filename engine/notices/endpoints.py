"""Where push messages may go. An endpoint comes from a browser, so it may be anything: also an address within.

Its form is looked at when it is given, and where its name leads each time that something is sent there, by the same
policy as webhooks (engine/deliveries/senders/receivers.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import urlsplit

import httpx

from engine.deliveries.senders.receivers import Forbidden, Receivers
from engine.errors import InvalidInput

MAX_ENDPOINT = 1000


@dataclass(frozen=True, slots=True)
class Target:
    """An endpoint as it is connected to: `url` has the judged address instead of the name; `host` is the header."""

    url: httpx.URL
    host: str
    name: str


@dataclass(frozen=True, slots=True)
class Endpoints:
    """`receivers` says which networks beside the public ones may be reached."""

    receivers: Receivers = field(default_factory=Receivers)

    def check(self, endpoint: str) -> None:
        """Raise InvalidInput unless it has the form of a push service's address."""
        try:
            parts = urlsplit(endpoint)
            host, port = parts.hostname or "", parts.port
        except ValueError as error:
            raise _refused("This is no address.") from error
        if len(endpoint) > MAX_ENDPOINT or not endpoint.isascii() or any(each <= " " for each in endpoint):
            raise _refused("This is no address.")
        allowed = ("https", "http") if self.receivers.private else ("https",)
        if parts.scheme not in allowed or not host or parts.username is not None:
            raise _refused("A push service has an https address.")
        if not self.receivers.private and (port not in (None, 443) or "." not in host):
            raise _refused("A push service is on port 443 of a public name.")
        try:
            address = ip_address(host.partition("%")[0])
        except ValueError:
            return
        if not self.receivers.allows(address):
            raise _refused("This address is not public.")

    async def target(self, endpoint: str) -> Target:
        """Where to connect to. Raises Forbidden, OSError while the name leads nowhere."""
        try:
            self.check(endpoint)
            url = httpx.URL(endpoint)
        except (InvalidInput, httpx.InvalidURL) as error:
            raise Forbidden(str(error)) from error
        encrypted = url.scheme == "https"
        port = url.port or (443 if encrypted else 80)
        address = await self.receivers.resolve(url.host, port, encrypted=encrypted)
        return Target(url.copy_with(host=address), url.netloc.decode("ascii"), url.raw_host.decode("ascii"))


def _refused(message: str) -> InvalidInput:
    return InvalidInput(message, field="endpoint", remedy="Give what the browser's PushSubscription says.")
