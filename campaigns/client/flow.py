"""What is done until there is an answer, for a client of either kind: a flow says each step, and is told what came.

A step is a call to send or a time to wait. A flow asks again where nothing is done twice by that: what has not reached
the server, what it put off (503, 429 and 409 with `Retry-After`), and what it does once however often it comes.

A 202 is a job: the flow asks after it until it has ended. What `do` then returns is what a direct answer would have
held, so nobody who calls it need know which work is long:

    plan = client.do(campaigns.plan(ref))      # a second or ten minutes, and a Plan
"""

import random
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import httpx

from campaigns.client import faults
from campaigns.client.call import Call, Data, Listing, Shown
from campaigns.client.calls import jobs
from schemas.api.jobs import Job
from schemas.job_state import JobState

TRIES = 6
_FIRST_S = 0.2
_LONGEST_S = 30.0
"""Who is put off for longer is told so instead."""
_POLL_S = (0.1, 0.2, 0.5, 1.0)
"""How long after one look at a job the next one comes; the last for all that follow."""
_ENDED = frozenset({JobState.DONE, JobState.FAILED})
_PUT_OFF = {httpx.codes.SERVICE_UNAVAILABLE, httpx.codes.TOO_MANY_REQUESTS}


@dataclass(frozen=True)
class Wait:
    """So many seconds."""

    seconds: float


@dataclass(frozen=True)
class Work:
    """Something on this side that takes long."""

    do: Callable[[], str]


Step = Call[Any] | Wait | Work
Came = httpx.Response | httpx.TransportError | str | None
"""What came of a call or of work; None after a wait."""
Value = TypeVar("Value")
Flow = Generator[Step, Came, Value]


def done(call: Call[Data], url: str) -> Flow[Data]:
    """Do a call; return what it is for. Raises PagecastError."""
    ended = yield from _settled(call, url)
    try:
        return call.shown(ended.result) if isinstance(ended, Job) else call.read(ended)
    except (ValueError, KeyError, TypeError) as error:
        raise faults.misread(url) from error


def opened(call: Call[Any], url: str) -> Flow[httpx.Response]:
    """Ask for a file or a stream; return the answer, which whoever gets it reads and closes. Raises PagecastError."""
    ended = yield from _settled(call.with_stream(), url)
    if isinstance(ended, Job):
        raise faults.misread(url)
    return ended


def page(call: Listing[Shown], url: str) -> Flow[tuple[list[Shown], str | None]]:
    """Ask for one page; return it with the cursor of the next one, None after the last. Raises PagecastError."""
    response = yield from _asked(call, url)
    try:
        return call.read(response), response.json()["meta"]["pagination"]["cursor"]
    except (ValueError, KeyError, TypeError) as error:
        raise faults.misread(url) from error


def _settled(call: Call[Any], url: str) -> Flow[httpx.Response | Job]:
    """Return the answer, or the job that has one."""
    response = yield from _asked(call, url)
    if response.status_code != httpx.codes.ACCEPTED:
        return response
    job = yield from _ended(_job(response, url), url)
    if job.error:
        raise faults.raised(job.error)
    if call.answer is not bytes:
        return job
    return (yield from _asked(replace(jobs.file(job.id), streamed=call.streamed), url))


def _ended(job: Job, url: str) -> Flow[Job]:
    looks = 0
    while job.state not in _ENDED:
        yield Wait(_POLL_S[min(looks, len(_POLL_S) - 1)])
        looks += 1
        job = _job((yield from _asked(jobs.job(job.id), url)), url)
    return job


def _job(response: httpx.Response, url: str) -> Job:
    try:
        return jobs.job("").read(response)
    except (ValueError, KeyError, TypeError) as error:
        raise faults.misread(url) from error


def _asked(call: Call[Any], url: str) -> Flow[httpx.Response]:
    """Return the answer to a call, asked as often as that may help; raises PagecastError."""
    came = yield call
    for attempt in range(TRIES - 1):
        seconds = _again_in(call, came, attempt)
        if seconds is None:
            break
        yield Wait(seconds)
        came = yield call
    if isinstance(came, httpx.TransportError):
        raise faults.unreachable(url, came) from came
    assert isinstance(came, httpx.Response)
    faults.check(url, came)
    return came


def _again_in(call: Call[Any], came: Came, attempt: int) -> float | None:
    """Return after how many seconds to ask again; None where that helps nobody, or could do something twice."""
    if isinstance(came, httpx.TransportError):
        unsent = isinstance(came, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
        return _backoff(attempt) if (unsent or call.repeatable) and not faults.is_refused_for_good(came) else None
    assert isinstance(came, httpx.Response)
    after = _retry_after(came)
    if after is not None and after > _LONGEST_S:
        return None
    if came.status_code in _PUT_OFF:
        return after if after is not None or came.status_code != httpx.codes.SERVICE_UNAVAILABLE else _backoff(attempt)
    return after if _is_in_progress(came) else None


def _is_in_progress(response: httpx.Response) -> bool:
    if response.status_code != httpx.codes.CONFLICT:
        return False
    fault = faults.fault_of(response)
    return fault is not None and fault.code == "request_in_progress"


def _retry_after(response: httpx.Response) -> float | None:
    said = response.headers.get("retry-after", "")
    return float(said) if said.isdecimal() else None


def _backoff(attempt: int) -> float:
    # Not all at once, when a server comes back that many wait for.
    return _FIRST_S * (1 << attempt) * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
