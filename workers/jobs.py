"""The worker of long work: takes jobs of the HTTP API as they come, some at once, each in a process of its own.

    python -m workers.jobs

It needs no bell: the table says what is open. It gives way to sending, and a job's memory goes with its process. One
of these works for a state folder, others stand by; any number of machines may.
"""

import fcntl
import hashlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import structlog
from sqlalchemy.exc import SQLAlchemyError

from campaigns import home, jobs, log
from campaigns.runtime import Runtime, now_of
from campaigns.settings import Settings
from schemas.job import Job
from workers import parent

AT_ONCE = 2
"""Jobs under way: each takes a core, and much memory."""
IDLE = 0.2
"""Seconds between looks at the table."""
TROUBLED = 1.0
RENEW = 5.0
"""Seconds between renewals of the leases: one that fails is made up for before the lease ends."""
LONGEST = 4 * 3_600.0
"""Seconds that a job may take; one that hangs is ended, and counts as tried."""
NICE = 10
"""How far its processes stand back behind those that send."""

logger = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Errand:
    """A job's process, and when it began (monotonic); `lost` once the job was seen to be ours no more."""

    job: Job
    process: "subprocess.Popen[bytes]"
    began: float
    lost: bool = False


class Jobs:
    """One process's jobs; `owner` is what the table knows it by."""

    def __init__(self, runtime: Runtime, owner: str) -> None:
        self._runtime = runtime
        self._owner = owner
        self._errands: list[_Errand] = []
        self._renewed = 0.0

    def turn(self) -> None:
        """Look once: settle what has ended, keep what goes on, and begin what waits."""
        self._bury()
        self._renew()
        while len(self._errands) < AT_ONCE and (job := self._taken()):
            logger.info("job.begun", job=job.ref, kind=job.kind.value, attempt=job.tries)
            self._errands.append(_Errand(job, self._started(job), time.monotonic()))

    @property
    def running(self) -> int:
        """How many jobs are under way."""
        return len(self._errands)

    def stop(self) -> None:
        """End what is under way; it is begun anew by the next, and no try is counted."""
        for errand in self._errands:
            _end(errand)
        with suppress(SQLAlchemyError):
            self._give_back(self._errands, counts=False)
        self._errands = []

    def _taken(self) -> Job | None:
        with self._runtime.reading() as conn:
            # To look costs nothing; to take would keep others from writing.
            if not jobs.waiting(conn, now_of(conn)):
                return None
        with self._runtime.writing() as conn:
            return jobs.take(conn, self._owner, now_of(conn))

    def _bury(self) -> None:
        ended = [errand for errand in self._errands if errand.process.poll() is not None]
        for errand in ended:
            _end(errand)
            took, code = round(time.monotonic() - errand.began, 1), errand.process.returncode
            logger.info("job.ended", job=errand.job.ref, kind=errand.job.kind.value, seconds=took, code=code)
        # What it has settled stays so; what it has not was a try.
        self._give_back(ended, counts=True)
        self._errands = [errand for errand in self._errands if errand not in ended]

    def _renew(self) -> None:
        now = time.monotonic()
        if not self._errands or now - self._renewed < RENEW:
            return
        self._renewed = now
        with self._runtime.writing() as conn:
            moment = now_of(conn)
            kept = [jobs.renew(conn, errand.job.ref, self._owner, moment) for errand in self._errands]
        for errand, ours in zip(self._errands, kept, strict=True):
            # One that has just settled is ours no more either, and ends by itself.
            if now - errand.began > LONGEST or (errand.lost and not ours):
                logger.warning("job.ended_early", job=errand.job.ref, lost=not ours)
                errand.process.kill()
            errand.lost = not ours

    def _give_back(self, errands: list[_Errand], *, counts: bool) -> None:
        if not errands:
            return
        with self._runtime.writing() as conn:
            for errand in errands:
                jobs.give_back(conn, errand.job, self._owner, now_of(conn), counts=counts)

    def _started(self, job: Job) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "workers.errand", job.ref, self._owner]
        environment = os.environ | {"PAGECAST_HOME": str(self._runtime.settings.home)}
        return subprocess.Popen(command, stdin=subprocess.PIPE, env=environment)  # noqa: S603 - our own module


def _end(errand: _Errand) -> None:
    errand.process.kill()
    errand.process.wait()
    if errand.process.stdin:
        errand.process.stdin.close()


@contextmanager
def alone(folder: Path, ending: threading.Event) -> Iterator[bool]:
    """Wait until no other of these works for a state folder; False where `ending` came first."""
    with (folder / home.JOBS_LOCK).open("w") as lock:
        while not ending.is_set():
            with suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                yield True
                return
            ending.wait(IDLE)
        yield False


def take_back(runtime: Runtime) -> str:
    """Let be taken again what one had that worked for this state folder before, and is dead; return a new name."""
    place = f"{socket.gethostname()}:{hashlib.sha256(bytes(runtime.settings.home.resolve())).hexdigest()[:12]}:"
    with runtime.writing() as conn:
        if back := jobs.give_back_all(conn, place):
            logger.warning("jobs.recovered", jobs=back)
    return place + uuid.uuid4().hex[:12]


def serve(settings: Settings) -> None:
    """Do jobs until asked to end."""
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    parent.watch(ending.set)
    os.nice(NICE)
    runtime = Runtime.open(settings)
    with alone(settings.home, ending) as ours:
        if ours:
            _keep_at_it(runtime, ending)
    runtime.close()


def _keep_at_it(runtime: Runtime, ending: threading.Event) -> None:
    worker: Jobs | None = None
    while not ending.is_set():
        try:
            worker = worker or Jobs(runtime, take_back(runtime))
            worker.turn()
            ending.wait(IDLE)
        except SQLAlchemyError as error:
            logger.warning("jobs.failed", error=type(error).__name__)
            ending.wait(TROUBLED)
    if worker:
        worker.stop()


def main() -> None:
    """Read the settings and serve."""
    log.configure("jobs")
    serve(Settings())


if __name__ == "__main__":
    main()
