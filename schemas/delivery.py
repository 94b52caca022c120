"""One recipient of one campaign: the row that proves what happened.

pending → sending → accepted → delivered → read        Instagram goes accepted → read ("seen")
          sending → failed | unknown | pending         back to pending only by the worker that knows nothing left
pending → skipped | cancelled

Only named verbs move left: failed | skipped | cancelled → pending by `retry`, unknown → pending | assumed_sent | failed
by `resolve`.
"""

from sqlalchemy import BigInteger, Index, Integer, String
from sqlmodel import Field, SQLModel

from schemas.delivery_state import DeliveryState

__all__ = ["COUNTED", "DUPLICATE", "OPEN", "REJECTED", "Delivery", "DeliveryState", "RowId"]

REJECTED = "rejected"
DUPLICATE = "duplicate"
"""Rows of the file that are no deliveries, counted beside the states so that the totals add up."""

COUNTED = (REJECTED, DUPLICATE, *DeliveryState)
"""Every key of `counts`."""

OPEN = frozenset({DeliveryState.PENDING, DeliveryState.SENDING})
"""A campaign is finished when none of its rows is in one of these."""


# SQLite clusters a table by an INTEGER key and by no other type.
RowId = BigInteger().with_variant(Integer(), "sqlite")
_ZERO = {"server_default": "0"}


class Delivery(SQLModel, table=True):
    """Times are epoch milliseconds. Written in bulk past the ORM; only `campaigns.ledger` writes it.

    `variables` is a JSON list: the template's variables in order of first use, null for a blank cell. `part_done`
    counts finished parts, `part_open` the part on the wire (equal when none is). `attempts` counts calls that got an
    answer or none, not throttled or unreachable ones; `tries` rises after a definite refusal, never after unknown, and
    goes into the idempotency key. `message_ids` holds one id a part, separated by spaces. `revision` is that of the
    message it was last sent with.
    """

    __table_args__ = (
        Index("ux_delivery_person", "sender_id", "recipient_id", "campaign_id", unique=True),
        Index("ix_delivery_chunk", "chunk_id", "id"),
    )

    id: int = Field(primary_key=True, sa_type=RowId)
    campaign_id: int
    page_id: int
    sender_id: int
    chunk_id: int | None = None
    line: int
    recipient_id: str
    zone: str | None = None
    """Whose clocks its quiet time is by, where that is each person's own."""
    variables: str = Field(default="[]", sa_column_kwargs={"server_default": "[]"})
    closes_at: int | None = Field(default=None, sa_type=BigInteger)
    state: DeliveryState = Field(sa_type=String)
    reason: str | None = None
    claim: str | None = None
    due_at: int | None = Field(default=None, sa_type=BigInteger)
    part_open: int = Field(default=0, sa_column_kwargs=_ZERO)
    part_done: int = Field(default=0, sa_column_kwargs=_ZERO)
    attempts: int = Field(default=0, sa_column_kwargs=_ZERO)
    tries: int = Field(default=0, sa_column_kwargs=_ZERO)
    provider_code: str | None = None
    message_ids: str | None = None
    request_id: str | None = None
    sent_at: int | None = Field(default=None, sa_type=BigInteger)
    accepted_at: int | None = Field(default=None, sa_type=BigInteger)
    delivered_at: int | None = Field(default=None, sa_type=BigInteger)
    read_at: int | None = Field(default=None, sa_type=BigInteger)
    replied_at: int | None = Field(default=None, sa_type=BigInteger)
    reply: str | None = None
    variant: str | None = None
    revision: int = Field(default=1, sa_column_kwargs={"server_default": "1"})
