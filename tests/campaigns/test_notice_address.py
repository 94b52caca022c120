"""Which addresses a webhook may go to."""

import asyncio
import socket
from ipaddress import ip_address

import httpx
import pytest

from campaigns.notices.address import GuardedTransport, RefusedAddressError, is_public

INSIDE = [
    *("127.0.0.1", "127.8.8.8", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),
    *("224.0.0.1", "239.1.1.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "240.0.0.1"),
    *("::", "::1", "fe80::1", "fc00::1", "fd12::1", "ff02::1", "2001:db8::1"),
    *("::ffff:10.0.0.1", "2002:7f00:1::", "2002:a00:1::", "64:ff9b::7f00:1", "64:ff9b::a00:1"),
    *("::127.0.0.1", "::8.8.8.8", "64:ff9b:1::7f00:1", "64:ff9b:1::808:808"),
]
OUTSIDE = ["1.1.1.1", "8.8.8.8", "203.0.114.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", INSIDE)
def test_inside(address):
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", OUTSIDE)
def test_outside(address):
    assert is_public(ip_address(address))


@pytest.fixture
def answers(monkeypatch):
    """What the next look-ups of any name lead to, one list of addresses each; the wire is the one thing faked here."""
    queue = []

    async def getaddrinfo(_loop, _host, port, **_):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in queue.pop(0)]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)
    return queue


async def post(url, **options):
    async with httpx.AsyncClient(transport=GuardedTransport(**options), trust_env=False) as client:
        return await client.post(url, content=b"{}")


def test_one_private_address_of_a_name_is_one_too_many(answers):
    answers.append(["8.8.8.8", "10.0.0.1"])
    with pytest.raises(RefusedAddressError):
        asyncio.run(post("https://hooks.example.org/", private=False))


def test_the_address_that_was_judged_is_the_one_that_is_called(answers):
    """A second answer of the name's server, after the first was found good, leads nowhere."""
    with socket.create_server(("127.0.0.1", 0)) as judged:
        judged.settimeout(5)
        answers += [["127.0.0.1"], ["10.0.0.1"]]
        port = judged.getsockname()[1]

        async def call():
            calling = asyncio.create_task(post(f"http://hooks.example.org:{port}/", private=True))
            connection, _ = await asyncio.to_thread(judged.accept)
            with connection:
                request = await asyncio.to_thread(connection.recv, 4096)
                connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
            await calling
            return request

        assert f"host: hooks.example.org:{port}".encode() in asyncio.run(call()).lower()
