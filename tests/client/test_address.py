"""Where a key may be sent."""

import pytest

from campaigns.client import AsyncClient, Client
from campaigns.errors import UsageError

SECRET = "pc_0123456789_secret"


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://pagecast.example", "https://pagecast.example/api/v1"),
        ("https://pagecast.example/", "https://pagecast.example/api/v1"),
        (" https://pagecast.example/api/v1/ ", "https://pagecast.example/api/v1"),
        ("https://example.org/pagecast", "https://example.org/pagecast/api/v1"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/api/v1"),
        ("http://127.8.8.8:8000", "http://127.8.8.8:8000/api/v1"),
        ("http://[::1]:8000", "http://[::1]:8000/api/v1"),
        ("http://localhost:8000", "http://localhost:8000/api/v1"),
    ],
)
@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_the_api_is_below_the_address(kind, url, base):
    assert kind(url, SECRET).url == base


@pytest.mark.parametrize(
    "url", ["http://pagecast.example", "http://10.0.0.7:8000", "http://localhost.example", "http://0.0.0.0:8000"]
)
def test_a_key_does_not_travel_in_the_clear(url):
    with pytest.raises(UsageError, match="would travel in the clear"):
        Client(url, SECRET)
    assert Client(url, SECRET, insecure=True).url == f"{url}/api/v1"


@pytest.mark.parametrize(
    "url",
    [
        "pagecast.example",
        "ftp://pagecast.example",
        "https://",
        "https://u:hidden@pagecast.example",
        "https://h/?k=hidden",
        "https://h/#hidden",
        "https://h:hidden",
    ],
)
def test_what_is_no_address_is_told_without_it(url):
    with pytest.raises(UsageError, match="is no plain URL") as raised:
        Client(url, SECRET)
    assert "hidden" not in str(raised.value)


@pytest.mark.parametrize("key", ["", "  ", "pc_a\r\nX-Other: 1", "pc_ä"])
def test_what_is_no_key_is_told_without_it(key):
    with pytest.raises(UsageError, match="The key is empty or holds what no key does"):
        Client("https://pagecast.example", key)


def test_a_proxy_of_the_environment_does_not_see_what_stays_here(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    for host in ("127.0.0.1", "[::1]", "localhost"):
        client = Client(f"http://{host}:8000", SECRET)
        transport = client._http._transport_for_url(client._http.base_url)
        assert transport is client._http._transport
