"""Refused requests, counted: strangers can make any number, and each second costs one transaction and a line or two."""

import asyncio
import time
from collections import Counter

import structlog
from sqlalchemy.exc import SQLAlchemyError

from campaigns.inbox import Inbox, Refusal
from schemas.page import ProviderName

_EVERY = 1.0

_Counts = Counter[tuple[ProviderName, Refusal]]

logger = structlog.get_logger(__name__)


class Refusals:
    """Counts in memory, and writes down what it counted once a second and at its end."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._counts: _Counts = Counter()
        self._writing: asyncio.Task[None] | None = None

    def count(self, provider: ProviderName, reason: Refusal) -> None:
        """Count one."""
        self._counts[provider, reason] += 1
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_soon())

    async def close(self) -> None:
        """Write down the rest."""
        if self._writing:
            self._writing.cancel()
        await asyncio.to_thread(self._write, self._taken())

    async def _write_soon(self) -> None:
        await asyncio.sleep(_EVERY)
        # Whoever comes from here on is written down by the next one.
        self._writing = None
        await asyncio.to_thread(self._write, self._taken())

    def _taken(self) -> _Counts:
        taken, self._counts = self._counts, Counter()
        return taken

    def _write(self, counts: _Counts) -> None:
        now = int(time.time() * 1000)
        for (provider, reason), n in counts.items():
            logger.warning("webhooks.refused", provider=provider.value, reason=reason.value, n=n)
            try:
                self._inbox.refused(provider, reason, now, n)
            except SQLAlchemyError as error:
                logger.warning("webhooks.not_counted", error=type(error).__name__)
