"""What came back to a campaign: who got it, who opened it, who answered and with what, who said stop."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from sqlalchemy import Connection, Row, text

from campaigns.report import progress as over_time
from campaigns.report.lanes import LaneNow
from schemas.campaign import Campaign
from schemas.delivery import DeliveryState
from schemas.page import Channel
from schemas.replies import Button, Replies, Response

_MOST_BUTTONS = 50
"""Buttons of older messages count too, so nobody knows how many there are."""

_ACCEPTED = [DeliveryState.ACCEPTED.value, DeliveryState.DELIVERED.value, DeliveryState.READ.value]
_DELIVERED = [DeliveryState.DELIVERED.value, DeliveryState.READ.value]

# Receipts may be millions; the index on campaign and kind leads past them. What counts as an opt-out is what was taken
# for one when it came in: the words may be others by now, and the text may have been taken back.
_ANSWERS = """
    FROM inbound_event JOIN delivery ON delivery.id = inbound_event.delivery_id
    LEFT JOIN consent ON consent.key = 'inbound:' || inbound_event.key AND consent.kind = 'opted_out'
    WHERE inbound_event.campaign_id = :campaign_id AND inbound_event.kind IN ('message', 'quick_reply', 'postback')
"""
_PEOPLE = text(f"""
    SELECT delivery.page_id, delivery.variant,
           COUNT(DISTINCT CASE WHEN delivery.state IN ('accepted', 'delivered', 'read') THEN delivery.id END)
               AS replied,
           COUNT(DISTINCT CASE WHEN inbound_event.kind = 'message' THEN delivery.id END) AS wrote,
           COUNT(DISTINCT CASE WHEN inbound_event.kind <> 'message' THEN delivery.id END) AS tapped,
           COUNT(DISTINCT CASE WHEN consent.key IS NOT NULL THEN delivery.id END) AS opted_out
    {_ANSWERS} GROUP BY delivery.page_id, delivery.variant
""")
_TAPS = text(f"""
    SELECT inbound_event.payload, inbound_event.text AS title, COUNT(DISTINCT delivery.id) AS people
    {_ANSWERS} AND inbound_event.kind <> 'message' GROUP BY inbound_event.payload, inbound_event.text
    ORDER BY people DESC, inbound_event.payload, inbound_event.text
""")


@dataclass(frozen=True, slots=True)
class Answered:
    """How many people with an accepted message answered, wrote, tapped, and opted out by an answer."""

    people: int
    opted_out: int
    wrote: int
    tapped: int


def answered(conn: Connection, campaign_id: int) -> Answered:
    """Return how many people answered a campaign; what it costs grows with the answers, not with the people."""
    rows = conn.execute(_PEOPLE, {"campaign_id": campaign_id}).all()
    told = (sum(getattr(row, name) for row in rows) for name in ("replied", "opted_out", "wrote", "tapped"))
    return Answered(*told)


def told(conn: Connection, campaign_id: int, accepted: int) -> str:
    """Return `Replies: 123 (4.5 %), 12 opted out.`, '' where nobody answered; `accepted` is who could."""
    found = answered(conn, campaign_id)
    if not found.people and not found.opted_out:
        return ""
    share = f" ({100 * found.people / accepted:.1f} %)" if accepted else ""
    out = f", {found.opted_out:,} opted out" if found.opted_out else ""
    return f"Replies: {found.people:,}{share}{out}."


def replies(conn: Connection, found: Campaign, lanes: Sequence[LaneNow], results: Path) -> Replies:
    """Return what came back; `results` is the finished Parquet file."""
    heard = conn.execute(_PEOPLE, {"campaign_id": found.id}).all()
    names = {lane.page_id: lane.name for lane in lanes}
    delivers = [lane.name for lane in lanes if lane.channel != Channel.INSTAGRAM]
    pages, variants = (_by(results, delivers, column) for column in ("page", "variant"))
    whole = _by(results, delivers, None).get(None, {})
    return Replies(
        **_response(whole, heard),
        doubtful=over_time.replied(results) - whole.get("replied", 0),
        buttons=buttons(conn, found),
        pages={
            name: Response(**_response(pages.get(name, {}), [row for row in heard if names.get(row.page_id) == name]))
            for name in names.values()
        },
        variants={
            name: Response(**_response(facts, [row for row in heard if row.variant == name]))
            for name, facts in sorted(variants.items())
        },
    )


def _by(results: Path, delivers: Sequence[str], column: str | None) -> dict[str | None, dict[str, Any]]:
    """Count the accepted rows by a column, None for all together; rows without a value there are left out."""
    rows = pl.scan_parquet(results).filter(pl.col("state").is_in(_ACCEPTED))
    key = pl.lit(None, dtype=pl.String) if column is None else pl.col(column)
    known = pl.col("page").is_in(delivers)
    waited = (pl.col("replied_at") - pl.col("accepted_at")).dt.total_milliseconds()
    facts = [
        pl.len().alias("accepted"),
        known.sum().alias("delivery_known"),
        (known & pl.col("state").is_in(_DELIVERED)).sum().alias("delivered"),
        (pl.col("state") == DeliveryState.READ.value).sum().alias("read"),
        pl.col("replied_at").is_not_null().sum().alias("replied"),
        # Clocks differ, and somebody may answer the first part of two.
        (waited.clip(lower_bound=0) / 1000).median().alias("median_seconds"),
    ]
    found = rows.group_by(key.alias("key")).agg(facts).collect().iter_rows(named=True)
    counted = {row.pop("key"): row for row in found}
    return counted if column is None else {name: row for name, row in counted.items() if name is not None}


def _response(facts: dict[str, Any], heard: Iterable[Row[Any]]) -> dict[str, Any]:
    rows = list(heard)
    told = facts | {name: sum(getattr(row, name) for row in rows) for name in ("wrote", "tapped", "opted_out")}
    if not facts.get("delivery_known"):
        told["delivered"] = None
    if facts.get("accepted"):
        told["rate"] = round(facts["replied"] / facts["accepted"], 4)
    return told


def buttons(conn: Connection, found: Campaign) -> list[Button]:
    """Return the buttons of the message, those that nobody tapped too, and whatever else was tapped in answer to it."""
    offered = _offered(found.message)
    tapped: dict[tuple[str, str], int] = dict.fromkeys(offered.items(), 0)
    for row in conn.execute(_TAPS, {"campaign_id": found.id}):
        title = offered.get(row.payload, "")
        # Platforms cut long titles, and some tell none.
        shown = (row.payload, title if title.startswith(row.title) else row.title)
        tapped[shown] = tapped.get(shown, 0) + row.people
    most = sorted(tapped.items(), key=lambda each: -each[1])[:_MOST_BUTTONS]
    return [Button(title=title, payload=payload, people=n, offered=payload in offered) for (payload, title), n in most]


def _offered(message: str) -> dict[str, str]:
    """Return the buttons of a message: payload, the title where there is none, and title."""
    buttons = [button for part in json.loads(message).get("parts", ()) for button in part.get("quick_replies", ())]
    return {button.get("payload") or button["title"]: button["title"] for button in buttons}
