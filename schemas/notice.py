"""What people are told without asking: whom, about what, and whether it arrived."""

from enum import StrEnum

from sqlalchemy import BigInteger, Index
from sqlmodel import Field, SQLModel

from schemas.notice_state import NoticeState, Way

__all__ = ["TEST", "URGENT", "Notice", "NoticeKind", "NoticeState", "NoticeTarget", "Way"]


class NoticeKind(StrEnum):
    """The events that can be told: the `kind` of their row, and the `type` of the notice."""

    LAUNCHED = "campaign.launched"
    STARTED = "campaign.started"
    PAUSED = "campaign.paused"
    RESUMED = "campaign.resumed"
    CANCELLED = "campaign.cancelled"
    FINISHED = "campaign.finished"
    STOPPED = "campaign.stopped"
    """Paused by itself: the message was refused, or its parts crashed."""
    CANARY = "campaign.canary"
    """Its first people have it, and it waits for somebody to look."""
    LATE = "campaign.late"
    """Its start was missed."""
    DEADLINE = "campaign.deadline"
    ASLEEP = "campaign.asleep"
    STALLED = "campaign.stalled"
    MOVING = "campaign.moving"
    """It was stalled and goes on."""
    NOT_REPEATED = "series.parked"
    """One moment of a campaign that repeats could not be launched; later ones go on."""
    PARKED = "page.parked"
    UNPARKED = "page.resumed"


URGENT = (
    NoticeKind.FINISHED,
    NoticeKind.STOPPED,
    NoticeKind.CANARY,
    NoticeKind.LATE,
    NoticeKind.STALLED,
    NoticeKind.NOT_REPEATED,
    NoticeKind.PARKED,
)
"""What is told where nobody chose: the end, and what needs a person."""
TEST = "notice.test"
"""The `type` of a notice that only shows that the way is open."""


class NoticeTarget(SQLModel, table=True):
    """`url` and `secret` may be references such as `@{secret:NAME}`; a secret always is. `kinds` is a JSON list."""

    __tablename__ = "notice_target"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    kind: str
    """A `Way`."""
    url: str
    secret: str = ""
    kinds: str
    created_at: int = Field(sa_type=BigInteger)


class Notice(SQLModel, table=True):
    """One event for one target. Times are epoch milliseconds.

    `key` is the same for every target and try of an event, so that a receiver knows a second copy for one. `body` is
    JSON, empty until the first try. There is no foreign key to the target: removing one must not make the transaction
    fail that records an event at the same moment.
    """

    __table_args__ = (Index("ix_notice_due", "state", "due_at"), Index("ix_notice_target", "target_id", "state"))

    id: int | None = Field(default=None, primary_key=True)
    key: str
    target_id: int
    event_id: int
    kind: str
    body: str = ""
    state: str
    attempts: int = 0
    created_at: int = Field(sa_type=BigInteger)
    due_at: int = Field(sa_type=BigInteger)
    last_error: str = ""
