"""Where a server is, and whether a key may be sent there."""

import ipaddress

import httpx

from campaigns.errors import UsageError

_API = "/api/v1"


def base_of(url: str, *, insecure: bool = False) -> httpx.URL:
    """Return the address of the API of a server such as `https://pagecast.example`; raises UsageError.

    `insecure` lets a key travel where others can read it.
    """
    try:
        given = httpx.URL(url.strip())
    except httpx.InvalidURL:
        given = httpx.URL("")
    if given.scheme not in {"http", "https"} or not given.host or given.userinfo or given.query or given.fragment:
        # Not quoted: a password may stand in it.
        raise UsageError("The address of the server is no plain URL. Write it like https://pagecast.example.")
    if given.scheme == "http" and not insecure and not is_loopback(given.host):
        raise UsageError(
            f"The key would travel in the clear to {given.host}. Use https://, or say that this network is yours alone "
            "with insecure=True."
        )
    path = given.path.rstrip("/")
    return given.copy_with(path=path if path.endswith(_API) else f"{path}{_API}")


def is_loopback(host: str) -> bool:
    """Whether what is sent there stays on this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
