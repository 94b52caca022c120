"""What both clients open a connection with, and make of a call."""

from typing import Any

import httpx
from pydantic import SecretStr

from campaigns.client.address import base_of, is_loopback
from campaigns.client.call import Call
from campaigns.errors import UsageError

CONNECT_S = 10.0


class Key(httpx.Auth):
    """Puts the key on every request, and shows it nowhere."""

    def __init__(self, key: str | SecretStr) -> None:
        self._secret = key if isinstance(key, SecretStr) else SecretStr(key)
        value = self._secret.get_secret_value()
        if not (value.isascii() and value.isprintable() and value.strip()):
            raise UsageError("The key is empty or holds what no key does. `pagecast keys create` shows one once.")

    def auth_flow(self, request: httpx.Request) -> Any:
        """Give a request the key."""
        request.headers["X-API-Key"] = self._secret.get_secret_value()
        yield request


def connection(url: str, key: str | SecretStr, *, insecure: bool, timeout: float) -> dict[str, Any]:
    """Return what an httpx client of either kind is made with; raises UsageError.

    Redirects are not followed: the key is for this address alone. What stays on this machine goes through no proxy.
    """
    base = base_of(url, insecure=insecure)
    host = f"[{base.host}]" if ":" in base.host else base.host
    return {
        "base_url": base,
        "auth": Key(key),
        "timeout": httpx.Timeout(timeout, connect=CONNECT_S),
        "headers": {"User-Agent": "pagecast-client"},
        "mounts": {f"all://{host}": None} if is_loopback(base.host) else None,
    }


def asked(call: Call[Any], body: Any) -> dict[str, Any]:
    """Return what `build_request` is told; `body` yields the parts of the call's file, where it has one."""
    own = {} if call.patience is None else {"timeout": httpx.Timeout(call.patience, connect=CONNECT_S)}
    return {
        "method": call.method,
        "url": call.path,
        "params": dict(call.params),
        "headers": dict(call.headers),
        "content": call.content if call.file is None else body(call.file, call.start),
        **own,
    }


def is_to_be_read(call: Call[Any], response: httpx.Response) -> bool:
    """Whether an answer is read at once: all but what is asked for as a stream, and is one."""
    return not call.streamed or response.status_code != httpx.codes.OK
