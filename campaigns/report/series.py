"""How a campaign that repeats stands: when it goes out next, and what became of its moments."""

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, text

from campaigns import zones
from campaigns.moments import dated, iso, iso_or_none
from schemas.campaign import Campaign, CampaignState
from schemas.series import OccurrenceState

SHOWN = 10
"""Moments that are shown, the latest first."""

_SERIES = text("SELECT zone, next_at FROM series WHERE campaign_id = :id")
_LATEST = text("""
    SELECT occurrence.at, occurrence.state, occurrence.sentence, campaign.ref, campaign.name,
           campaign.state AS campaign_state
    FROM occurrence LEFT JOIN campaign ON campaign.id = occurrence.campaign_id
    WHERE occurrence.series_id = :id ORDER BY occurrence.at DESC LIMIT :most
""")


@dataclass(frozen=True, slots=True)
class Moment:
    """One moment (epoch ms): what became of it, in a word and a sentence, and its campaign's id where it has one."""

    at: int
    state: OccurrenceState
    sentence: str
    campaign: str | None


@dataclass(frozen=True, slots=True)
class Repetition:
    """`next_at` is in epoch milliseconds, None where there is none; `moments` are the latest ones, last first."""

    zone: str
    next_at: int | None
    moments: tuple[Moment, ...]

    @property
    def document(self) -> dict[str, Any]:
        """The same as JSON."""
        moments = [
            {"at": iso(each.at), "state": each.state.value, "sentence": each.sentence, "id": each.campaign}
            for each in self.moments
        ]
        return {"zone": self.zone, "next": iso_or_none(self.next_at), "moments": moments}

    def shown(self, ms: int) -> str:
        """Return a moment by the clocks of the series' zone."""
        return f"{zones.local(ZoneInfo(self.zone), ms):%a %Y-%m-%d %H:%M} {self.zone}"


def repetition(conn: Connection, campaign_id: int) -> Repetition | None:
    """Return how the series of a campaign stands; None where it does not repeat."""
    row = conn.execute(_SERIES, {"id": campaign_id}).one_or_none()
    if row is None:
        return None
    latest = conn.execute(_LATEST, {"id": campaign_id, "most": SHOWN})
    moments = (
        Moment(each.at, OccurrenceState(each.state), each.sentence or _told(each.name, each.campaign_state), each.ref)
        for each in latest
    )
    return Repetition(row.zone, row.next_at, tuple(moments))


def sentence(found: Campaign, repeats: Repetition, *, staffed: bool | None) -> str:
    """Return how a launched series stands."""
    last = repeats.moments[0] if repeats.moments else None
    trouble = last is not None and last.state is OccurrenceState.PARKED
    aside = f" {repeats.shown(last.at)} was not sent: {last.sentence}" if last and trouble else ""
    match found.state:
        case CampaignState.SCHEDULED:
            alone = " No worker runs here; start `pagecast up`." if staffed is False else ""
            return f"Repeats: {_next(repeats)}.{alone}{aside}"
        case CampaignState.PAUSED:
            return f"{found.sentence or 'Paused.'} What comes meanwhile is left out; resume it to go on.{aside}"
        case CampaignState.FINISHED:
            return f"Finished: no moment of it is left.{aside}"
        case _:
            return found.sentence or f"{found.state.capitalize()}."


def _next(repeats: Repetition) -> str:
    if repeats.next_at is None:
        return "its last moment has come"
    return f"the next goes out on {repeats.shown(repeats.next_at)} ({dated(repeats.next_at)})"


def _told(name: str | None, state: str | None) -> str:
    return f"{name} is {state}." if name else "Its list is being read."
