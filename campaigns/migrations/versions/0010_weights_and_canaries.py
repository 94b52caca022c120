"""Campaigns share a page by weight, and may begin with a canary."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; what is there has the weight of one."""
    with op.batch_alter_table("campaign") as campaign:
        campaign.add_column(sa.Column("weight", sa.Float(), server_default="1", nullable=False))
        campaign.add_column(sa.Column("canary", sa.Integer(), nullable=True))
        campaign.add_column(sa.Column("canary_left", sa.Integer(), nullable=True))


def downgrade() -> None:
    """Drop them."""
    with op.batch_alter_table("campaign") as campaign:
        for name in ("canary_left", "canary", "weight"):
            campaign.drop_column(name)
