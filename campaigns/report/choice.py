"""Why a campaign file's choices left a person out: which other messages they had, which other row counts for both."""

import json
from pathlib import Path

import polars as pl
from sqlalchemy import Connection, RowMapping, bindparam, text

from campaigns.ledger.frequency import HAD
from campaigns.moments import dated
from campaigns.policy import twins
from campaigns.report.results import listed_path
from schemas import recipient_list as stored
from schemas.campaign import Campaign
from schemas.campaign_file import PerPerson
from schemas.delivery import DeliveryState
from schemas.reason import RESCUABLE, Reason

_MOST_TWINS = 500

_OTHERS = text(f"""
    SELECT sent_at FROM delivery
    WHERE sender_id = :sender_id AND recipient_id = :recipient_id AND campaign_id <> :campaign_id
      AND state IN {HAD} AND sent_at IS NOT NULL
    ORDER BY sent_at DESC
""")  # noqa: S608 - states of our own
# The unique index leads with the sender.
_TWINS = text("""
    SELECT delivery.line, delivery.state, delivery.reason FROM lane JOIN page ON page.id = lane.page_id
    JOIN delivery ON delivery.sender_id = page.sender_id AND delivery.recipient_id IN :people
        AND delivery.campaign_id = lane.campaign_id AND delivery.page_id = page.id
    WHERE lane.campaign_id = :campaign_id AND delivery.line IN :lines ORDER BY delivery.line
""").bindparams(bindparam("people", expanding=True), bindparam("lines", expanding=True))


def chosen(conn: Connection, storage: Path, found: Campaign, row: RowMapping) -> str | None:
    """Return a sentence about a skipped row of the ledger; None where its reason says all there is."""
    spec = json.loads(found.spec)
    if row["reason"] == Reason.FREQUENCY_CAP and (cap := spec.get("limits", {}).get("per_person")):
        return _capped(conn, row, PerPerson.model_validate(cap))
    if row["reason"] == Reason.EXCLUDED and (column := spec.get("audience", {}).get("one_per")):
        return _other_row(conn, listed_path(conn, storage, found), row, column)
    return None


def _capped(conn: Connection, row: RowMapping, cap: PerPerson) -> str | None:
    facts = {name: row[name] for name in ("sender_id", "recipient_id", "campaign_id")}
    had = conn.execute(_OTHERS, facts).scalars().all()
    if len(had) < cap.count:
        return None
    times = "once" if cap.count == 1 else f"{cap.count:,} times"
    return (
        f"Other campaigns sent to this person, last on {dated(had[0])}; at most {times} within {cap.days:g} "
        f"day{'' if cap.days == 1 else 's'} leaves room from {dated(had[cap.count - 1] + cap.span_ms)} on."
    )


def _other_row(conn: Connection, path: Path, row: RowMapping, column: str) -> str | None:
    if not path.exists():
        return None
    listed = pl.scan_parquet(path, glob=False).select(stored.LINE, stored.RECIPIENT, twins.key(column).alias("key"))
    own = listed.filter(pl.col(stored.LINE) == row["line"]).select("key").collect()
    if own.is_empty() or own.item() is None:
        return None
    others = listed.filter((pl.col("key") == own.item()) & (pl.col(stored.LINE) != row["line"]))
    known = others.drop_nulls().head(_MOST_TWINS).collect()
    if known.is_empty():
        return None
    facts = {"people": known[stored.RECIPIENT].to_list(), "lines": known[stored.LINE].to_list()}
    standing = conn.execute(_TWINS, facts | {"campaign_id": row["campaign_id"]}).all()
    counting = [each.line for each in standing if each.state != DeliveryState.SKIPPED or each.reason in RESCUABLE]
    if not counting:
        return None
    return f"Line {counting[0]} has the same {column}, and one message a {column} is sent: that line's."
