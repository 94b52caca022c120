"""A campaign that repeats, and each time that it does."""

from sqlalchemy import BigInteger, String
from sqlmodel import Field, SQLModel

from schemas.occurrence_state import OccurrenceState

__all__ = ["Occurrence", "OccurrenceState", "Series"]

_GIVEN = {"autoincrement": False}


class Series(SQLModel, table=True):
    """Beside the campaign of a file with `schedule.repeat`, which has no rows of its own and never sends.

    Times are epoch milliseconds.
    """

    campaign_id: int = Field(primary_key=True, foreign_key="campaign.id", sa_column_kwargs=_GIVEN)
    folder: str
    """What the list's path is relative to: absolute."""
    zone: str
    """Whose wall clock it goes by."""
    next_at: int | None = Field(default=None, sa_type=BigInteger)
    """The first moment not taken up yet; None before the launch and after the last one."""
    since: int = Field(default=0, sa_type=BigInteger)
    """What was due before is left out: it was not launched yet, or paused."""


class Occurrence(SQLModel, table=True):
    """One moment of a series, and the one campaign it has. Times are epoch milliseconds."""

    series_id: int = Field(primary_key=True, foreign_key="series.campaign_id", sa_column_kwargs=_GIVEN)
    at: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs=_GIVEN)
    campaign_id: int | None = Field(default=None, foreign_key="campaign.id", unique=True)
    state: OccurrenceState = Field(sa_type=String)
    sentence: str = ""
    token: str | None = None
    """Of the plan that its campaign was launched with."""
    began_at: int | None = Field(default=None, sa_type=BigInteger)
    """When the planning began that led to the launch: the time it took makes no start late."""
    attempts: int = 0
