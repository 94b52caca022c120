"""Whether a campaign file has run before, and what running it again means.

A run is known by its name, message, list content, audience and accounts; token, base_url and limits may change.
"""

import json
from dataclasses import dataclass

import polars as pl
from sqlalchemy import Connection, text

from campaigns import hours, pages
from campaigns.briefing import bottleneck, sender_of
from campaigns.briefing import paces as paces_of
from campaigns.errors import StateError
from campaigns.lifecycle import find, series
from campaigns.lifecycle.meeting import Meeting, meet
from campaigns.lifecycle.submit import Draft, listed, store_once
from campaigns.lifecycle.terms import terms
from campaigns.providers import PROVIDERS
from campaigns.runtime import Runtime, now_of
from schemas.campaign import Campaign, CampaignState
from schemas.campaign_file import CampaignFile
from schemas.recipient_list import RECIPIENT

_ACCOUNTS = text("""
    SELECT page.channel || ':' || page.provider || ':' || page.account_id FROM lane JOIN page ON page.id = lane.page_id
    WHERE lane.campaign_id = :id
""")
_REACHED = text("""
    SELECT recipient_id FROM delivery WHERE id BETWEEN :low AND :high
    AND state IN ('accepted', 'delivered', 'read', 'assumed_sent', 'unknown')
""")
_REROUTE = text("""
    UPDATE lane SET route = :route, asked = :asked, buckets = :buckets
    WHERE campaign_id = :campaign_id AND page_id = (SELECT id FROM page WHERE name = :page)
""")
_RELIMIT = text("""
    UPDATE campaign SET rate = :rate, margin_ms = :margin_ms, not_after = :not_after,
        keep_open_until = :keep_open_until, weight = :weight, spec = :spec, changes = changes + 1
    WHERE id = :id
""")


@dataclass(frozen=True, slots=True)
class Recognition:
    """`overlap` counts the list's people who were reached by `campaign`, the run before this changed one."""

    meeting: Meeting
    campaign: Campaign | None = None
    overlap: int = 0


def recognise(runtime: Runtime, draft: Draft) -> Recognition:
    """Find the run of a campaign file; raises StateError where an unfinished one differs from the file."""
    with runtime.reading() as conn:
        meeting, campaign = meet(conn, draft.file.name, draft.fingerprint)
        if campaign is None:
            return Recognition(meeting)
        if meeting is Meeting.UNFINISHED:
            _refuse_change(conn, campaign, draft)
        overlap = _overlap(conn, runtime, campaign, draft) if meeting is Meeting.CHANGED_SINCE else 0
        return Recognition(meeting, campaign, overlap)


def stored(runtime: Runtime, draft: Draft, actor: str) -> Campaign:
    """Return the draft of a checked campaign file, made where there is none; raises StateError once it is launched."""
    known = recognise(runtime, draft)
    if known.campaign is None or known.meeting is not Meeting.UNFINISHED:
        # A double click: the other one stored it between this one's look and its turn.
        return store_once(runtime, draft, actor) or stored(runtime, draft, actor)
    if known.campaign.state is not CampaignState.DRAFT:
        ref, state = known.campaign.ref, known.campaign.state
        raise StateError(f"{draft.file.name} is {state} already. See it with `pagecast status {ref}`.")
    refresh(runtime, known.campaign, draft)
    with runtime.reading() as conn:
        return find.by_id(conn, known.campaign.id or 0)


def refresh(runtime: Runtime, campaign: Campaign, draft: Draft) -> None:
    """Lay the file's present routes and limits over a run that goes on, and let its parked pages try once."""
    with runtime.writing() as conn:
        facts = {
            "rate": draft.file.limits.ceiling,
            **terms(draft.file),
            "spec": draft.file.model_dump_json(),
            "id": campaign.id,
        }
        conn.execute(_RELIMIT, facts)
        hours.lay(conn, campaign.id or 0, draft.file, now_of(conn))
        series.move(conn, campaign.id or 0, draft.folder)
        for row in _routes(runtime, campaign, draft):
            conn.execute(_REROUTE, row)
        now = now_of(conn)
        for stop in draft.stops:
            if stop.stored and stop.stored.id:
                pages.probe(conn, stop.stored.id, now)


def _routes(runtime: Runtime, campaign: Campaign, draft: Draft) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for stop in draft.stops:
        entry = stop.entry
        sender = sender_of(entry.channel, entry.account_id, stop.route, runtime.settings, draft.environment)
        buckets = paces_of(PROVIDERS[entry.provider], sender, stop.route, draft.file.limits.ceiling, campaign.id or 0)
        rows.append(
            {
                "route": stop.route.model_dump_json(),
                "asked": bottleneck(buckets).rate,
                "buckets": json.dumps([pace.key for pace in buckets]),
                "campaign_id": campaign.id,
                "page": stop.name,
            }
        )
    return rows


def _refuse_change(conn: Connection, campaign: Campaign, draft: Draft) -> None:
    if campaign.fingerprint == draft.fingerprint:
        return
    changed = []
    if campaign.message != draft.message.model_dump_json():
        changed.append("the message")
    spec = CampaignFile.model_validate_json(campaign.spec)
    again = (spec.schedule.repeat, spec.schedule.start)
    if again != (draft.file.schedule.repeat, draft.file.schedule.start) and (again[0] or draft.file.schedule.repeat):
        changed.append("when it repeats")
    if not spec.schedule.repeat and listed(spec, campaign.list_id) != listed(draft.file, draft.reading.digest):
        changed.append("the list")
    if spec.audience != draft.file.audience:
        changed.append("the audience")
    stored = conn.execute(_ACCOUNTS, {"id": campaign.id}).scalars().all()
    if sorted(stored) != draft.accounts:
        changed.append("the accounts")
    if not changed:
        # The list of one that repeats: it is read again each time.
        return
    raise StateError(
        f"{campaign.name} ({campaign.ref}) is {campaign.state} and not finished, but {' and '.join(changed)} "
        f"changed since it began. Put the file back as it was to go on; or `pagecast cancel {campaign.ref}` "
        "and run again; or give the file another name."
    )


def _overlap(conn: Connection, runtime: Runtime, campaign: Campaign, draft: Draft) -> int:
    if campaign.first_id is None:
        return 0
    rows = conn.execute(_REACHED, {"low": campaign.first_id, "high": campaign.last_id}).scalars().all()
    reached = pl.LazyFrame({RECIPIENT: rows}, schema={RECIPIENT: pl.String})
    people = pl.scan_parquet(runtime.storage / draft.list_path).select(RECIPIENT).unique()
    return int(people.join(reached, on=RECIPIENT, how="semi").select(pl.len()).collect().item())
