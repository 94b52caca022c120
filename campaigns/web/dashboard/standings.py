"""How campaigns stand, read at most once a second however many people look."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from threading import Lock

from campaigns import report
from campaigns.runtime import Runtime, now_of
from schemas.campaign import Campaign, CampaignState
from schemas.status import Status

FRESH = 0.9
"""Seconds: shorter than a screen's own second, so that each of its looks sees something new."""
_RESTING = 30.0
_AT_REST = frozenset({CampaignState.DRAFT, CampaignState.FINISHED, CampaignState.CANCELLED})
_MOST = 1_000


@dataclass(frozen=True, slots=True)
class _Read:
    state: CampaignState
    ended: int | None
    status: Status
    at: float


class Standings:
    """One for a process; it asks the database, so call it in a thread. `clock` is in seconds."""

    def __init__(self, runtime: Runtime, clock: Callable[[], float] = time.monotonic) -> None:
        self._runtime = runtime
        self._clock = clock
        self._lock = Lock()
        self._read: dict[str, _Read] = {}

    def of(self, campaigns: Iterable[Campaign]) -> dict[str, Status]:
        """Return how these campaigns stand, by id; what nothing happens to is looked at twice a minute."""
        wanted = list(campaigns)
        with self._lock:
            stale = [each for each in wanted if not self._is_fresh(each)]
            if stale:
                self._look(stale)
            return {each.ref: self._read[each.ref].status for each in wanted}

    def _is_fresh(self, campaign: Campaign) -> bool:
        known = self._read.get(campaign.ref)
        lasts = _RESTING if campaign.state in _AT_REST else FRESH
        if known is None or self._clock() - known.at >= lasts:
            return False
        # One that a retry opened again may have ended again since.
        return (known.state, known.ended) == (campaign.state, campaign.finished_at)

    def _look(self, campaigns: list[Campaign]) -> None:
        if len(self._read) > _MOST:
            self._read.clear()
        with self._runtime.reading() as conn:
            now, staffed = now_of(conn), self._runtime.staffed
            for each in campaigns:
                status = report.status(conn, each.id or 0, now, staffed=staffed)
                self._read[each.ref] = _Read(each.state, each.finished_at, status, self._clock())
