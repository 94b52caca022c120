"""What the doctor looks at where commands work on a server: whether it answers, and what the key may do there."""

from collections.abc import Iterator

import httpx

from campaigns.cli import calls, reach
from campaigns.client import Client
from campaigns.client.address import is_loopback
from campaigns.errors import PagecastError
from campaigns.examination import Finding

_PATIENCE_S = 10.0
_THERE = "Run `pagecast doctor` on that machine."


def examine(server: Client) -> Iterator[Finding]:
    """Look at a server from outside; what it needs for sending is examined on its own machine."""
    url = reach.address(server)
    # No key goes along: whoever watches a server asks this without one.
    with httpx.Client(base_url=url, timeout=_PATIENCE_S, trust_env=not is_loopback(httpx.URL(url).host)) as http:
        try:
            http.get("/healthz").raise_for_status()
        except httpx.HTTPError as error:
            said = f"{url} does not answer as Pagecast does ({type(error).__name__})."
            yield Finding("server", "problem", said, "Check PAGECAST_URL, and that `pagecast up` runs there.")
            return
        yield Finding("server", "ok", f"{url} answers.")
        yield _database(http)
    yield _key(server)


def _database(http: httpx.Client) -> Finding:
    try:
        is_ready = http.get("/readyz").is_success
    except httpx.HTTPError:
        is_ready = False
    if is_ready:
        return Finding("database", "ok", "Its database and inbox answer.")
    return Finding("database", "problem", "Its database or inbox does not answer.", _THERE)


def _key(server: Client) -> Finding:
    try:
        who = server.do(calls.me.me())
    except PagecastError as error:
        return Finding("key", "problem", str(error))
    until = f", until {who.expires_at}" if who.expires_at else ""
    return Finding("key", "ok", f"The key {who.name} has the role {who.role}{until}: {', '.join(who.rights)}.")
