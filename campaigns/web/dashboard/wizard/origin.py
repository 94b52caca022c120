"""Where a wizard begins that does not begin with nothing: a draft is gone on with, any other campaign is cloned."""

import json
from contextlib import suppress
from typing import Any

from campaigns import sketches
from campaigns.errors import InputError, NotFoundError
from campaigns.lifecycle import find, relist, stops
from campaigns.runtime import now_of
from campaigns.web.dashboard.session import Session
from campaigns.web.dashboard.wizard import content as contents
from campaigns.web.dashboard.wizard.visit import Visit
from schemas.campaign import Campaign, CampaignState
from schemas.campaign_file import CampaignFile


def visit_of(session: Session, ref: str) -> Visit:
    """Return a visit at the campaign of that id: at its sketch where it has one; raises NotFoundError."""
    with session.runtime.reading() as conn:
        campaign, now = find.exactly(conn, ref), now_of(conn)
        draft = campaign.state is CampaignState.DRAFT
        known = sketches.of_campaign(conn, ref) if draft else None
    if known:
        return Visit(session, json.loads(known.content), known, step=known.step)
    file = CampaignFile.model_validate_json(campaign.spec)
    content, remarks = content_of(session, file)
    content["name"] = campaign.title if draft else f"{campaign.title} copy"
    _bring_to_date(session, content, campaign, now)
    return Visit(session, content, campaign=ref if draft else None, remarks=remarks)


def content_of(session: Session, file: CampaignFile) -> tuple[contents.Content, list[str]]:
    """Return a stored campaign's file as content that sends from pages as they are stored, and what that changes.

    A lower rate of its own stays as the campaign's limit.
    """
    content, remarks = contents.of_file(file), []
    for name, own in _own_settings(session, file):
        rate, kept = own.pop("rate", (None, None))
        if rate and (kept is None or rate < kept):
            limit = contents.get(content, "limits.rate")
            contents.put(content, "limits.rate", min(rate, limit) if limit else rate)
        if own:
            remarks.append(f"Page {name} sends as it is stored, without the campaign's own {' and '.join(own)}.")
    return content, remarks


def _own_settings(session: Session, file: CampaignFile) -> list[tuple[str, dict[str, tuple[Any, Any]]]]:
    try:
        with session.runtime.reading() as conn:
            found = stops.find(conn, file, list(file.pages)) if file.pages else ()
    except InputError:
        # A page of that name is another account's now, or none; the first step says so.
        return []
    return [(stop.name, stops.changed(stop)) for stop in found]


def _bring_to_date(session: Session, content: contents.Content, campaign: Campaign, now: int) -> None:
    content.pop("list", None)
    # A list that is gone is chosen anew in the first step.
    with suppress(NotFoundError):
        content["list"] = relist.uploaded(session.runtime, campaign)
    passing = {"start": campaign.start_at, "not_after": campaign.not_after, "keep_open_until": campaign.keep_open_until}
    for key, at in passing.items():
        if at is not None and at <= now:
            contents.put(content, f"schedule.{key}", None)
