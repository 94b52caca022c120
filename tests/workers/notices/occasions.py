"""Who is to be told, what happens meanwhile, and what is queued."""

from contextlib import contextmanager

from sqlalchemy import text

from campaigns import events
from campaigns.lifecycle.advance import advance
from campaigns.notices import targets
from campaigns.runtime import now_of
from schemas.notice import NoticeKind, Way
from tests import factories
from tests.factories import select

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


OTHER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"


@contextmanager
def writing(runtime):
    with runtime.writing() as conn:
        yield conn, now_of(conn)


def add(runtime, url, *, name="ops", secret="@{secret:OPS_SIGNING}", on="", way=Way.WEBHOOK):
    with writing(runtime) as (conn, now):
        targets.add(conn, targets.entered(name, way, url, secret, on), now, "test")


def happen(runtime, kind=NoticeKind.STOPPED, sentence="Stopped.", **about):
    with writing(runtime) as (conn, now):
        events.record(conn, now, kind, "test", sentence, **about)


def time_passes(runtime, ms):
    with writing(runtime) as (conn, _):
        conn.execute(text("UPDATE notice SET due_at = due_at - :ms WHERE state = 'queued'"), {"ms": ms})


def stored(runtime):
    return select(runtime, "SELECT * FROM notice ORDER BY id")


def finished(runtime, folder):
    """Let a campaign of five people finish, as the clock sees it."""
    campaign = factories.launched(runtime, folder, factories.people(5))
    with writing(runtime) as (conn, now):
        conn.execute(text("UPDATE delivery SET state = 'accepted'"))
        conn.execute(text("UPDATE tally SET state = 'accepted' WHERE state = 'pending'"))
        conn.execute(text("UPDATE campaign SET state = 'sending', started_at = :now"), {"now": now})
        advance(conn, now)
    return campaign
