"""A campaign's numbers as its screen shows them: every row of the list stands under one of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from campaigns.report.pages import accepted, left
from campaigns.web.dashboard import chips, moments
from campaigns.web.dashboard.campaign.seen import Seen
from schemas.campaign import CampaignState
from schemas.campaign_state import OVER
from schemas.delivery import DUPLICATE, REJECTED, DeliveryState
from schemas.status import PageStatus

_ALWAYS = frozenset({"accepted", "failed", "unknown"})
_ORDER = (
    DeliveryState.SENDING,
    DeliveryState.PENDING,
    DeliveryState.UNKNOWN,
    DeliveryState.ASSUMED_SENT,
    DeliveryState.FAILED,
    DeliveryState.SKIPPED,
    DeliveryState.CANCELLED,
    REJECTED,
    DUPLICATE,
)


_LAST = DeliveryState.PENDING


@dataclass(frozen=True, slots=True)
class Counter:
    """`n` rows; `aside` says more about them. `key` is a state; `accepted` stands for those received since, too."""

    key: str
    word: str
    n: int
    aside: str = ""

    @property
    def tone(self) -> str:
        """The theme's tone of the state."""
        return chips.DELIVERY[self.key].tone


def counters(seen: Seen) -> tuple[Counter, ...]:
    """Return what became of every row: the numbers add up to the rows."""
    counts = seen.standing.counts
    first = Counter("accepted", f"Accepted by {seen.platform}", accepted(counts), _received(seen))
    rest = (Counter(str(key), chips.DELIVERY[key].word, counts[key]) for key in _ORDER)
    waits = seen.state not in OVER
    return tuple(each for each in (first, *rest) if each.n or each.key in _ALWAYS or (each.key == _LAST and waits))


def outcomes(shown: Sequence[Counter]) -> tuple[Counter, ...]:
    """Return what has rows in the order of a bar: who waits stands last."""
    return tuple(sorted((each for each in shown if each.n), key=lambda each: each.key == _LAST))


def average(seen: Seen) -> float | None:
    """Return messages per second from the start on, pauses and all; None where there is nothing to divide."""
    since, until = seen.campaign.started_at, seen.campaign.finished_at or seen.now
    n = accepted(seen.standing.counts)
    if not since or not n or seen.state is CampaignState.CANCELLED:
        return None
    return n * 1000 / max(1000, until - since)


def coming(seen: Seen) -> tuple[str, int] | None:
    """Return what comes next by itself, and when (epoch ms); None where nothing does."""
    found, state = seen.campaign, seen.state
    running = state is CampaignState.SENDING
    rest = left(seen.standing.counts)
    told = [
        ("Starts", found.start_at if state is CampaignState.SCHEDULED else None),
        ("Goes on", found.hold_until if running else None),
        ("Holds, outside its hours", found.open_until if running and rest else None),
        ("Ends, whoever is left", found.not_after if state not in OVER and state is not CampaignState.DRAFT else None),
        ("Closes for late answers", found.keep_open_until if running and not rest else None),
        *((f"Page {page.name} goes on", moments.epoch(page.until) if page.until else None) for page in _waiting(seen)),
    ]
    return min(((what, at) for what, at in told if at and at > seen.now), key=lambda each: each[1], default=None)


def done(seen: Seen) -> tuple[str, str] | None:
    """Return when it is done, how far away and exactly; None where that cannot be told."""
    if seen.campaign.finished_at and seen.state in OVER:
        return moments.away(seen.campaign.finished_at, seen.now), seen.stamp(seen.campaign.finished_at)
    if not seen.standing.eta or seen.state is not CampaignState.SENDING:
        return None
    at = moments.epoch(seen.standing.eta)
    return moments.away(at, seen.now), seen.stamp(at)


def _waiting(seen: Seen) -> list[PageStatus]:
    return [page for page in seen.standing.pages if page.until] if seen.state is CampaignState.SENDING else []


def _received(seen: Seen) -> str:
    counts = seen.standing.counts
    word = "read" if seen.receipts else "seen"
    delivered = counts["delivered"] + counts["read"] if seen.receipts else 0
    told = [f"{delivered:,} delivered"] if delivered else []
    return ", ".join([*told, *([f"{counts['read']:,} {word}"] if counts["read"] else [])])
