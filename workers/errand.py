"""Does one job of the HTTP API, then ends: with it goes all the memory that it took.

    python -m workers.errand JOB OWNER

It ends as well when its standard input closes, which is when `workers.jobs` ends: that one renews the lease. Killed at
any moment, the job is done anew by the next.
"""

import json
import os
import shutil
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog

from campaigns import errands, faults, jobs, log
from campaigns.errands import Bench
from campaigns.errors import PagecastError
from campaigns.jobs import Outcome
from campaigns.runtime import Runtime, now_of
from campaigns.settings import Settings
from schemas.job import Job

_OOM = Path("/proc/self/oom_score_adj")
_ORPHANED = 3

logger = structlog.get_logger(__name__)


def work(runtime: Runtime, ref: str, owner: str) -> bool:
    """Do a job that `owner` has, and settle it; False where it is theirs no more."""
    with runtime.reading() as conn:
        job = jobs.held(conn, ref, owner)
    if job is None:
        return False
    with _folder(runtime.storage, ref) as folder:
        outcome = _done(runtime, job, folder)
        return _settled(runtime, job, outcome, folder)


def _done(runtime: Runtime, job: Job, folder: Path) -> Outcome:
    bench = Bench(runtime, os.environ, folder, job.actor)
    try:
        made = errands.do(bench, job.kind, json.loads(job.arguments))
    except PagecastError as error:
        return Outcome(fault=faults.fault(error))
    return Outcome(result=made.document or None, file=made.file or None)


def _settled(runtime: Runtime, job: Job, outcome: Outcome, folder: Path) -> bool:
    with runtime.writing() as conn:
        settled = jobs.settle(conn, job.ref, job.owner, outcome, now_of(conn))
        if settled and outcome.file:
            # Before anybody can read that it is there.
            at = jobs.folder(runtime.storage, job.ref)
            shutil.rmtree(at, ignore_errors=True)
            folder.rename(at)
    with runtime.reading() as conn:
        jobs.sweep(conn, runtime.storage, now_of(conn))
    return settled


@contextmanager
def _folder(storage: Path, ref: str) -> Iterator[Path]:
    """Yield an empty folder beside those of other jobs, and remove what was not moved out of it."""
    (storage / "jobs").mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=storage / "jobs", prefix=f".{ref}-", ignore_cleanup_errors=True) as scratch:
        (folder := Path(scratch) / "made").mkdir()
        yield folder


def _end_with_parent() -> None:
    """End at once when the standard input closes: whoever renews the lease is gone."""
    # The bare descriptor: a lock on sys.stdin would still be held when the process ends by itself.
    os.read(0, 1)
    os._exit(_ORPHANED)


def main() -> None:
    """Do the job that the command line names."""
    log.configure("errand")
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    with suppress(OSError):
        # Where memory runs out, it is this process and none that sends.
        _OOM.write_text("800")
    _, ref, owner = sys.argv
    runtime = Runtime.open(Settings())
    try:
        if not work(runtime, ref, owner):
            logger.info("job.lost", job=ref)
    except Exception as error:  # noqa: BLE001 - a driver's sentence may quote a row
        trace = "".join(traceback.format_tb(error.__traceback__))
        logger.error("job.crashed", job=ref, error=type(error).__name__, trace=trace)  # noqa: TRY400 - without its words
        raise SystemExit(1) from None
    finally:
        runtime.close()


if __name__ == "__main__":
    main()
