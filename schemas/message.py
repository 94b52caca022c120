"""The message of a campaign: parts of text with quick replies, before and after rendering."""

from pydantic import BaseModel, ConfigDict, Field


class QuickReply(BaseModel):
    """A button under the text; the platforms show at most 13, titles of at most 20 characters."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    payload: str = ""


class Part(BaseModel):
    """One call to the platform: a text (a template before rendering) and its quick replies."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str
    quick_replies: tuple[QuickReply, ...] = ()


class Message(BaseModel):
    """What one person gets: at least one part, sent in order, and an optional message tag."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    parts: tuple[Part, ...] = Field(min_length=1)
    tag: str | None = None
