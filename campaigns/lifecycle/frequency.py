"""Who has had so many messages lately that they get no more for now, as a plan sees it.

The ledger has no index by time and needs none: a campaign's rows stand together, and only those of campaigns that have
sent within the span are read.
"""

from collections.abc import Sequence
from typing import Any

import polars as pl
from sqlalchemy import Connection, Row, bindparam, text

from campaigns.ledger.frequency import HAD
from schemas.campaign_file import PerPerson

_BATCH = 50_000

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
_SCHEMA = {"recipient_id": pl.String, "sender_id": pl.Int64, "sent_at": pl.Int64}


def recent(conn: Connection, cap: PerPerson | None, senders: Sequence[int], own: int, at: int) -> pl.LazyFrame | None:
    """Return who may have no more messages `at` a moment (epoch ms): recipient_id, sender_id, and `free_at` (epoch ms).

    The messages of the campaign `own` itself do not count. None without a cap.
    """
    if cap is None:
        return None
    facts = {"own": own, "since": at - cap.span_ms, "senders": list(senders)}
    parts = [part for row in conn.execute(_SENT_SINCE, facts).all() for part in _had(conn, row, facts)]
    if not parts:
        return pl.LazyFrame(schema={"recipient_id": pl.String, "sender_id": pl.Int64, "free_at": pl.Int64})
    # They are free again when only count - 1 of their messages are younger than the span.
    last = pl.col("sent_at").max() if cap.count == 1 else pl.col("sent_at").top_k(cap.count).min()
    people = pl.concat(parts).lazy().group_by("recipient_id", "sender_id")
    had = people.agg(pl.len().alias("n"), (last + cap.span_ms).alias("free_at"))
    return had.filter(pl.col("n") >= cap.count).drop("n").collect().lazy()


def _had(conn: Connection, row: Row[Any], facts: dict[str, Any]) -> list[pl.DataFrame]:
    bounds = {"low": row.first_id, "high": row.last_id, "id": row.id}
    found = conn.execute(_HAD, facts | bounds, execution_options={"yield_per": _BATCH})
    return [pl.DataFrame(rows, schema=_SCHEMA, orient="row") for rows in found.partitions(_BATCH)]
