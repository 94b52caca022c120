"""Campaigns hold outside their hours, and people in their own quiet time; running ones may be changed."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    with op.batch_alter_table("campaign") as campaign:
        campaign.add_column(sa.Column("open_until", sa.BigInteger(), nullable=True))
        campaign.add_column(sa.Column("hold_until", sa.BigInteger(), nullable=True))
        campaign.add_column(sa.Column("changes", sa.Integer(), server_default="0", nullable=False))
    # Not in a batch, which would write every row of the ledger anew.
    op.add_column("delivery", sa.Column("zone", AutoString(), nullable=True))


def downgrade() -> None:
    """Drop them."""
    with op.batch_alter_table("delivery") as delivery:
        delivery.drop_column("zone")
    with op.batch_alter_table("campaign") as campaign:
        for name in ("changes", "hold_until", "open_until"):
            campaign.drop_column(name)
