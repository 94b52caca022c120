"""Everything under one supervisor: workers, clock, the bundled Redis, and the web where it is wanted.

    python -m workers.up [--web] [--tied]

Of several with one state folder the first works and the others stand by: when it ends, the next takes over. Tied, it
ends when its standard input closes, which is how `pagecast run` takes it along.
"""

import argparse
import contextlib
import fcntl
import os
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
from workers import embedded
from workers.supervisor import Child, Event, Supervisor, What

_LOOK = 0.2

logger = structlog.get_logger(__name__)


def up(settings: Settings, *, web: bool, ending: threading.Event) -> None:
    """Migrate, then keep every process alive until `ending` is set; raises StoppedError when one cannot be."""
    runtime = Runtime.open(settings)
    migrations.upgrade(runtime.engine)
    runtime.close()
    with _first(settings, ending) as ours:
        if ours:
            _supervise(settings, web=web, ending=ending)


def _supervise(settings: Settings, *, web: bool, ending: threading.Event) -> None:
    server = None if settings.redis_url else embedded.ensure(settings.home)
    try:
        for warning in embedded.verify(settings.redis_url or (server.url if server else "")):
            logger.warning("redis.warning", sentence=warning)
        check = server.heal if server else None
        Supervisor(_children(settings, web=web), _report, check=check, folder=settings.home).run_until(ending)
    finally:
        if server:
            server.release()


def _children(settings: Settings, *, web: bool) -> list[Child]:
    python = sys.executable
    workers = [Child(f"worker-{i + 1}", [python, "-m", "workers.worker"]) for i in range(settings.worker_processes)]
    pages = [Child("web", [python, "-m", "campaigns.web.app"])] if web else []
    return [Child("clock", [python, "-m", "workers.clock"]), *workers, *pages]


@contextmanager
def _first(settings: Settings, ending: threading.Event) -> Iterator[bool]:
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


def _watch_input(ending: threading.Event) -> None:
    with contextlib.suppress(OSError):
        while os.read(0, 1024):
            pass
    ending.set()


def main() -> None:
    """Read the command line and keep everything up."""
    options = argparse.ArgumentParser(prog="python -m workers.up")
    options.add_argument("--web", action="store_true")
    options.add_argument("--tied", action="store_true")
    chosen = options.parse_args()
    log.configure("up")
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    if chosen.tied:
        threading.Thread(target=_watch_input, args=(ending,), daemon=True).start()
    try:
        up(Settings(), web=chosen.web, ending=ending)
    except PagecastError as error:
        logger.error("up.failed", sentence=str(error))  # noqa: TRY400 - the sentence is for people
        raise SystemExit(error.exit_code) from None


if __name__ == "__main__":
    main()
