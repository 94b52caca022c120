"""Where a webhook may go: not to this machine nor into private networks, whatever name leads there.

A name is resolved once and the connection goes to the address that was judged, so no second answer of a DNS server can
lead elsewhere. TLS still checks the certificate against the name.
"""

import asyncio
import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import httpx

_NAT64 = IPv6Network("64:ff9b::/96")
_LOCAL = (IPv6Network("::/96"), IPv6Network("64:ff9b:1::/48"))
"""The old way to write an IPv4 address, and NAT64 inside of a network (RFC 8215): Python calls both global."""


class RefusedAddressError(Exception):
    """The receiver's address is none that notices may go to."""


class UnknownHostError(Exception):
    """The receiver's name leads to no address."""


class GuardedTransport(httpx.AsyncBaseTransport):
    """Sends to public addresses only; to any where `private` is True."""

    def __init__(self, *, private: bool) -> None:
        self._private = private
        self._inner = httpx.AsyncHTTPTransport(retries=0)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; raises RefusedAddressError, UnknownHostError, or what httpx raises."""
        host = request.url.host
        addresses = await _resolved(host, request.url.port or (443 if request.url.scheme == "https" else 80))
        if not (self._private or all(map(is_public, addresses))):
            raise RefusedAddressError
        request.url = request.url.copy_with(host=str(addresses[0]))
        request.extensions = {**request.extensions, "sni_hostname": host}
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        """Give the connections back."""
        await self._inner.aclose()


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address, and the IPv4 one that it may carry, is one of the open internet."""
    if isinstance(address, IPv6Address) and any(address in network for network in _LOCAL):
        return False
    carried = _carried(address)
    return address.is_global and not address.is_multicast and (carried is None or is_public(carried))


def _carried(address: IPv4Address | IPv6Address) -> IPv4Address | None:
    if isinstance(address, IPv4Address):
        return None
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


async def _resolved(host: str, port: int) -> list[IPv4Address | IPv6Address]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise UnknownHostError from error
    return [ip_address(str(each[4][0]).partition("%")[0]) for each in found]
