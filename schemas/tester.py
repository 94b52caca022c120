"""Somebody of ours who may be sent tests: the allow-list of `pagecast test-send`."""

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel


class Tester(SQLModel, table=True):
    """A person as one of our accounts knows them; times are epoch milliseconds.

    `channel` and `account_id` name the account, as a contact does: pages come and go with drafts. `tested_at` is when
    the latest test to them began.
    """

    channel: str = Field(primary_key=True)
    account_id: str = Field(primary_key=True)
    recipient_id: str = Field(primary_key=True)
    note: str = ""
    added_at: int = Field(sa_type=BigInteger)
    added_by: str
    tested_at: int | None = Field(default=None, sa_type=BigInteger)
