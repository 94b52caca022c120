"""The inbox worker: takes webhook bodies as they come and applies them, in a process that bulk sending cannot hold up.

    python -m workers.inbound

It needs no bell: the inbox itself says what is open, also while Redis is away. Any number of these may run; each body
is taken by one of them, and again where that one dies.
"""

import signal
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import structlog
from sqlalchemy.exc import SQLAlchemyError

from campaigns import locks, log
from campaigns.inbound import repeats
from campaigns.inbound.apply import again, apply
from campaigns.inbox import UNREADABLE, Inbox, Taken
from campaigns.runtime import Runtime, now_of
from campaigns.settings import Settings
from workers import parent, pull
from workers.presence import Presence, is_dead

IDLE = 0.2
"""Seconds between looks at an empty inbox."""
AGAIN = 2.0
"""Seconds between passes over the events that wait for their message; ten times what a pass takes, where that is more.
"""
DEAD = 2.0
"""Seconds between looks at who died with bodies in hand."""
REPEAT = 10.0
"""Seconds between looks at messages that were to be tried again later."""
TROUBLED = 1.0
MOST = 200
"""Bodies in hand at once."""

logger = structlog.get_logger(__name__)


class Pass:
    """Passes over the events that wait for their message, slice by slice between other work."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._after = 0
        self._began = 0.0
        self._due = 0.0

    def step(self) -> bool:
        """Look at the next slice, where it is time; True where this pass goes on."""
        now = time.monotonic()
        if not self._after:
            if now < self._due:
                return False
            self._began = now
        self._after = again(self._runtime, self._after)
        if not self._after:
            ended = time.monotonic()
            self._due = ended + max(AGAIN, 10 * (ended - self._began))
        return bool(self._after)


class Desk:
    """One worker's view of the inbox; `name` is its presence's."""

    def __init__(self, runtime: Runtime, inbox: Inbox, name: str) -> None:
        self._runtime = runtime
        self._inbox = inbox
        self._name = name
        self._pass = Pass(runtime)
        self._looks_at = 0.0
        self._repeated = 0.0

    def turn(self) -> bool:
        """Do what there is to do once; False where there was nothing."""
        if time.monotonic() >= self._looks_at:
            self._looks_at = time.monotonic() + DEAD
            # Between two turns this one has nothing in hand: what has its name is from a turn that failed.
            take_back(self._inbox, self._runtime.settings.home, self._name)
        busy = self._pass.step()
        with self._runtime.reading() as conn:
            now = now_of(conn)
        # To look costs nothing; to take would keep the web from writing.
        if not self._inbox.waiting(now):
            self._repeat()
            return busy
        self._inbox.applied(self._apply(self._inbox.take(now, MOST, self._name)))
        return True

    def _repeat(self) -> None:
        """Send again what is to be tried later, where it is time and no echo lies unread."""
        if time.monotonic() - self._repeated < REPEAT or self._inbox.backlog().bodies:
            return
        self._repeated = time.monotonic()
        done = repeats.take(self._runtime)
        if done.again or done.failed:
            logger.info("inbound.repeated", again=done.again, failed=done.failed)

    def _apply(self, bodies: Sequence[Taken]) -> dict[int, int]:
        try:
            return apply(self._runtime, bodies)
        except SQLAlchemyError as error:
            if not locks.crossed(error):
                raise
            return apply(self._runtime, bodies)
        except Exception:
            logger.exception("inbound.crashed", bodies=len(bodies))
            return {body.id: self._alone(body) for body in bodies}

    def _alone(self, body: Taken) -> int:
        """Apply one body of a batch that crashed: the one to blame is kept, and the others do not wait for it."""
        try:
            return apply(self._runtime, [body])[body.id]
        except SQLAlchemyError:
            raise
        except Exception:
            logger.exception("inbound.unreadable", body=body.id)
            return UNREADABLE


def take_back(inbox: Inbox, home: Path, *also: str) -> None:
    """Let others take at once what the dead of this host had in hand, and what `also` (names) had."""
    dead = {owner for owner in inbox.owners() if owner in also or is_dead(home, owner)}
    if bodies := inbox.release(dead):
        logger.warning("inbound.recovered", bodies=bodies)


def listen(settings: Settings) -> None:
    """Apply what comes in until asked to end."""
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    parent.watch(ending.set)
    runtime = Runtime.open(settings)
    inbox = Inbox.of(runtime)
    with Presence(settings.home) as presence, pull.reading(runtime):
        desk = Desk(runtime, inbox, presence.name)
        while not ending.is_set():
            try:
                if not desk.turn():
                    ending.wait(IDLE)
            except SQLAlchemyError as error:
                # The bodies are taken again: this one takes them back, or their lease runs out.
                logger.warning("inbound.failed", error=type(error).__name__)
                ending.wait(TROUBLED)
        with suppress(SQLAlchemyError):
            inbox.release({presence.name})
    inbox.close()
    runtime.close()


def main() -> None:
    """Read the settings and listen."""
    log.configure("inbound")
    listen(Settings())


if __name__ == "__main__":
    main()
