"""Where a request comes from: the peer, or what a proxy that the operator trusts says of its own peer."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from starlette.datastructures import Headers
from starlette.types import Scope

Network = IPv4Network | IPv6Network


def client_address(scope: Scope, proxies: Sequence[Network]) -> str:
    """The address nearest to us that is no trusted proxy; "" where the server does not know its peer.

    X-Forwarded-For is read from its right end: each trusted proxy has written its own peer there. What stands left of
    the first address that is not trusted, anybody may have written.
    """
    peer = (scope.get("client") or ("",))[0]
    said = [part.strip() for line in Headers(scope=scope).getlist("x-forwarded-for") for part in line.split(",")]
    address = _read(peer)
    while said and address is not None and any(address in network for network in proxies):
        nearer = _read(said.pop())
        if nearer is None:
            break
        address = nearer
    return peer if address is None else str(address)


def _read(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.strip("[]"))
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
