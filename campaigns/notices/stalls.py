"""Campaigns that may send, have people left, and send to nobody: each stall is one event, and so is its end."""

import time

from sqlalchemy import Connection, bindparam, text

from campaigns import events, locks
from campaigns.moments import lasting
from campaigns.report.standing import status
from campaigns.runtime import Runtime, now_of
from schemas.campaign import CampaignState
from schemas.lane import LaneState
from schemas.notice import NoticeKind
from schemas.status import Status

EVERY = 10.0
"""Seconds between looks; twenty times what a look takes, where that is more."""
LASTING = 60.0
"""Seconds of standing still that are worth an event."""

_SENDING = text("SELECT id FROM campaign WHERE state = 'sending' ORDER BY id")
# What else is told of a campaign (a deadline, a rescue) says nothing about whether it stands still.
_TURNS = {"kinds": [kind.value for kind in NoticeKind if kind not in {NoticeKind.DEADLINE, NoticeKind.ASLEEP}]}
_LAST = text("""
    SELECT kind, at FROM event WHERE campaign_id = :id AND kind IN :kinds ORDER BY id DESC LIMIT 1
""").bindparams(bindparam("kinds", expanding=True))


class Stalls:
    """Looks at every sending campaign now and then; since when each stands still is in this process's memory."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._due = 0.0
        self._since: dict[int, float] = {}

    def look(self, now: float) -> None:
        """Look, where it is time; `now` in monotonic seconds."""
        if now < self._due:
            return
        began = time.monotonic()
        with self._runtime.reading() as conn:
            sending = conn.execute(_SENDING).scalars().all()
        self._since = {campaign_id: since for campaign_id, since in self._since.items() if campaign_id in sending}
        for campaign_id in sending:
            self._look_at(campaign_id, now)
        self._due = now + max(EVERY, 20 * (time.monotonic() - began))

    def _look_at(self, campaign_id: int, now: float) -> None:
        with self._runtime.reading() as conn:
            stands = status(conn, campaign_id, now_of(conn), staffed=self._runtime.staffed)
        if why := standstill(stands):
            if now - self._since.setdefault(campaign_id, now) >= LASTING:
                self._tell(campaign_id, why)
        else:
            self._since.pop(campaign_id, None)
            if any(page.state is LaneState.SENDING for page in stands.pages):
                self._tell(campaign_id, None)

    def _tell(self, campaign_id: int, why: str | None) -> None:
        """Record that a campaign stands still, or that it no longer does, unless that is the last thing said of it."""
        with self._runtime.reading() as conn:
            if (_stalled_at(conn, campaign_id) is not None) == bool(why):
                return
        with self._runtime.writing() as conn:
            # Two clocks tell it once.
            locks.turn(conn, "stalls")
            since, now = _stalled_at(conn, campaign_id), now_of(conn)
            if why and since is None:
                events.record(conn, now, NoticeKind.STALLED, "clock", why, campaign_id=campaign_id)
            elif since is not None and not why:
                said = f"Goes on, {lasting(now - since)} after it was said to stand still."
                events.record(conn, now, NoticeKind.MOVING, "clock", said, campaign_id=campaign_id)


def _stalled_at(conn: Connection, campaign_id: int) -> int | None:
    """Return when a campaign was said to stand still (epoch ms), where nothing was said since."""
    last = conn.execute(_LAST, _TURNS | {"id": campaign_id}).one_or_none()
    return last.at if last is not None and last.kind == NoticeKind.STALLED else None


def standstill(stands: Status) -> str | None:
    """Return why a campaign stands still that should not; None while it sends, or waits for a known moment."""
    if stands.state is not CampaignState.SENDING or any(page.state is LaneState.SENDING for page in stands.pages):
        return None
    return next(
        (page.sentence for page in stands.pages if page.state is LaneState.WAITING and page.until is None), None
    )
