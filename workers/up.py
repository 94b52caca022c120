"""Everything under one supervisor: workers, clock, the bundled Redis, and the web where it is wanted.

    python -m workers.up [--web] [--tied]

Of several with one state folder the first works and the others stand by: when it ends, the next takes over. Tied, it
prepares, begins at the first line on its standard input and ends when that closes: so `pagecast run` takes it along.

Workers, clock, inbox and jobs are forked from this process, which has imported all that they need and has one thread: a
killed one is back at work in a tenth of a second. The web is a process of its own.
"""

import argparse
import contextlib
import fcntl
import os
import select
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from campaigns import log, migrations
from campaigns.errors import PagecastError
from campaigns.runtime import Runtime
from campaigns.settings import Settings
from workers import clock, embedded, inbound, jobs, worker
from workers.fork import call
from workers.supervisor import Child, Event, Stop, Supervisor, What

_LOOK = 0.2

logger = structlog.get_logger(__name__)


class Leash:
    """Standard input as a stop: the first line lets go, its end pulls back. No thread, so that forks are safe."""

    def __init__(self, ending: threading.Event) -> None:
        self._ending = ending
        self.let_go = False

    def is_set(self) -> bool:
        """Whether the input is closed, or a signal came."""
        while not self._ending.is_set() and select.select([0], [], [], 0)[0]:
            if os.read(0, 1024):
                self.let_go = True
            else:
                self._ending.set()
        return self._ending.is_set()

    def wait(self, timeout: float) -> None:
        """Wait for something on the input."""
        if not self._ending.is_set():
            select.select([0], [], [], timeout)


def up(settings: Settings, *, web: bool, ending: Stop) -> None:
    """Migrate, then keep every process alive until `ending`; raises StoppedError when one cannot be."""
    runtime = Runtime.open(settings)
    migrations.ensure(runtime.engine)
    runtime.close()
    with _first(settings, ending) as ours:
        if ours:
            _supervise(settings, web=web, ending=ending)


def _supervise(settings: Settings, *, web: bool, ending: Stop) -> None:
    server = embedded.of(settings)
    try:
        for warning in embedded.verify(settings.redis_url or (server.url if server else "")):
            logger.warning("redis.warning", sentence=warning)
        while isinstance(ending, Leash) and not ending.is_set() and not ending.let_go:
            ending.wait(_LOOK)
        check = server.heal if server else None
        Supervisor(_children(settings, web=web), _report, check=check, folder=settings.home).run_until(ending)
    finally:
        if server:
            server.release()


def _children(settings: Settings, *, web: bool) -> list[Child]:
    workers = [Child(f"worker-{i + 1}", main=worker.main) for i in range(settings.worker_processes)]
    pages = [Child("web", [sys.executable, "-m", "campaigns.web.app"])] if web else []
    others = [Child("clock", main=clock.main), Child("inbound", main=inbound.main), Child("jobs", main=jobs.main)]
    return [*others, *workers, *pages]


@contextmanager
def _first(settings: Settings, ending: Stop) -> Iterator[bool]:
    """Wait until no other supervisor works on this state folder; False where `ending` came first."""
    with (settings.home / "supervisor.lock").open("w") as lock:
        while not ending.is_set():
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                yield True
                return
            ending.wait(_LOOK)
        yield False


def _report(event: Event) -> None:
    quiet = event.what in {What.STARTED, What.STOPPED}
    tell = logger.debug if quiet else logger.warning
    tell(event.what.value, child=event.child, pid=event.pid, code=event.code, wait=event.wait, sentence=event.sentence)


def main() -> None:
    """Read the command line and keep everything up."""
    options = argparse.ArgumentParser(prog="python -m workers.up")
    options.add_argument("--web", action="store_true")
    options.add_argument("--tied", action="store_true")
    chosen = options.parse_args()
    log.configure("up")
    call("pagecast-up")
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    try:
        up(Settings(), web=chosen.web, ending=Leash(ending) if chosen.tied else ending)
    except PagecastError as error:
        logger.error("up.failed", sentence=str(error))  # noqa: TRY400 - the sentence is for people
        raise SystemExit(error.exit_code) from None


if __name__ == "__main__":
    main()
