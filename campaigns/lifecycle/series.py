"""Campaigns that repeat, as rows: what is due of a series, and what its verbs mean for the campaigns of its moments."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

from campaigns import events, locks
from campaigns.lifecycle import find
from schemas.campaign import Campaign

HELD = "Paused with its series"
"""How the sentence of a campaign begins that was paused, and goes on, with its series."""

# Also the series that has nothing left to begin: somebody has to say that it is finished.
_DUE = text("""
    SELECT campaign.ref FROM series JOIN campaign ON campaign.id = series.campaign_id
    WHERE (campaign.state = 'scheduled' AND (series.next_at IS NULL OR series.next_at <= :now))
       OR (campaign.state IN ('scheduled', 'cancelled') AND EXISTS
           (SELECT 1 FROM occurrence WHERE occurrence.series_id = series.campaign_id AND occurrence.state = 'planning'))
    ORDER BY series.next_at, series.campaign_id
""")
_UPCOMING = text("""
    SELECT campaign.ref, series.next_at FROM series JOIN campaign ON campaign.id = series.campaign_id
    WHERE campaign.state = 'scheduled'
""")
_IS_ONE = text("SELECT 1 FROM series WHERE campaign_id = :id")
_OPEN = text("""
    SELECT campaign.id FROM occurrence JOIN campaign ON campaign.id = occurrence.campaign_id
    WHERE occurrence.series_id = :id AND campaign.state IN ('sending', 'scheduled', 'paused') ORDER BY campaign.id
""")
_PAUSE = text("""
    UPDATE campaign SET state = 'paused', sentence = :sentence
    WHERE state IN ('sending', 'scheduled') AND id IN (SELECT campaign_id FROM occurrence WHERE series_id = :id)
    RETURNING id
""")
_HELD = text("""
    SELECT campaign.id FROM occurrence JOIN campaign ON campaign.id = occurrence.campaign_id
    WHERE occurrence.series_id = :id AND campaign.state = 'paused' AND campaign.sentence LIKE :held ORDER BY campaign.id
""")
_BEGIN = text("UPDATE series SET next_at = :first, since = :since WHERE campaign_id = :id")
_SINCE = text("UPDATE series SET since = :since WHERE campaign_id = :id")
_STATE = text("SELECT state FROM campaign WHERE id = :id")
_KEEP = text("INSERT INTO series (campaign_id, folder, zone, since) VALUES (:id, :folder, :zone, 0)")
_MOVE = text("UPDATE series SET folder = :folder WHERE campaign_id = :id")
_COPY = text("""
    INSERT INTO series (campaign_id, folder, zone, since)
    SELECT :new, folder, zone, 0 FROM series WHERE campaign_id = :id
""")


def due(conn: Connection, now: int) -> Sequence[str]:
    """Return the ids, as people say them, of the series that somebody has to work on at `now` (epoch ms)."""
    return [str(ref) for ref in conn.execute(_DUE, {"now": now}).scalars()]


def upcoming(conn: Connection) -> dict[str, int | None]:
    """Return when each series that is on goes out next (epoch ms), by its campaign's id as people say it."""
    return {row.ref: row.next_at for row in conn.execute(_UPCOMING)}


def is_one(conn: Connection, campaign: Campaign) -> bool:
    """Whether a campaign repeats."""
    return conn.execute(_IS_ONE, {"id": campaign.id}).first() is not None


def keep(conn: Connection, campaign_id: int, folder: str, zone: str) -> None:
    """Store a draft's series; `folder` is what its list's path is relative to."""
    conn.execute(_KEEP, {"id": campaign_id, "folder": folder, "zone": zone})


def move(conn: Connection, campaign_id: int, folder: str) -> None:
    """Look for the list of a series, where it is one, beside `folder` from now on."""
    conn.execute(_MOVE, {"id": campaign_id, "folder": folder})


def copy(conn: Connection, campaign_id: int, new: int) -> None:
    """Let a copy repeat where the campaign does."""
    conn.execute(_COPY, {"id": campaign_id, "new": new})


def begin(conn: Connection, series: Campaign, first: int, since: int) -> None:
    """Let a launched series go on from its moment `first`; both in epoch milliseconds."""
    conn.execute(_BEGIN, {"first": first, "since": since, "id": series.id})


def lets_start(conn: Connection, series_id: int) -> bool:
    """Whether campaigns of a series may start now: it is neither paused nor cancelled. Its row is locked then."""
    # Whoever pauses it at this moment holds the row: the next tick sees what became of it.
    if not locks.campaign(conn, series_id, wait=False):
        return False
    return conn.execute(_STATE, {"id": series_id}).scalar_one() not in {"paused", "cancelled"}


def pause(conn: Connection, series: Campaign, actor: str, now: int) -> list[Campaign]:
    """Pause what a paused series has under way, and return that. The caller holds the series' row."""
    said = f"{HELD} by {actor}."
    paused = conn.execute(_PAUSE, {"id": series.id, "sentence": said}).all()
    for row in paused:
        events.record(conn, now, "campaign.paused", actor, said, campaign_id=row.id)
    return _campaigns(conn, paused)


def held(conn: Connection, series: Campaign) -> list[Campaign]:
    """Return the campaigns that were paused with their series."""
    return _campaigns(conn, conn.execute(_HELD, {"id": series.id, "held": f"{HELD}%"}).all())


def unfinished(conn: Connection, series: Campaign) -> list[Campaign]:
    """Return the launched campaigns of a series that have not ended."""
    return _campaigns(conn, conn.execute(_OPEN, {"id": series.id}).all())


def leave_out_before(conn: Connection, series: Campaign, moment: int) -> None:
    """Let what was due before a moment (epoch ms) pass."""
    conn.execute(_SINCE, {"id": series.id, "since": moment})


def _campaigns(conn: Connection, rows: Sequence[Row[Any]]) -> list[Campaign]:
    return [find.by_id(conn, row.id) for row in rows]
