"""Everything that is known about one person in one campaign, in sentences."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
from sqlalchemy import Connection, RowMapping, text

from campaigns import suppression
from campaigns.errors import NotFoundError
from campaigns.moments import dated, iso_or_none
from campaigns.report.choice import chosen
from campaigns.report.results import listed_path, unplanned_path
from campaigns.report.standing import campaign
from campaigns.report.tallies import IMPLIED
from campaigns.report.timeline import heard, proof, timeline
from campaigns.report.windows import Account, evidence, windows
from campaigns.runtime import now_of
from schemas import recipient_list as stored
from schemas.campaign import Campaign
from schemas.delivery import DUPLICATE, REJECTED, DeliveryState
from schemas.explanation import Explanation, Line
from schemas.meaning import meaning
from schemas.page import Channel
from schemas.reason import Reason

# The unique index leads with the sender, so the campaign's senders find the person without a scan.
_DELIVERIES = text("""
    SELECT delivery.*, page.name AS page, page.channel, page.account_id FROM lane
    JOIN page ON page.id = lane.page_id
    JOIN delivery ON delivery.sender_id = page.sender_id AND delivery.recipient_id = :recipient_id
        AND delivery.campaign_id = lane.campaign_id AND delivery.page_id = page.id
    WHERE lane.campaign_id = :campaign_id ORDER BY delivery.line
""")
_SUPPRESSED = text("""
    SELECT suppression.sender_id, suppression.source, suppression.note, suppression.at, page.name AS page
    FROM suppression LEFT JOIN page ON page.id = suppression.sender_id
    WHERE suppression.recipient_id = :recipient_id ORDER BY suppression.at
""")
_SENTENCES = {
    REJECTED: "This row of the list cannot be used.",
    DUPLICATE: "This row repeats a person of an earlier line.",
    DeliveryState.PENDING: "It is this person's turn later; nothing was sent yet.",
    DeliveryState.SENDING: "The message is on its way and the answer is not in yet.",
    DeliveryState.DELIVERED: "Messenger delivered the message.",
    DeliveryState.SKIPPED: "Nothing was sent.",
    DeliveryState.FAILED: "The platform refused the message.",
    DeliveryState.UNKNOWN: "The message may or may not have gone out; it was not sent again.",
    DeliveryState.ASSUMED_SENT: "No answer came; somebody decided that the message was sent.",
    DeliveryState.CANCELLED: "The message was cancelled before it was sent.",
}
_DRAFT = "The campaign is a draft: nobody was screened yet, and nothing was sent. See its plan."
_SETTLED = "Somebody settled that the message was not sent."
_SETTLED_NEXT = "A retry of those who failed sends it again."


def explain(conn: Connection, storage: Path, campaign_id: int, recipient_id: str) -> Explanation:
    """Return every fact about one person in a campaign; raises NotFoundError where the list does not name them.

    `recipient_id` may also be the unusable value of a rejected row. An erased person is shown under another name.
    """
    found = campaign(conn, campaign_id)
    keys = {"campaign_id": campaign_id, "recipient_id": recipient_id}
    deliveries = {row["line"]: row for row in conn.execute(_DELIVERIES, keys).mappings()}
    listed = _listed(conn, storage, found, recipient_id)
    if not listed and not deliveries:
        erased = suppression.name_of(conn, recipient_id)
        if erased and suppression.is_erased(conn, erased):
            return explain(conn, storage, campaign_id, erased)
        raise NotFoundError(
            f"The list of campaign {found.name} does not name {recipient_id}. Check the id and the campaign."
        )
    lines = [_told(conn, storage, row, listed.get(line, {}), found) for line, row in deliveries.items()]
    known = {(row["page"], Account(row["channel"], row["account_id"])): row["closes_at"] for row in deliveries.values()}
    if found.launched_at is None:
        lines += _drafted(listed.values())
    else:
        lines += [_unsent(row) for line, row in listed.items() if line not in deliveries]
    return Explanation(
        campaign=found.name,
        recipient_id=recipient_id,
        suppressed=suppressions(conn, recipient_id),
        windows=windows(conn, recipient_id, known, now_of(conn)),
        lines=sorted(lines, key=lambda line: line.line),
    )


def _told(conn: Connection, storage: Path, row: RowMapping, listed: dict[str, Any], found: Campaign) -> Line:
    line = sent(conn, row, listed, found)
    why = chosen(conn, storage, found, row)
    return line.model_copy(update={"reason_sentence": why}) if why else line


def _listed(conn: Connection, storage: Path, found: Campaign, recipient_id: str) -> dict[int, dict[str, Any]]:
    path = listed_path(conn, storage, found)
    if not path.exists():
        return {}
    names = pl.col(stored.RECIPIENT).eq_missing(recipient_id) | pl.col(stored.VALUE).eq_missing(recipient_id)
    rows = pl.scan_parquet(path).filter(names).select(stored.OWN).collect().iter_rows(named=True)
    listed = {row[stored.LINE]: row for row in rows}
    aside = unplanned_path(storage, found)
    if aside.exists():
        told = pl.scan_parquet(aside).filter(pl.col("line").is_in(list(listed))).select("line", "state", "reason")
        for row in told.collect().iter_rows(named=True):
            listed[row["line"]] |= {"state": row["state"], "reason": row["reason"]}
    return listed


def sent(conn: Connection, row: RowMapping, listed: dict[str, Any], found: Campaign) -> Line:
    """Return what the ledger says of one delivery: `row` with its page's facts, `listed` its stored line."""
    came = heard(conn, row, found)
    reason = row["reason"] or IMPLIED.get(row["state"])
    why = meaning(reason) if reason else None
    settled = row["state"] == DeliveryState.FAILED and reason == Reason.OUTCOME_UNKNOWN
    if why and settled:
        why = replace(why, sentence="No answer came from the platform.", next_step=_SETTLED_NEXT)
    instagram = row["channel"] == Channel.INSTAGRAM
    times = {name: iso_or_none(row[name]) for name in ("due_at", "sent_at", "accepted_at", "read_at", "replied_at")}
    copied = {name: row[name] for name in ("line", "page", "state", "attempts", "provider_code", "request_id")}
    return Line(
        **copied,
        **times,
        **{name: row[name] for name in ("reply", "variant", "revision")},
        sentence=_SETTLED if settled else _sentence(row, proof(came)),
        reason=reason,
        reason_sentence=why and why.sentence,
        next_step=why and why.next_step,
        window_closes_at=iso_or_none(row["closes_at"]),
        window_source=_window_source(conn, row, listed),
        message_ids=(row["message_ids"] or "").split(),
        delivered_at=None if instagram else iso_or_none(row["delivered_at"]),
        timeline=timeline(conn, row, found, came),
    )


