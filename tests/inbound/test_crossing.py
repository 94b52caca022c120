"""Events that come in while a worker claims and settles, on PostgreSQL: nobody is missed or waits in a circle."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from campaigns import locks
from campaigns.ledger import chunks
from campaigns.ledger.chunks import Held
from campaigns.ledger.claims import claim
from campaigns.runtime import now_of
from schemas.reason import Reason

pytestmark = pytest.mark.databases("postgresql")

_WAITS = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


@pytest.fixture
def held(post):
    with post.runtime.writing() as conn:
        return chunks.acquire(conn, 1, "here:1", now_of(conn))


def meanwhile(post, pool, *items):
    """Let items come in; return once that is done, or stands before a lock."""
    coming = pool.submit(post.come, *items)
    through = threading.Event()
    coming.add_done_callback(lambda _: through.set())
    for _ in range(500):
        with post.runtime.reading() as conn:
            if conn.execute(_WAITS).scalar_one():
                return coming
        if through.wait(0.01):
            return coming
    raise AssertionError("what comes in neither ends nor waits")


def claiming(conn, held, prepare, want=1):
    return claim(conn, held, prepare, name="c2", want=want, now=now_of(conn), after=0)


def test_who_writes_while_their_claim_finds_the_window_closed_is_sent_to(post, held):
    late = post.table("SELECT id FROM delivery WHERE state = 'pending' ORDER BY id")[0]["id"]
    with ThreadPoolExecutor(1) as pool:
        with post.runtime.writing() as conn:
            claimed = claiming(conn, held, lambda row, _i: Reason.WINDOW_CLOSED if row.id == late else row)
            coming = meanwhile(post, pool, post.says(post.person(late), "wait, I am here", seconds=1))
        coming.result(10)
    assert (claimed.skipped, post.row(late)["state"]) == (1, "pending")
    assert post.row(late)["closes_at"] == post.at(1) + 86_400_000


def test_events_and_claims_do_not_wait_in_a_circle(post):
    """They hold the chunk before its rows: a claim that lost to them would cost a page a second of its pace."""
    out = post.send(2)
    held = Held(1, post.campaign.id, 1, 1, "here:1")
    waiting = post.table("SELECT id FROM delivery WHERE state = 'pending' ORDER BY id")[0]["id"]
    with ThreadPoolExecutor(1) as pool:
        with post.runtime.writing() as conn:
            locks.chunk(conn, held.chunk_id)
            items = [post.says(post.person(waiting), "hello", seconds=1)]
            items += [post.read(post.person(row), mid=f"m-{row}", seconds=2) for row in out]
            coming = meanwhile(post, pool, *items)
            got = claiming(conn, held, lambda row, _i: row).rows
        coming.result(10)
    assert [row.id for row in got] == [waiting]
    assert {post.row(row)["state"] for row in out} == {"read"}
