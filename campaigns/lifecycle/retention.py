"""What is kept only for a time: webhook bodies, people's words, and the cells of lists that were sent to.

Everything goes some rows at a time, each time a transaction of its own, so that no claim and no webhook waits for it.
The proof of what happened stays: rows, their states and ids, and that somebody answered.
"""

from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Row, bindparam, text

from campaigns import answers, jobs
from campaigns.inbox import Inbox
from campaigns.runtime import Runtime, now_of

DAY_MS = 86_400_000
_EVENTS = 2_000
_ROWS = 5_000
"""How many ids one look goes over."""

_LATEST = text("SELECT COALESCE(MAX(id), 0) FROM inbound_event WHERE received_at < :before")
# Rows are nearly in the order of their arrival; a restore, or a conversation that is read, brings older ones in later.
_YOUNG = text("SELECT MIN(id) FROM inbound_event WHERE received_at >= :before")
_WORDS = text("""
    SELECT id, delivery_id FROM inbound_event
    WHERE id > :after AND id <= :upto AND received_at < :before AND (text <> '' OR payload <> '')
""")
_FORGET_WORDS = text("UPDATE inbound_event SET text = '', payload = '' WHERE id IN :ids").bindparams(
    bindparam("ids", expanding=True)
)
_FORGET_ANSWERS = text("""
    UPDATE delivery SET reply = NULL WHERE id IN :ids AND replied_at < :before
""").bindparams(bindparam("ids", expanding=True))
_ENDED = text("""
    SELECT id, first_id, last_id FROM campaign
    WHERE state IN ('finished', 'cancelled') AND COALESCE(finished_at, started_at, launched_at, created_at) < :before
    ORDER BY id
""")
_VARIABLES = text("""
    SELECT COUNT(*) FROM delivery
    WHERE id BETWEEN :low AND :high AND campaign_id = :campaign_id AND variables <> '[]'
""")
_FORGET_VARIABLES = text("""
    UPDATE delivery SET variables = '[]'
    WHERE id BETWEEN :low AND :high AND campaign_id = :campaign_id AND variables <> '[]'
""")
# A list that another campaign still needs stays whole.
_LISTS = text("""
    SELECT path FROM recipient_list
    WHERE EXISTS (SELECT 1 FROM campaign WHERE campaign.list_id = recipient_list.id)
      AND NOT EXISTS (SELECT 1 FROM campaign WHERE campaign.list_id = recipient_list.id
        AND (campaign.state NOT IN ('finished', 'cancelled')
             OR COALESCE(finished_at, started_at, launched_at, created_at) >= :before))
    GROUP BY path ORDER BY path
""")


class Retention:
    """One process's passes over what is old; it remembers what it has found done."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._read = 0
        self._without: set[int] = set()

    def tidy(self) -> Iterator[int]:
        """Forget what is due, some rows at a time: yields after each part how many rows it changed, often 0."""
        settings = self._runtime.settings
        with self._runtime.reading() as conn:
            now = now_of(conn)
        with self._runtime.writing() as conn:
            gone = answers.forget_old(conn, now) + jobs.forget_old(conn, now)
        with self._runtime.reading() as conn:
            jobs.sweep(conn, self._runtime.storage, now)
        yield gone
        yield from self._bodies(now - settings.keep_bodies_days * DAY_MS)
        yield from self._words(now - settings.keep_texts_days * DAY_MS)
        if settings.keep_lists_days is not None:
            yield from self._lists(now - settings.keep_lists_days * DAY_MS)

    def _bodies(self, before: int) -> Iterator[int]:
        with Inbox.opened(self._runtime) as inbox:
            while gone := inbox.forget_some(before):
                yield gone
            inbox.forget_refusals(before)

    def _words(self, before: int) -> Iterator[int]:
        with self._runtime.reading() as conn:
            latest = int(conn.execute(_LATEST, {"before": before}).scalar_one())
            young = conn.execute(_YOUNG, {"before": before}).scalar_one() or latest + 1
        for after in range(self._read, latest, _EVENTS):
            yield self._forget_words(after, min(after + _EVENTS, latest), before)
        self._read = min(latest, young - 1)

    def _forget_words(self, after: int, upto: int, before: int) -> int:
        with self._runtime.reading() as conn:
            found = conn.execute(_WORDS, {"after": after, "upto": upto, "before": before}).all()
        if found:
            answered = sorted({row.delivery_id for row in found if row.delivery_id is not None})
            with self._runtime.writing() as conn:
                conn.execute(_FORGET_WORDS, {"ids": [row.id for row in found]})
                conn.execute(_FORGET_ANSWERS, {"ids": answered, "before": before})
        return len(found)

    def _lists(self, before: int) -> Iterator[int]:
        with self._runtime.reading() as conn:
            ended = conn.execute(_ENDED, {"before": before}).all()
        for campaign in ended:
            if campaign.id not in self._without:
                yield from self._variables(campaign)
                self._without.add(campaign.id)
        with self._runtime.reading() as conn:
            paths = [self._runtime.storage / path for path in conn.execute(_LISTS, {"before": before}).scalars()]
        for path in paths:
            yield _stripped(path)

    def _variables(self, campaign: Row[tuple[int, int | None, int | None]]) -> Iterator[int]:
        for low in range(campaign.first_id or 0, (campaign.last_id or -1) + 1, _ROWS):
            facts = {"low": low, "high": low + _ROWS - 1, "campaign_id": campaign.id}
            with self._runtime.reading() as conn:
                n = int(conn.execute(_VARIABLES, facts).scalar_one())
            if n:
                with self._runtime.writing() as conn:
                    conn.execute(_FORGET_VARIABLES, facts)
            yield n


def _stripped(path: Path) -> int:
    from campaigns.audience import erasure  # noqa: PLC0415 - the clock is without polars until a list is due

    return int(path.exists() and erasure.strip(path))
