"""Row locks for what must not change between a look and a write.

SQLite has one writer, which holds everything from its first moment on: there nothing is left to do. On PostgreSQL a
lock lasts until the transaction ends, and a statement after it sees what others committed before.

The order, so that nobody waits in a circle: campaign, chunks by id, lane or page, deliveries by id, tallies by chunk.
Whoever works for many at once (the clock, the verbs) skips what is locked: it belongs to somebody alive, and is looked
at again. A writer's batch keeps the order only step by step, so it may lose against another and is then redone.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import ColumnElement, Connection, Engine, Select, bindparam, column, select, table, text
from sqlalchemy.exc import DBAPIError

from campaigns.database import SQLITE

_CHUNK, _CAMPAIGN, _PAGE = (table(name, column("id")) for name in ("chunk", "campaign", "page"))
_LANE = table("lane", column("campaign_id"), column("page_id"))
_DEADLOCK = "40P01"

Found = Select[int]


def _both(key: ColumnElement[int], *which: ColumnElement[bool]) -> tuple[Found, Found]:
    """Return the lock that skips what others hold, and the one that waits for it."""
    found = select(key).where(*which).order_by(key)
    return found.with_for_update(skip_locked=True), found.with_for_update()


_CHUNKS = _both(_CHUNK.c.id, _CHUNK.c.id.in_(bindparam("ids", expanding=True)))
_ONE_CHUNK = _both(_CHUNK.c.id, _CHUNK.c.id == bindparam("id"))
_ONE_CAMPAIGN = _both(_CAMPAIGN.c.id, _CAMPAIGN.c.id == bindparam("id"))
_ONE_PAGE = _both(_PAGE.c.id, _PAGE.c.id == bindparam("id"))
_ONE_LANE = _both(
    _LANE.c.page_id, _LANE.c.campaign_id == bindparam("campaign_id"), _LANE.c.page_id == bindparam("page_id")
)
_CHUNKS_OF = text("""
    SELECT DISTINCT chunk_id FROM delivery WHERE id IN :ids AND chunk_id IS NOT NULL
""").bindparams(bindparam("ids", expanding=True))
_MOST_NAMED = 5_000
"""Ids in one statement."""
_TURN = text("SELECT pg_advisory_xact_lock(hashtextextended(:word, 0))")
_HOLD = text("SELECT pg_advisory_lock(hashtextextended(:word, 0))")
_LET_GO = text("SELECT pg_advisory_unlock(hashtextextended(:word, 0))")


def campaign(conn: Connection, campaign_id: int, *, wait: bool = True) -> bool:
    """Lock a campaign's row; False where others have it and `wait` is False, or there is none."""
    return _locked(conn, _ONE_CAMPAIGN, wait, id=campaign_id)


def chunk(conn: Connection, chunk_id: int, *, wait: bool = True) -> bool:
    """Lock a chunk, and with it its deliveries and tallies; False as for a campaign."""
    return _locked(conn, _ONE_CHUNK, wait, id=chunk_id)


def chunks(conn: Connection, ids: Sequence[int], *, wait: bool = True) -> Sequence[int]:
    """Lock several chunks; return those that were had, all that there are where it waits."""
    if _alone(conn):
        return ids
    return [row.id for row in conn.execute(_CHUNKS[wait], {"ids": ids})]


def chunks_of(conn: Connection, delivery_ids: Sequence[int]) -> None:
    """Lock the chunks of deliveries: what is read of these from now on stays until the transaction ends."""
    if _alone(conn):
        return
    parts = [delivery_ids[start : start + _MOST_NAMED] for start in range(0, len(delivery_ids), _MOST_NAMED)]
    found = {chunk_id for part in parts for chunk_id in conn.execute(_CHUNKS_OF, {"ids": part}).scalars()}
    if found:
        chunks(conn, sorted(found))


def lane(conn: Connection, campaign_id: int, page_id: int, *, wait: bool = True) -> bool:
    """Lock a lane; False as for a campaign."""
    return _locked(conn, _ONE_LANE, wait, campaign_id=campaign_id, page_id=page_id)


def page(conn: Connection, page_id: int) -> None:
    """Lock a page."""
    _locked(conn, _ONE_PAGE, True, id=page_id)


def turn(conn: Connection, word: str) -> None:
    """Wait until nobody else is in a transaction that took the turn of this name."""
    if not _alone(conn):
        conn.execute(_TURN, {"word": f"pagecast {word}"})


@contextmanager
def held(engine: Engine, word: str) -> Iterator[None]:
    """Keep what this word names from the other machines of a database, over several transactions."""
    if _alone(engine):
        yield
        return
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.execute(_HOLD, {"word": f"pagecast {word}"})
        try:
            yield
        finally:
            conn.execute(_LET_GO, {"word": f"pagecast {word}"})


def crossed(error: BaseException) -> bool:
    """Whether two waited for each other after all and the database ended this one: it may simply try again."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) == _DEADLOCK


def _locked(conn: Connection, lock: tuple[Found, Found], wait: bool, **key: int) -> bool:
    return _alone(conn) or conn.execute(lock[wait], key).first() is not None


def _alone(bind: Connection | Engine) -> bool:
    return bind.dialect.name == SQLITE
