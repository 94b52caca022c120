"""One HTTP call to a platform. Every way in which it can end is an Outcome; nothing is retried here.

Only what certainly never left this machine is Unreachable; whatever else goes wrong is Unknown.
"""

import asyncio
import datetime as dt
from collections.abc import Callable

import httpx

from schemas.outcome import Outcome, Verdict
from workers.sender.lean import Lean, NoAnswerError

DEADLINE = 20.0
"""Seconds for the whole call, from the first look-up of the host to the last byte of the answer."""

Reader = Callable[[httpx.Response, dt.datetime], Outcome]


class Wire:
    """A connection pool of `most` connections; belongs to one event loop."""

    def __init__(self, most: int) -> None:
        self._connections = Lean(most)

    async def call(self, request: httpx.Request, read: Reader) -> Outcome:
        """Send `request` once and let `read` understand the answer; never raises for anything the network does."""
        try:
            async with asyncio.timeout(DEADLINE):
                response = await self._connections.call(request)
        except NoAnswerError as error:
            return _broken(str(error), left=error.left)
        except (TimeoutError, httpx.DecodingError) as error:
            return _broken(type(error).__name__, left=True)
        return read(response, dt.datetime.now(dt.UTC))

    async def close(self) -> None:
        """Close every connection."""
        await self._connections.close()


def _broken(name: str, *, left: bool) -> Outcome:
    if left:
        return Outcome(Verdict.UNKNOWN, code=name, sentence=f"The connection ended before an answer came ({name}).")
    return Outcome(Verdict.UNREACHABLE, code=name, sentence=f"The platform cannot be reached ({name}).")
