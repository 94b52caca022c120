"""Everything known about one person in one campaign."""

from pydantic import BaseModel, Field


class Moment(BaseModel):
    """One thing that happened, ISO 8601 in UTC."""

    at: str
    sentence: str
    whole: bool = Field(default=False, exclude=True)
    """Whether it happened to the campaign as a whole, and not to this person; not part of the document."""


class Window(BaseModel):
    """The latest end of the messaging window that is known, for one page. `closes_at` is ISO 8601.

    `source` is the event that shows it, None where a list said so, or nobody knows.
    """

    page: str
    closes_at: str | None
    open: bool
    source: str | None = None


class Line(BaseModel):
    """One line of the list that names the person, and what became of it. Times are ISO 8601 in UTC."""

    line: int
    page: str | None
    state: str
    sentence: str
    reason: str | None = None
    reason_sentence: str | None = None
    next_step: str | None = None
    window_closes_at: str | None = None
    window_source: str | None = None
    due_at: str | None = None
    attempts: int = 0
    provider_code: str | None = None
    message_ids: list[str] = []
    request_id: str | None = None
    sent_at: str | None = None
    accepted_at: str | None = None
    delivered_at: str | None = None
    read_at: str | None = None
    replied_at: str | None = None
    reply: str | None = None
    variant: str | None = None
    revision: int | None = None
    timeline: list[Moment] = []


class Explanation(BaseModel):
    """What is known about a person: each line that names them, their windows now, and who must not message them."""

    campaign: str
    recipient_id: str
    suppressed: list[str]
    windows: list[Window]
    lines: list[Line]
