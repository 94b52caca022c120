"""A rendered message as it looks on one channel."""

from pydantic import BaseModel

from schemas.channel import Channel


class Button(BaseModel):
    """A quick reply; `shown` is what stands on it."""

    title: str
    shown: str


class PartView(BaseModel):
    """A part's text with its length in the channel's unit, and its quick replies."""

    text: str
    length: int
    quick_replies: list[Button]


class View(BaseModel):
    """A rendered message on one channel, at most `limit` of `unit` a part.

    `pages` are those of the campaign that send there. `cuts` says what is shown shorter, `problems` for what the
    platform refuses the message.
    """

    channel: Channel
    pages: list[str]
    limit: int
    unit: str
    parts: list[PartView]
    cuts: list[str]
    problems: list[str]