def _unsent(row: dict[str, Any]) -> Line:
    state = row.get("state") or (REJECTED if row[stored.RULE] else DUPLICATE)
    reason = row.get("reason") or row[stored.RULE] or DUPLICATE
    why = meaning(reason)
    return Line(
        line=row[stored.LINE],
        page=row[stored.PAGE],
        state=state,
        sentence=_SENTENCES[state],
        reason=reason,
        reason_sentence=why.sentence,
        next_step=why.next_step,
    )


def _drafted(listed: Iterable[dict[str, Any]]) -> Iterator[Line]:
    """Yield what is known of lines that nobody was screened for yet: the first one of a page counts."""
    seen = set()
    for row in listed:
        if row[stored.RULE] or row[stored.PAGE] in seen:
            yield _unsent(row)
        else:
            seen.add(row[stored.PAGE])
            yield Line(line=row[stored.LINE], page=row[stored.PAGE], state=DeliveryState.PENDING, sentence=_DRAFT)


def _sentence(row: RowMapping, proven: str | None) -> str:
    state, channel = row["state"], row["channel"]
    platform = channel.capitalize()
    if state == DeliveryState.PENDING and row["attempts"]:
        return "It is this person's turn again later; what was tried before is below."
    if state == DeliveryState.ACCEPTED:
        return proven or f"{platform} accepted the message; no receipt has come."
    if state == DeliveryState.READ:
        return f"{platform} accepted the message and the person {'saw' if channel == Channel.INSTAGRAM else 'read'} it."
    return _SENTENCES[state]


def _window_source(conn: Connection, row: RowMapping, listed: dict[str, Any]) -> str | None:
    closes_at = row["closes_at"]
    if closes_at is None:
        return None
    if event := evidence(conn, Account(row["channel"], row["account_id"]), row["recipient_id"], closes_at):
        return event
    if listed.get(stored.CLOSES_AT) == closes_at:
        return "the list's column window_closes_at"
    if inbound := listed.get(stored.INBOUND_AT):
        return f"the list's column last_inbound_at ({dated(inbound)})"
    return "a column of the list"


def suppressions(conn: Connection, recipient_id: str) -> list[str]:
    """Return a sentence for each account that must not message a person."""
    return [_suppression(row) for row in conn.execute(_SUPPRESSED, {"recipient_id": recipient_id}).mappings()]


def _suppression(row: RowMapping) -> str:
    where = "any account" if row["sender_id"] == 0 else f"the account of page {row['page'] or row['sender_id']}"
    note = f" ({row['note']})" if row["note"] else ""
    return f"Must not be messaged by {where} since {dated(row['at'])}, from {row['source']}{note}."
