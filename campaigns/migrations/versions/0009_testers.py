"""People of ours whom tests may go to."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "tester",
        sa.Column("channel", AutoString(), nullable=False),
        sa.Column("account_id", AutoString(), nullable=False),
        sa.Column("recipient_id", AutoString(), nullable=False),
        sa.Column("note", AutoString(), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("added_by", AutoString(), nullable=False),
        sa.Column("tested_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("channel", "account_id", "recipient_id"),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("tester")
