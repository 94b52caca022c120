"""A page as one campaign plans with it: how a list names it, and how fast it sends."""

from dataclasses import dataclass

from schemas.channel import Channel


@dataclass(frozen=True, slots=True)
class CampaignPage:
    """`rate` is that of the page's smallest bucket, in messages per second; `bottleneck` names that bucket."""

    page_id: int
    sender_id: int
    name: str
    account_id: str
    channel: Channel
    rate: float
    bottleneck: str
