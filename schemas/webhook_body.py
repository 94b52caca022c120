"""Webhook bodies as they came, in tables of their own: on SQLite in a file of their own, so that nobody waits."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, String, Table

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
    Index("ix_webhook_body_open", "events", "id"),
)

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
