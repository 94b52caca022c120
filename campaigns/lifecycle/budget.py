"""What a plan needs of the calls that Meta documents for a Page, beside what the last day's campaigns took."""

from collections import Counter
from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, text

from campaigns.plan.division import Outlook
from schemas.campaign import Campaign
from schemas.message import Message
from schemas.page import Channel, ProviderName

CALLS = 200
"""Calls in any 24 hours for each person whom a Page can message; Instagram accounts are counted by the second instead.

Source: https://developers.facebook.com/docs/graph-api/overview/rate-limiting, read in autumn 2026.
"""
WORTH_SAYING = 0.5
"""The share of it from which on the plan tells."""
_DAY_MS = 86_400_000

_PAGES = text("SELECT id FROM page WHERE channel = :channel AND provider = :provider")
# Each of these took a call; how often one was tried again is in no tally.
_TAKEN = text("""
    SELECT COALESCE(SUM(tally.n), 0) FROM tally
        JOIN page ON page.id = tally.page_id JOIN campaign ON campaign.id = tally.campaign_id
    WHERE page.sender_id = :sender_id AND campaign.id <> :own AND COALESCE(campaign.finished_at, :now) > :since
      AND tally.state IN ('sending', 'accepted', 'delivered', 'read', 'failed', 'unknown', 'assumed_sent')
""")
_OPEN = text("""
    SELECT count(*) FROM contact JOIN page ON page.channel = contact.channel AND page.account_id = contact.account_id
    WHERE page.id = :sender_id AND contact.closes_at > :now
""")


def told(conn: Connection, campaign: Campaign, outlooks: Sequence[Outlook], now: int) -> Iterator[str]:
    """Say which Pages of a plan would need more than half of their calls; `now` in epoch milliseconds.

    How many people a Page can message is known from below: the plan's, or those whose windows webhooks told of.
    """
    parts = len(Message.model_validate_json(campaign.message).parts)
    kind = {"channel": Channel.MESSENGER.value, "provider": ProviderName.META.value}
    counted = set(conn.execute(_PAGES, kind).scalars())
    eligible: Counter[int] = Counter()
    for outlook in outlooks:
        eligible[outlook.page.sender_id] += outlook.eligible
    for sender_id, people in eligible.items():
        if sender_id not in counted or not people:
            continue
        facts = {"sender_id": sender_id, "own": campaign.id, "now": now, "since": now - _DAY_MS}
        taken = int(conn.execute(_TAKEN, facts).scalar_one())
        allowed = CALLS * max(people, int(conn.execute(_OPEN, facts).scalar_one()))
        need = people * parts + taken
        if need > WORTH_SAYING * allowed:
            name = next(outlook.page.name for outlook in outlooks if outlook.page.sender_id == sender_id)
            yield _said(name, need, people * parts, allowed)


def _said(name: str, need: int, own: int, allowed: int) -> str:
    return (
        f"Page {name} needs some {need / allowed:.0%} of its {allowed:,} calls of a day: {own:,} for this plan and "
        f"{need - own:,} of the last day's campaigns. Meta documents {CALLS} for each person a Page can message "
        "(autumn 2026)."
    )
