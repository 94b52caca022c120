"""What is measured of the campaigns that matter now, out of their tallies: rows are never counted for it.

A campaign matters while it is unfinished, and for a day after its end; drafts have nothing to measure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, text

from campaigns.pages import PAUSED
from campaigns.providers import PROVIDERS
from campaigns.report import tallies as tally
from campaigns.report.pages import Standing
from campaigns.report.standing import campaign, standings
from campaigns.report.tallies import Tally
from schemas.campaign import Campaign
from schemas.campaign_state import OVER
from schemas.delivery import DeliveryState
from schemas.job import JobState
from schemas.page import ProviderName
from schemas.reason import Reason

MOST = 200
"""Campaigns that are measured, the unfinished and then the newest first; the others are only counted."""
LASTING_MS = 24 * 3600 * 1000
"""For how long a campaign is measured after its end."""
_LOST = frozenset({Reason.WINDOW_CLOSED, Reason.CLOSES_BEFORE_TURN})
_NO_SECRET = "secret"  # noqa: S105 - a code
"""The code of a page that was parked because its token cannot be had."""

_MATTER = text("""
    SELECT id FROM campaign
    WHERE state NOT IN ('draft', 'finished', 'cancelled') OR (state <> 'draft' AND (finished_at >= :since
        OR EXISTS (SELECT 1 FROM event WHERE event.campaign_id = campaign.id AND kind = 'campaign.cancelled'
                   AND event.at >= :since)))
    ORDER BY CASE WHEN state IN ('finished', 'cancelled') THEN 1 ELSE 0 END, id DESC
""")
_PAGES = text("""
    SELECT DISTINCT page.id, page.name, page.provider, page.parked_at, page.parked_code
    FROM lane JOIN page ON page.id = lane.page_id WHERE lane.campaign_id IN :ids ORDER BY page.name
""").bindparams(bindparam("ids", expanding=True))
# The sentence tells a platform's wish from a pause for doubt, or for a host that nobody reaches.
_SLOWED = text("""
    SELECT campaign_id, page_id, COUNT(*) AS n FROM event
    WHERE campaign_id IN :ids AND kind = 'bucket.paused' AND sentence LIKE '% asked page % to slow down%'
    GROUP BY campaign_id, page_id
""").bindparams(bindparam("ids", expanding=True))
_JOBS = text("SELECT state, COUNT(*) AS n FROM job WHERE state IN ('queued', 'working') GROUP BY state")


@dataclass(frozen=True, slots=True)
class PageGauges:
    """One page; `parked` is '' where it may send, else `paused` (by a person) or the Reason why it cannot."""

    id: int
    name: str
    parked: str


@dataclass(frozen=True, slots=True)
class CampaignGauges:
    """One campaign. `standings` are empty once it has ended; `slowed` counts by page id how often it was throttled."""

    campaign: Campaign
    tallies: Sequence[Tally]
    standings: Sequence[Standing]
    slowed: Mapping[int, int]

    @property
    def pages(self) -> list[int]:
        """Return the ids of the pages that it has people on."""
        return sorted({row.page_id for row in self.tallies} - {0})

    @property
    def lost(self) -> dict[Reason, int]:
        """Return the people whose window closed before their message, by reason, zeros included."""
        found = tally.reasons(self.tallies, {DeliveryState.SKIPPED, DeliveryState.FAILED})
        return {reason: found.get(reason, 0) for reason in sorted(_LOST)}


@dataclass(frozen=True, slots=True)
class Gauges:
    """All that is measured at one moment; `left_out` campaigns matter too, and are too many.

    `jobs` counts the long work that is asked for and not done, by its state.
    """

    campaigns: Sequence[CampaignGauges]
    left_out: int
    pages: Sequence[PageGauges]
    jobs: Mapping[JobState, int]


def gauges(conn: Connection, now_ms: int, *, staffed: bool | None = None) -> Gauges:
    """Return what is measured at `now_ms` by the database's clock; `staffed` as for `status`."""
    ids = conn.execute(_MATTER, {"since": now_ms - LASTING_MS}).scalars().all()
    shown = ids[:MOST]
    slowed: dict[int, dict[int, int]] = {}
    for row in conn.execute(_SLOWED, {"ids": shown}):
        slowed.setdefault(row.campaign_id, {})[row.page_id] = row.n
    measured = [_campaign(conn, each, slowed.get(each, {}), now_ms, staffed=staffed) for each in shown]
    pages = [
        PageGauges(row.id, row.name, "" if row.parked_at is None else _why(row.provider, row.parked_code))
        for row in conn.execute(_PAGES, {"ids": shown})
    ]
    jobs = {JobState.QUEUED: 0, JobState.WORKING: 0} | {JobState(row.state): row.n for row in conn.execute(_JOBS)}
    return Gauges(measured, len(ids) - len(shown), pages, jobs)


def _campaign(
    conn: Connection, campaign_id: int, slowed: Mapping[int, int], now_ms: int, *, staffed: bool | None
) -> CampaignGauges:
    found = campaign(conn, campaign_id)
    rows = tally.tallies(conn, campaign_id)
    stands = [] if found.state in OVER else standings(conn, found, rows, now_ms, staffed=staffed)
    return CampaignGauges(found, rows, stands, slowed)


def _why(provider: str, code: str | None) -> str:
    """Return what a page is parked for: `paused`, or a Reason; an answer that was not the platform's is its fault."""
    if code == PAUSED:
        return PAUSED
    if code == _NO_SECRET:
        return Reason.TOKEN_INVALID
    return PROVIDERS[ProviderName(provider)].reason(code or "") or Reason.PROVIDER_ERROR
