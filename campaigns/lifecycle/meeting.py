"""What a campaign file finds when it comes again, by its name and its fingerprint."""

from sqlalchemy import Connection

from campaigns.lifecycle import find
from schemas.campaign import Campaign, CampaignState
from schemas.campaign_state import OVER
from schemas.meeting import Meeting

__all__ = ["Meeting", "meet"]


def meet(conn: Connection, title: str, fingerprint: str) -> tuple[Meeting, Campaign | None]:
    """Return what the file of that name finds; an unfinished run may have another fingerprint than the file."""
    runs = find.titled(conn, title)
    for run in runs:
        # A draft that differs is no run: the file's present content takes its place.
        stale = run.state is CampaignState.DRAFT and run.fingerprint != fingerprint
        if run.state not in OVER and not stale:
            return Meeting.UNFINISHED, run
    ended = [run for run in runs if run.state in OVER]
    same = [run for run in ended if run.fingerprint == fingerprint]
    if same:
        return Meeting.FINISHED, same[-1]
    return (Meeting.CHANGED_SINCE, ended[-1]) if ended else (Meeting.NEW, None)
