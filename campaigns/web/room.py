"""Room for request bodies: how large one may be, and how much of them is held at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import HTTPException, Request

LARGEST = 8 * 1024 * 1024
"""Bytes. Meta puts up to 1,000 events into a body, of well below a kilobyte each on average (May 2026)."""
_TOGETHER = 256 * 1024 * 1024
_READING = 20.0
"""Seconds for a whole body to arrive; Meta gives up after 5, Orbit after 30."""


class TooLargeError(HTTPException):
    """413: larger than any platform sends."""

    def __init__(self) -> None:
        super().__init__(413)


class Room:
    """Nobody has proved who they are while their body is read, so what strangers can occupy is bounded."""

    def __init__(self, together: int = _TOGETHER) -> None:
        self._free = together

    @asynccontextmanager
    async def body(self, request: Request) -> AsyncIterator[bytes]:
        """Read a body and hold its room until the block ends.

        Raises TooLargeError, or an HTTPException: 503 where there is no room, 408 where it takes too long, 400 where
        the sender is gone.
        """
        said = request.headers.get("content-length", "")
        if said.isdecimal() and int(said) > LARGEST:
            raise TooLargeError
        held = bytearray()
        try:
            await self._read(request, held)
            yield bytes(held)
        finally:
            self._free += len(held)

    async def _read(self, request: Request, held: bytearray) -> None:
        try:
            async with asyncio.timeout(_READING):
                while await self._read_part(request, held):
                    pass
        except TimeoutError:
            raise HTTPException(408) from None

    async def _read_part(self, request: Request, held: bytearray) -> bool:
        """Read what came, and return whether there is more to come."""
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise HTTPException(400)
        part = message.get("body", b"")
        held += part
        self._free -= len(part)
        if len(held) > LARGEST:
            raise TooLargeError
        if self._free < 0:
            raise HTTPException(503, headers={"Retry-After": "1"})
        return bool(message.get("more_body", False))
