"""Where a command works: on this machine's database, or on the server that PAGECAST_URL names.

    with reach.server(writes=True) as server:
        done = _done_there(server, word) if server else _done_here(word)

Both return the same, and what is shown is made of that. Nothing of the client is imported before there is a server.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pydantic import SecretStr

from campaigns.cli import calls, output
from campaigns.cli.app import elsewhere
from campaigns.errors import UsageError
from campaigns.settings import Settings, key

if TYPE_CHECKING:
    from campaigns.client import Client
    from schemas.api.campaigns import Summary

_KEY = "PAGECAST_API_KEY"


@contextmanager
def server(*, writes: bool = False) -> Iterator["Client | None"]:
    """Open a client of the server; None where the command works on this machine.

    A verb that writes names the server and its key on stderr. Raises UsageError where the key is missing or the address
    is none, and for a verb that writes UnreachableError where nobody answers.
    """
    if not (url := elsewhere()):
        yield None
        return
    from campaigns.client import Client  # noqa: PLC0415 - this machine's verbs start without it

    with Client(url, _secret()) as client:
        if writes:
            who = client.do(calls.me.me())
            output.note(f"Server: {address(client)} as key {who.name} ({who.role})")
        yield client


def found(server: "Client", word: str) -> "Summary":
    """Return the campaign that `word` means there; raises NotFoundError, or AmbiguousError with those it may be."""
    return server.do(calls.campaigns.listed(word=word))[0]


def address(server: "Client") -> str:
    """Return where the server is, as people open it."""
    return server.url.removesuffix("/api/v1")


def _secret() -> SecretStr:
    given = os.environ.get(_KEY, "").strip()
    if not given:
        raise UsageError(
            f"PAGECAST_URL names a server, and {_KEY} is not set. Set it to a key of that server; or unset "
            "PAGECAST_URL, to work on this machine."
        )
    found = key(SecretStr(given), Settings(), os.environ)
    if found is None:
        raise UsageError(f"{_KEY} names a secret that is not set here. Set that, or put the key itself into {_KEY}.")
    return found
