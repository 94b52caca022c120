"""The ledger's rows, a page at a time, by state and reason, or those of one person.

A million rows take a tenth of a second to go through, and an index on states would be paid for by every claim. So the
tallies say which chunks have such rows at all, and only their stretches of the ledger are read. People whom the plan
set aside are in no chunk, and are gone through together: 10 ms for each hundred thousand of them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import itemgetter

from sqlalchemy import Connection, RowMapping, text

from campaigns.moments import iso_or_none
from campaigns.report.tallies import IMPLIED
from schemas.campaign import Campaign
from schemas.delivery import DeliveryState
from schemas.page import Channel
from schemas.reason import Reason
from schemas.row import Row

_NEAR = 2_000
"""Stretches with no more rows than this between them are read as one: that costs less than another statement."""

_SELECT = """
    SELECT delivery.*, page.name AS page, page.channel FROM delivery JOIN page ON page.id = delivery.page_id
    WHERE delivery.campaign_id = :campaign_id AND delivery.id BETWEEN :low AND :high
"""
_ANY = text(f"{_SELECT} ORDER BY delivery.id LIMIT :most")
_IN_CHUNKS = f"{_SELECT} AND delivery.chunk_id IS NOT NULL AND {{which}} ORDER BY delivery.id LIMIT :most"
# In the order of the index on chunks: a planner would rather read everybody of the campaign up to the first of these.
_ASIDE = f"{_SELECT} AND delivery.chunk_id IS NULL AND {{which}} ORDER BY delivery.chunk_id, delivery.id LIMIT :most"
_ARE_ASIDE = """
    SELECT 1 FROM tally WHERE tally.campaign_id = :campaign_id AND tally.chunk_id = 0 AND tally.n > 0
        AND tally.state = 'skipped' AND {which} LIMIT 1
"""
_SPANS = """
    SELECT span.low, span.high FROM (
        SELECT (SELECT MIN(id) FROM delivery WHERE chunk_id = found.chunk_id AND id BETWEEN :low AND :high) AS low,
               (SELECT MAX(id) FROM delivery WHERE chunk_id = found.chunk_id AND id BETWEEN :low AND :high) AS high
        FROM (SELECT DISTINCT tally.chunk_id FROM tally
              WHERE tally.campaign_id = :campaign_id AND tally.chunk_id > 0 AND tally.n > 0 AND {which}) AS found
    ) AS span WHERE span.low IS NOT NULL ORDER BY span.low
"""
# The unique index leads with the sender, so the senders there are find the person without a scan. The sum keeps SQLite
# from taking the range of ids instead.
_PERSON = """
    SELECT delivery.*, page.name AS page, page.channel
    FROM (SELECT DISTINCT sender_id FROM page) AS account
    JOIN delivery ON delivery.sender_id = account.sender_id AND delivery.recipient_id = :recipient_id
        AND delivery.campaign_id = :campaign_id
    JOIN page ON page.id = delivery.page_id
    WHERE delivery.id + 0 BETWEEN :low AND :high AND {which} ORDER BY delivery.id LIMIT :most
"""
_TIMES = ("sent_at", "accepted_at", "delivered_at", "read_at", "replied_at")
_COPIED = ("id", "line", "page", "recipient_id", "state", "provider_code", "request_id", "attempts", "reply", "variant")

Facts = Mapping[str, object]
"""The parameters of a statement."""


def rows(
    conn: Connection,
    campaign: Campaign,
    *,
    state: DeliveryState | None = None,
    reason: Reason | None = None,
    recipient: str | None = None,
    after: int = 0,
    most: int = 100,
) -> Sequence[Row]:
    """Return at most `most` rows of a campaign in the order of the ledger, after the row with the id `after`."""
    facts: dict[str, object] = {"campaign_id": campaign.id, "most": most, "recipient_id": recipient}
    facts |= {"low": max(after + 1, campaign.first_id or 0), "high": campaign.last_id or 0}
    facts |= {"state": state.value if state else None, "reason": reason.value if reason else None}
    if recipient is not None:
        whose = text(_PERSON.format(which=_which("delivery", state, reason)))
        found = conn.execute(whose, facts).mappings().all()
    elif state or reason:
        found = _sought(conn, state, reason, facts, most)
    else:
        found = conn.execute(_ANY, facts).mappings().all()
    return [_row(row) for row in found]


def _sought(
    conn: Connection, state: DeliveryState | None, reason: Reason | None, facts: Facts, most: int
) -> Sequence[RowMapping]:
    # Whoever is in no chunk and whoever is in one lie among each other: the first of both are the first of all.
    found = [*_aside(conn, state, reason, facts), *_in_chunks(conn, state, reason, facts, most)]
    return sorted(found, key=itemgetter("id"))[:most]


def _aside(conn: Connection, state: DeliveryState | None, reason: Reason | None, facts: Facts) -> Sequence[RowMapping]:
    there = text(_ARE_ASIDE.format(which=_which("tally", state, reason)))
    if conn.execute(there, facts).first() is None:
        return []
    return conn.execute(text(_ASIDE.format(which=_which("delivery", state, reason))), facts).mappings().all()


def _in_chunks(
    conn: Connection, state: DeliveryState | None, reason: Reason | None, facts: Facts, most: int
) -> Iterator[RowMapping]:
    spans = conn.execute(text(_SPANS.format(which=_which("tally", state, reason))), facts).all()
    statement = text(_IN_CHUNKS.format(which=_which("delivery", state, reason)))
    for low, high in _stretches((span.low, span.high) for span in spans):
        found = conn.execute(statement, {**facts, "low": low, "high": high, "most": most}).mappings().all()
        yield from found
        most -= len(found)
        if not most:
            return


def _stretches(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Join spans of ids that overlap or are near each other; they come in the order of their first ids."""
    low = high = None
    for first, last in spans:
        if high is not None and first <= high + _NEAR:
            high = max(high, last)
            continue
        if low is not None and high is not None:
            yield low, high
        low, high = first, last
    if low is not None and high is not None:
        yield low, high


def _which(table: str, state: DeliveryState | None, reason: Reason | None) -> str:
    """Return the condition on the rows of a table, of which tallies have '' where deliveries have no reason."""
    parts = [f"{table}.state = :state"] if state else []
    if reason:
        states = [f"'{each}'" for each, implied in IMPLIED.items() if implied == reason and each in set(DeliveryState)]
        implied = (
            f" OR (COALESCE({table}.reason, '') = '' AND {table}.state IN ({', '.join(states)}))" if states else ""
        )
        parts.append(f"({table}.reason = :reason{implied})")
    return " AND ".join(parts) or "true"


def _row(row: RowMapping) -> Row:
    # Meta knows no delivery on Instagram.
    hidden = {"delivered_at"} if row["channel"] == Channel.INSTAGRAM else set()
    return Row(
        **{name: row[name] for name in _COPIED},
        **{name: None if name in hidden else iso_or_none(row[name]) for name in _TIMES},
        reason=row["reason"] or IMPLIED.get(row["state"]),
        message_ids=(row["message_ids"] or "").split(),
        window_closes_at=iso_or_none(row["closes_at"]),
        revision=row["revision"] if row["sent_at"] else None,
    )
