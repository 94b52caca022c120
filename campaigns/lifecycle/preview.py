"""The message as real people of the list would get it."""

import json
from collections.abc import Mapping

import polars as pl

from campaigns import template
from campaigns.errors import InputError
from campaigns.lifecycle.plan import screen
from campaigns.lifecycle.view import view
from campaigns.runtime import Runtime
from campaigns.template import Blank
from schemas import recipient_list as stored
from schemas import screened
from schemas.campaign import Campaign
from schemas.campaign_page import CampaignPage
from schemas.message import Message
from schemas.page import Channel
from schemas.reason import Reason, about
from schemas.sample import Sample


def preview(
    runtime: Runtime,
    campaign: Campaign,
    environment: Mapping[str, str],
    now: int,
    *,
    to: str | None = None,
    most: int = 3,
) -> list[Sample]:
    """Render for `most` eligible people, of every page the first ones; or for one person whatever their standing.

    Raises InputError where the list has no such person.
    """
    rows, lanes = screen(runtime, campaign, environment, max(now, campaign.start_at or now))
    if to is not None:
        found = rows.filter(pl.col(stored.RECIPIENT) == to).sort(stored.LINE).head(1).collect()
        if found.is_empty():
            raise InputError(f"The list of {campaign.name} has no recipient {to}. Give an id as the list has it.")
    else:
        eligible = pl.col(stored.RULE).is_null() & pl.col(screened.REASON).is_null()
        first = rows.filter(eligible).sort(screened.EFFECTIVE, stored.LINE, nulls_last=True)
        of_each_page = first.group_by(screened.PAGE_ID, maintain_order=True).head(most).collect()
        turn = pl.int_range(pl.len()).over(screened.PAGE_ID)
        found = of_each_page.sort(turn, maintain_order=True).head(most)
    message = Message.model_validate_json(campaign.message)
    pages = {lane.page.page_id: lane.page for lane in lanes}
    return [_sample(row, message, pages[row[screened.PAGE_ID]], pages) for row in found.iter_rows(named=True)]


def _sample(row: dict[str, object], message: Message, page: CampaignPage, pages: Mapping[int, CampaignPage]) -> Sample:
    letter = template.letter([part.text for part in message.parts])
    reason = row[screened.REASON] or row[stored.RULE]
    note = about(Reason(str(reason))).sentence if reason in set(Reason) else str(reason or "")
    try:
        texts = list(letter.render(json.loads(str(row[screened.VARIABLES]))))
    except Blank as blank:
        texts, note = [], f"The variable {blank.variable} is blank for this person."
    own, *others = (
        view(channel, message, texts, [each.name for each in pages.values() if each.channel is channel])
        for channel in sorted(Channel, key=lambda channel: channel is not page.channel)
    )
    return Sample(
        recipient_id=str(row[stored.RECIPIENT]),
        line=int(str(row[stored.LINE])),
        page=page.name,
        channel=page.channel,
        texts=texts,
        lengths=[part.length for part in own.parts],
        limit=own.limit,
        unit=own.unit,
        quick_replies=[reply.title for part in message.parts for reply in part.quick_replies],
        reason=str(reason) if reason else None,
        note=note,
        views=[own, *others],
    )
