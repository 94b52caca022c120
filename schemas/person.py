"""One person over all campaigns."""

from pydantic import BaseModel

from schemas.explanation import Line, Window


class Message(BaseModel):
    """What one campaign has for the person."""

    campaign: str
    id: str
    created_at: str
    delivery: Line


class Person(BaseModel):
    """Everything about one person; `messages` in the order in which they were sent."""

    recipient_id: str
    suppressed: list[str]
    windows: list[Window]
    messages: list[Message]
