"""Webhook bodies as they came, in tables of their own: on SQLite in a file of their own, so that nobody waits."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, String, Table, text

METADATA = MetaData()

_ID = BigInteger().with_variant(Integer(), "sqlite")

WEBHOOK_BODY = Table(
    "webhook_body",
    METADATA,
    Column("id", _ID, primary_key=True, autoincrement=True),
    Column("provider", String, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    # None while nobody has applied it; then how many events it held, or -1 where it could not be read.
    Column("events", Integer),
    # Epoch ms until which a worker has it in hand.
    Column("taken_until", BigInteger, nullable=False, server_default="0"),
    # Whose hand: a worker's name, as its presence proves it alive; '' in nobody's, and once it is applied.
    Column("taken_by", String, nullable=False, server_default=""),
    Index("ix_webhook_body_open", "events", "id"),
)

_IN_HAND = text("taken_by <> ''")
IX_WEBHOOK_BODY_TAKEN = Index(
    "ix_webhook_body_taken", WEBHOOK_BODY.c.taken_by, sqlite_where=_IN_HAND, postgresql_where=_IN_HAND
)
"""Holds what is in hand and nothing else, so that to ask for the dead's costs nothing however long the backlog."""

WEBHOOK_REFUSAL = Table(
    "webhook_refusal",
    METADATA,
    # Epoch ms of the hour, so that doctor and status can say "in the last hour".
    Column("provider", String, primary_key=True),
    Column("reason", String, primary_key=True),
    Column("hour", BigInteger, primary_key=True),
    Column("n", Integer, nullable=False),
    Column("last_at", BigInteger, nullable=False),
)
