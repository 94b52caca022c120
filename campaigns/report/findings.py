"""What a reader of the report should know first, one plain sentence each, the most urgent first."""

from collections.abc import Iterator

from campaigns.moments import people
from campaigns.report.pages import accepted, left
from schemas.lane import LaneState
from schemas.meaning import meaning
from schemas.status import Status

_SLOW = 0.8
"""Below this share of the asked rate a report says so."""


def findings(status: Status, asked: float, average: float | None, replied: int) -> list[str]:
    """Return the findings; `asked` and `average` in messages per second, `average` None where too little was sent."""
    return [*_urgent(status), *_losses(status), *_pace(asked, average), *_responses(status, replied)]


def _urgent(status: Status) -> Iterator[str]:
    for page in status.pages:
        if page.state is LaneState.PARKED and left(page.counts):
            yield f"{people(left(page.counts))} of page {page.name} still wait. {page.sentence}"
    if unknown := status.counts["unknown"]:
        yield (
            f"{people(unknown)} may or may not have got the message, and nobody was sent to again. "
            f"Look at the conversations, then `pagecast resolve {status.id} --as sent`, or `not-sent`, or `send-again`."
        )


def _losses(status: Status) -> Iterator[str]:
    for word, state in (("refused", "failed"), ("set aside before sending", "skipped")):
        if n := status.counts[state]:
            yield f"{people(n)} ({_share(n, status.total)}) {'was' if n == 1 else 'were'} {word}."
    if status.reasons:
        reason, n = next(iter(status.reasons.items()))
        told = meaning(reason)
        yield f"The most frequent reason is `{reason}` ({n:,}). {told.sentence} {told.next_step}"


def _pace(asked: float, average: float | None) -> Iterator[str]:
    if average is not None and asked > 0 and average < asked * _SLOW:
        yield f"The average was {average:,.1f}/s, {average / asked:.0%} of the {asked:,.1f}/s asked for."


def _responses(status: Status, replied: int) -> Iterator[str]:
    through = accepted(status.counts)
    if through and (read := status.counts["read"]):
        yield f"{people(read)} ({_share(read, through)} of those accepted) opened the message."
    if through and replied:
        yield f"{people(replied)} ({_share(replied, through)} of those accepted) wrote back."


def _share(n: int, of: int) -> str:
    return f"{n / of:.1%}" if of else "0%"
