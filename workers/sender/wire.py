"""One HTTP call to a platform. Every way in which it can end is an Outcome; nothing is retried here.

Only what certainly never left this machine is Unreachable; whatever else goes wrong is Unknown. `httpx_aiohttp` 0.2
maps every connection error to ConnectTimeout, so the difference is read from the cause.
"""

import asyncio
import datetime as dt
from collections.abc import Callable

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from schemas.outcome import Outcome, Verdict

DEADLINE = 20.0
"""Seconds for the whole call, from the first look-up of the host to the last byte of the answer."""
_KEEP_ALIVE = 5.0
_TIMEOUTS = {"connect": 10.0, "read": DEADLINE, "write": DEADLINE, "pool": 10.0}
_NEVER_LEFT = (
    aiohttp.ClientConnectorError,
    aiohttp.ClientConnectorCertificateError,
    aiohttp.ConnectionTimeoutError,
)

Reader = Callable[[httpx.Response, dt.datetime], Outcome]


class Wire:
    """A connection pool of `most` connections; belongs to one event loop."""

    def __init__(self, most: int) -> None:
        connector = aiohttp.TCPConnector(limit=most, keepalive_timeout=_KEEP_ALIVE)
        session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
        self._transport = AiohttpTransport(client=session)

    async def call(self, request: httpx.Request, read: Reader) -> Outcome:
        """Send `request` once and let `read` understand the answer; never raises for anything the network does."""
        request.extensions = {"timeout": _TIMEOUTS}
        try:
            async with asyncio.timeout(DEADLINE):
                response = await self._transport.handle_async_request(request)
                try:
                    await response.aread()
                finally:
                    # An answer that broke off would hold its connection until it is collected as garbage.
                    await response.aclose()
        except (httpx.HTTPError, aiohttp.ClientError, OSError, ValueError) as error:
            return _broken(error)
        return read(response, dt.datetime.now(dt.UTC))

    async def close(self) -> None:
        """Close every connection."""
        await self._transport.aclose()


def _broken(error: Exception) -> Outcome:
    cause = error.__cause__ or error if isinstance(error, httpx.HTTPError) else error
    name = type(cause).__name__
    if isinstance(cause, _NEVER_LEFT):
        return Outcome(Verdict.UNREACHABLE, code=name, sentence=f"The platform cannot be reached ({name}).")
    return Outcome(Verdict.UNKNOWN, code=name, sentence=f"The connection ended before an answer came ({name}).")
