"""Questions to a platform beside the sending: two a second and account, never repeated, small answers only."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import httpx
from aiolimiter import AsyncLimiter

SECONDS = 20.0
PER_SECOND = 2
"""Calls of the Conversations API (Graph's rate-limiting page for messaging, read in autumn 2026)."""
MOST = 16 * 1024 * 1024
"""Bytes of an answer that are read; fifty conversations are a hundredth of it."""


class NoAnswerError(Exception):
    """Nobody answered, and why, in a sentence without secrets."""


class Questions:
    """Asks for one account; belongs to one event loop."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        # A limiter of two a second would let three pass at once.
        self._limiter = AsyncLimiter(1, 1 / PER_SECOND)
        self.asked = 0
        """How often so far."""

    async def ask(self, request: httpx.Request) -> tuple[httpx.Response, datetime]:
        """Send one request in its turn; return the answer and when it came. Raises NoAnswerError."""
        await self._limiter.acquire()
        self.asked += 1
        try:
            response = await self._client.send(request, stream=True)
            try:
                content = await _content(response)
            finally:
                await response.aclose()
        except httpx.HTTPError as error:
            # Its text may quote headers.
            host = request.url.netloc.decode()
            raise NoAnswerError(f"{host} does not answer ({type(error).__name__}).") from None
        return httpx.Response(response.status_code, headers=_plain(response.headers), content=content), datetime.now(
            UTC
        )


@asynccontextmanager
async def connected() -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client that follows no redirect, asks no proxy and keeps nothing."""
    async with httpx.AsyncClient(timeout=SECONDS, follow_redirects=False, trust_env=False) as client:
        yield client


async def _content(response: httpx.Response) -> bytes:
    parts, size, deadline = [], 0, time.monotonic() + SECONDS
    async for part in response.aiter_bytes():
        parts.append(part)
        size += len(part)
        if size > MOST or time.monotonic() > deadline:
            raise httpx.ReadError("too much, or too slowly", request=response.request)
    return b"".join(parts)


def _plain(headers: httpx.Headers) -> dict[str, str]:
    """Return the headers of a body that is decoded already."""
    return {name: value for name, value in headers.items() if name not in {"content-encoding", "content-length"}}
