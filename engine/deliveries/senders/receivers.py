"""Who may be reached at all: the guard against being made to ask machines that only we can see (SSRF).

A name is resolved first and each answer is judged; what is connected to is the address that was judged, not the name
again. Only globally routable addresses may be reached, and those of `RAYCHARGE_PRIVATE_RECEIVERS`, by http too.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from engine.errors import InvalidInput

Address = IPv4Address | IPv6Address
MAX_URL = 2000
_NAT64 = ip_network("64:ff9b::/96")


class Forbidden(Exception):
    """This receiver may not be asked, whoever wants it."""


@dataclass(frozen=True, slots=True)
class Receivers:
    """The policy. `private` are the networks that may be reached besides the public ones."""

    private: Sequence[IPv4Network | IPv6Network] = ()

    @classmethod
    def of(cls, text: str) -> Receivers:
        """From the setting: networks with commas between. Raises ValueError for what is none."""
        return cls(tuple(ip_network(each.strip(), strict=False) for each in text.split(",") if each.strip()))

    def check_url(self, url: str) -> None:
        """Raise InvalidInput for a URL that no webhook goes to, whatever its name leads to."""
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname, parts.port
        except ValueError as error:
            raise _no_url() from error
        if len(url) > MAX_URL or not host or not url.isprintable() or " " in url or parts.username is not None:
            raise _no_url()
        if parts.scheme != "https" and not (parts.scheme == "http" and self.private):
            raise InvalidInput(
                "Webhooks go by https only.",
                field="address",
                remedy="Give https://…; http is for networks in RAYCHARGE_PRIVATE_RECEIVERS.",
            )

    def is_private(self, address: Address) -> bool:
        """Whether it lies in one of the networks that the operator has named."""
        bare = _bare(address)
        return any(bare in network for network in self.private if network.version == bare.version)

    def allows(self, address: Address) -> bool:
        """Whether it may be reached."""
        bare = _bare(address)
        return (bare.is_global and not bare.is_multicast) or self.is_private(address)

    async def resolve(self, host: str, port: int, *, encrypted: bool) -> str:
        """An address of `host` that may be reached. Raises Forbidden if it may not, OSError if there is no such host.

        All of its addresses have to be allowed: a name that leads here and there is up to something.
        """
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = [ip_address(str(each[4][0]).partition("%")[0]) for each in found]
        if not addresses:
            raise OSError(f"{host} has no address.")
        for address in addresses:
            if not self.allows(address):
                raise Forbidden(f"{host} leads to {address}, which is not public. See RAYCHARGE_PRIVATE_RECEIVERS.")
            if not encrypted and not self.is_private(address):
                raise Forbidden("http is for networks in RAYCHARGE_PRIVATE_RECEIVERS only.")
        return str(addresses[0])


def _bare(address: Address) -> Address:
    """The IPv4 address within an IPv6 one that only wraps it."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address.sixtofour is not None:
            return address.sixtofour
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _no_url() -> InvalidInput:
    return InvalidInput(
        "This is no address of a webhook.",
        field="address",
        remedy=f"Give https://host/path without a password, at most {MAX_URL} characters.",
    )
