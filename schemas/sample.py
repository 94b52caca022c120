"""The message as one real person of the list would get it."""

from pydantic import BaseModel

from schemas.view import View


class Sample(BaseModel):
    """One person's message. `texts` has one entry a part, empty where it cannot be rendered; `note` says why not.

    `views` is the message on both channels, the person's own first; the facts beside it are of that one.
    """

    recipient_id: str
    line: int
    page: str
    channel: str
    texts: list[str]
    lengths: list[int]
    limit: int
    unit: str
    quick_replies: list[str]
    reason: str | None
    note: str
    views: list[View]
