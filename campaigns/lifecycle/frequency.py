"""Who has had so many messages lately that they get no more for now, as a plan sees it.

The ledger has no index by time and needs none: a campaign's rows stand together, and only those of campaigns that have
sent within the span are read. Where the list is short beside them, its people are looked up one by one instead.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl
from sqlalchemy import Connection, bindparam, text

from campaigns.audience.erasure import recipients
from campaigns.ledger.batch import Batch
from campaigns.ledger.frequency import HAD
from schemas.campaign_file import PerPerson

_BATCH = 50_000
_ASKED = 5_000
_LOOK_UP = 10
"""Rows read in a row while the index leads to one person's."""

_SENT_SINCE = text("""
    SELECT campaign.id, campaign.first_id, campaign.last_id FROM campaign
    WHERE campaign.id <> :own AND campaign.first_id IS NOT NULL AND campaign.state NOT IN ('draft', 'scheduled')
      AND (campaign.state NOT IN ('finished', 'cancelled') OR COALESCE(campaign.finished_at,
           (SELECT MAX(event.at) FROM event WHERE event.campaign_id = campaign.id
            AND event.kind = 'campaign.cancelled'), :since + 1) > :since)
      AND EXISTS (SELECT 1 FROM lane JOIN page ON page.id = lane.page_id
                  WHERE lane.campaign_id = campaign.id AND page.sender_id IN :senders)
    ORDER BY campaign.id
""").bindparams(bindparam("senders", expanding=True))
_HAD = text(f"""
    SELECT recipient_id, sender_id, sent_at FROM delivery
    WHERE id BETWEEN :low AND :high AND campaign_id = :id AND sender_id IN :senders
      AND state IN {HAD} AND sent_at > :since
""").bindparams(bindparam("senders", expanding=True))  # noqa: S608 - states of our own
_HAD_BY = Batch(
    f"""
    SELECT delivery.recipient_id, delivery.sender_id, delivery.sent_at
    FROM given JOIN delivery ON delivery.sender_id = given.sender_id AND delivery.recipient_id = given.recipient_id
    WHERE delivery.campaign_id <> :own AND delivery.state IN {HAD} AND delivery.sent_at > :since
    """,  # noqa: S608 - states of our own
    sender_id=int,
    recipient_id=str,
)
_SCHEMA = {"recipient_id": pl.String, "sender_id": pl.Int64, "sent_at": pl.Int64}


def recent(
    conn: Connection,
    cap: PerPerson | None,
    senders: Sequence[int],
    *,
    own: int,
    at: int,
    listed: Path,
) -> pl.LazyFrame | None:
    """Return who may have no more messages `at` a moment (epoch ms): recipient_id, sender_id, and `free_at` (epoch ms).

    The messages of the campaign `own` itself do not count; `listed` is its stored list. None without a cap.
    """
    if cap is None:
        return None
    facts = {"own": own, "since": at - cap.span_ms, "senders": list(senders)}
    parts = list(_had(conn, facts, listed))
    if not parts:
        return pl.LazyFrame(schema={"recipient_id": pl.String, "sender_id": pl.Int64, "free_at": pl.Int64})
    # They are free again when only count - 1 of their messages are younger than the span.
    last = pl.col("sent_at").max() if cap.count == 1 else pl.col("sent_at").top_k(cap.count).min()
    people = pl.concat(parts).lazy().group_by("recipient_id", "sender_id")
    had = people.agg(pl.len().alias("n"), (last + cap.span_ms).alias("free_at"))
    return had.filter(pl.col("n") >= cap.count).drop("n").collect().lazy()


def _had(conn: Connection, facts: dict[str, Any], listed: Path) -> Iterator[pl.DataFrame]:
    """Yield the messages of the span: recipient_id, sender_id, sent_at."""
    campaigns = conn.execute(_SENT_SINCE, facts).all()
    rows = sum(row.last_id - row.first_id + 1 for row in campaigns)
    people = len(facts["senders"]) * pl.scan_parquet(listed, glob=False).select(pl.len()).collect().item()
    if rows and people * _LOOK_UP < rows:
        yield from _looked_up(conn, facts, listed)
        return
    for row in campaigns:
        bounds = {"low": row.first_id, "high": row.last_id, "id": row.id}
        found = conn.execute(_HAD, facts | bounds, execution_options={"yield_per": _BATCH})
        for part in found.partitions(_BATCH):
            yield pl.DataFrame(part, schema=_SCHEMA, orient="row")


def _looked_up(conn: Connection, facts: dict[str, Any], listed: Path) -> Iterator[pl.DataFrame]:
    for people in recipients(listed):
        for some in people.drop_nulls().to_frame().iter_slices(_ASKED):
            asked = [(sender_id, person) for sender_id in facts["senders"] for person in some.to_series()]
            found = _HAD_BY.run(conn, asked, own=facts["own"], since=facts["since"]).all()
            yield pl.DataFrame(found, schema=_SCHEMA, orient="row")
