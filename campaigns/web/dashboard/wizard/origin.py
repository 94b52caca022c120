"""Where a wizard begins that does not begin with nothing: a draft is gone on with, any other campaign is cloned."""

import json
from contextlib import suppress

from campaigns import sketches
from campaigns.errors import NotFoundError
from campaigns.lifecycle import find, relist
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
    content = _content(session, campaign, now, named=campaign.title if draft else f"{campaign.title} copy")
    return Visit(session, content, campaign=ref if draft else None)


def _content(session: Session, campaign: Campaign, now: int, *, named: str) -> contents.Content:
    content = contents.of_file(CampaignFile.model_validate_json(campaign.spec)) | {"name": named}
    content.pop("list", None)
    # A list that is gone is chosen anew in the first step.
    with suppress(NotFoundError):
        content["list"] = relist.uploaded(session.runtime, campaign)
    passing = {"start": campaign.start_at, "not_after": campaign.not_after, "keep_open_until": campaign.keep_open_until}
    for key, at in passing.items():
        if at is not None and at <= now:
            contents.put(content, f"schedule.{key}", None)
    return content
