"""A stored list, and the columns that every stored list has beside its own."""

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

LINE = "_line"
"""Int64: the record's line in the file; the header is line 1, so the first record is 2."""
RECIPIENT = "_recipient"
"""String: the recipient id as text, trimmed; null where it is not usable."""
PAGE = "_page"
"""String: page name or account id as the list gives it; null where the campaign's own page counts."""
CLOSES_AT = "_closes_at"
"""Int64: epoch milliseconds, from `window_closes_at`; null where the list does not say."""
INBOUND_AT = "_inbound_at"
"""Int64: epoch milliseconds of the person's last message, from `last_inbound_at`."""
OPTED_OUT = "_opted_out"
"""Boolean, never null."""
TIMEZONE = "_timezone"
"""String: IANA name, or null."""
RULE = "_rule"
"""String: the rule a rejected row breaks (a Reason of stage `list`, or a rule of its own); null for a usable row."""
COLUMN = "_column"
"""String: the header of the offending cell of a rejected row."""
VALUE = "_value"
"""String: the offending value of a rejected row."""

OWN = (LINE, RECIPIENT, PAGE, CLOSES_AT, INBOUND_AT, OPTED_OUT, TIMEZONE, RULE, COLUMN, VALUE)
"""Pagecast's columns of a stored list, in order; the file's own columns follow, all of them String."""


class RecipientList(SQLModel, table=True):
    """A list as it was read once: `id` is the hash of the file's bytes and of how its columns were read."""

    __tablename__ = "recipient_list"

    id: str = Field(primary_key=True)
    name: str
    path: str
    """The Parquet file, relative to the storage folder."""
    rows: int
    usable: int
    rejected: int
    columns: str
    """The file's own headers, as a JSON list."""
    warnings: str = "[]"
    created_at: int = Field(sa_type=BigInteger)
