"""What a bell starts: run the chunk, then the lane's next ones, for at most a minute."""

import asyncio
import random
from functools import partial

from sqlalchemy import Connection
from structlog.contextvars import bound_contextvars

from campaigns import pages
from campaigns.briefing import Briefing, brief
from campaigns.errors import InputError
from campaigns.ledger import chunks
from campaigns.ledger.chunks import Held
from campaigns.runtime import now_of
from campaigns.settings import MissingSecretError
from workers.sender.course import Course, Ended
from workers.sender.kit import Kit

LONGEST = 60.0
"""Seconds of one run; then others get the thread, and the lane's next chunk its bell."""
_STAGGER = 0.3


async def send(kit: Kit, chunk_id: int) -> None:
    """Run a chunk and its lane's next ones; returns when somebody else has it, or there is nothing to do now."""
    held = await kit.writer.do(lambda conn: chunks.acquire(conn, chunk_id, kit.worker, now_of(conn)))
    if held is None:
        return
    with bound_contextvars(worker=kit.worker, chunk=chunk_id):
        await _send(kit, held)


async def _send(kit: Kit, held: Held) -> None:
    briefing = await _briefing(kit, held)
    if briefing is None:
        await kit.writer.do(partial(_give_back, held=held))
        return
    # Two runs of a lane that began together must not pause together.
    until = asyncio.get_running_loop().time() + LONGEST * (1 - random.uniform(0, _STAGGER))  # noqa: S311 - see above
    with bound_contextvars(campaign=briefing.ref, page=briefing.page):
        await _run_lane(kit, held, briefing, until)


async def _run_lane(kit: Kit, held: Held, briefing: Briefing, until: float) -> None:
    drains = []
    ended = Ended.EXHAUSTED
    following: Held | None = held
    try:
        while following is not None:
            held = following
            rest = await kit.writer.do(partial(_left, held=held))
            course = Course(kit, held, briefing, rest.ready, until)
            # Tasks take what is bound with them: calls and the drain go on when the next chunk has begun.
            with bound_contextvars(chunk=held.chunk_id):
                ended = await course.run()
                drains.append(asyncio.create_task(course.drain()))
            await asyncio.sleep(0)
            following = await kit.writer.do(partial(_next, held=held)) if ended is Ended.EXHAUSTED else None
    finally:
        await asyncio.gather(*drains)
    if ended in {Ended.TIME, Ended.CHANGED}:
        kit.ring(held.chunk_id)


def _left(conn: Connection, held: Held) -> chunks.Left:
    return chunks.left(conn, held, now_of(conn))


def _next(conn: Connection, held: Held) -> Held | None:
    chunks.drain(conn, held)
    return chunks.acquire_next(conn, held, now_of(conn))


def _give_back(conn: Connection, held: Held) -> None:
    chunks.release(conn, held, now_of(conn))


async def _briefing(kit: Kit, held: Held) -> Briefing | None:
    """Read the lane; a page whose token cannot be had parks, the others go on."""
    try:
        with kit.runtime.reading() as conn:
            return brief(conn, kit.runtime.settings, kit.environment, held.campaign_id, held.page_id)
    except MissingSecretError as error:
        sentence = f"The secret {error.args[0]} is not set where the workers run. Set it, then resume the page."
    except InputError as error:
        sentence = str(error)
    await kit.writer.do(lambda conn: pages.park(conn, held.page_id, "secret", sentence, now_of(conn)))
    return None
