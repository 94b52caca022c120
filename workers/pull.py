"""Reads the conversations of pages that ask for it, every minute while a campaign of theirs is open.

It is a thread beside the inbox, in the process that `workers.inbound` is: it waits for the platform most of the time.
Of several such processes one reads an account at a time.
"""

import asyncio
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import httpx
import structlog
from sqlalchemy import Connection, Row, text
from sqlalchemy.exc import SQLAlchemyError

from campaigns import events
from campaigns.briefing import sender_of
from campaigns.errors import InputError
from campaigns.inbound import bookmark
from campaigns.inbound.pull import EVERY_MS, Pull, RefusedError
from campaigns.inbound.questions import Questions, connected
from campaigns.providers.protocol import Sender
from campaigns.runtime import Runtime, now_of
from campaigns.settings import MissingSecretError
from schemas.page import Route

LOOK = 2.0
"""Seconds between looks for accounts whose turn it is."""
AFTERWARDS_MS = 600_000
"""How long after its end a campaign counts as open: its last answers and doubts come then."""
REFUSED_MS = 600_000
"""How long an account is left alone that could not be read, unless the platform says how long."""

_OPEN = text("""
    SELECT page.sender_id, page.id AS page_id, page.name, page.channel, page.account_id, lane.route
    FROM lane JOIN campaign ON campaign.id = lane.campaign_id JOIN page ON page.id = lane.page_id
    WHERE page.provider = 'meta' AND (campaign.state IN ('sending', 'paused') OR campaign.finished_at >= :since)
    ORDER BY campaign.id DESC, page.id
""")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Reader:
    """One account's pull; a new token or address makes a new one, and the pace goes on."""

    sender: Sender
    pull: Pull


class Rounds:
    """The accounts of one process; belongs to one event loop."""

    def __init__(self, runtime: Runtime, client: httpx.AsyncClient) -> None:
        self._runtime = runtime
        self._client = client
        self._questions: dict[int, Questions] = {}
        self._readers: dict[int, _Reader] = {}
        self._busy: dict[int, asyncio.Task[None]] = {}
        self._told: dict[int, str] = {}

    async def run(self) -> None:
        """Look for accounts whose turn it is, until cancelled."""
        try:
            while True:
                try:
                    self.begin()
                except SQLAlchemyError as error:
                    log.warning("pull.failed", error=type(error).__name__)
                await asyncio.sleep(LOOK)
        finally:
            for task in self._busy.values():
                task.cancel()
            await asyncio.gather(*self._busy.values(), return_exceptions=True)

    def begin(self) -> list["asyncio.Task[None]"]:
        """Begin to read every account whose turn it is; return what has begun."""
        self._busy = {sender_id: task for sender_id, task in self._busy.items() if not task.done()}
        with self._runtime.reading() as conn:
            lanes = _lanes(conn, now_of(conn))
        begun = [lane for lane in lanes if lane.sender_id not in self._busy and self._is_due(lane)]
        started = {lane.sender_id: asyncio.create_task(self._read(lane)) for lane in begun}
        self._busy |= started
        return list(started.values())

    def _is_due(self, lane: Row[Any]) -> bool:
        with self._runtime.reading() as conn:
            if not bookmark.is_due(conn, lane.sender_id, now_of(conn)):
                return False
        with self._runtime.writing() as conn:
            now = now_of(conn)
            return bookmark.take_turn(conn, lane.sender_id, now, now + EVERY_MS)

    async def _read(self, lane: Row[Any]) -> None:
        try:
            reader = self._reader(lane)
            before = reader.found
            await reader.run()
        except RefusedError as refused:
            self._put_off(lane, refused.sentence, refused.wait)
        except MissingSecretError as error:
            self._put_off(lane, f"The secret {error.args[0]} is not set where the inbox worker runs.")
        except InputError as error:
            self._put_off(lane, str(error))
        except SQLAlchemyError as error:
            log.warning("pull.failed", page=lane.name, error=type(error).__name__)
        except Exception:
            log.exception("pull.crashed", page=lane.name)
        else:
            self._told.pop(lane.sender_id, None)
            if reader.found != before:
                log.info("pull.done", page=lane.name, settled=reader.found.settled - before.settled)

    def _reader(self, lane: Row[Any]) -> Pull:
        route = Route.model_validate_json(lane.route)
        sender = sender_of(lane.channel, lane.account_id, route, self._runtime.settings, os.environ)
        known = self._readers.get(lane.sender_id)
        if known is None or known.sender != sender:
            questions = self._questions.setdefault(lane.sender_id, Questions(self._client))
            known = _Reader(sender, Pull(self._runtime, lane.sender_id, sender, questions))
            self._readers[lane.sender_id] = known
        return known.pull

    def _put_off(self, lane: Row[Any], sentence: str, wait: float | None = None) -> None:
        """Leave an account alone for a while; why stands in the timeline once, until it can be read again."""
        with self._runtime.writing() as conn:
            now = now_of(conn)
            bookmark.postpone(conn, lane.sender_id, now + (REFUSED_MS if wait is None else int(wait * 1000)))
            if self._told.get(lane.sender_id) != sentence:
                said = f"The conversations of page {lane.name} could not be read. {sentence}"
                events.record(conn, now, "page.not_pulled", "worker", said, page_id=lane.page_id)
        self._told[lane.sender_id] = sentence
        log.warning("pull.refused", page=lane.name, sentence=sentence)


@contextmanager
def reading(runtime: Runtime) -> Iterator[None]:
    """Read conversations in a thread meanwhile."""
    ending = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(_attend(runtime, ending)), name="pull")
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()


async def _attend(runtime: Runtime, ending: threading.Event) -> None:
    async with connected() as client:
        rounds = asyncio.create_task(Rounds(runtime, client).run())
        await asyncio.to_thread(ending.wait)
        rounds.cancel()
        with suppress(asyncio.CancelledError):
            await rounds


def _lanes(conn: Connection, now: int) -> list[Row[Any]]:
    """Return a lane of each account that is to be read, that of the latest campaign."""
    found: dict[int, Row[Any]] = {}
    for lane in conn.execute(_OPEN, {"since": now - AFTERWARDS_MS}):
        if Route.model_validate_json(lane.route).pull:
            found.setdefault(lane.sender_id, lane)
    return list(found.values())
