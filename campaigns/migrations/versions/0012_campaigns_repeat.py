"""A campaign may repeat: its series, and each moment of it with the one campaign that it has."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "series",
        sa.Column("campaign_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("folder", AutoString(), nullable=False),
        sa.Column("zone", AutoString(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"]),
        sa.PrimaryKeyConstraint("campaign_id"),
    )
    op.create_table(
        "occurrence",
        sa.Column("series_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("sentence", AutoString(), nullable=False),
        sa.Column("token", AutoString(), nullable=True),
        sa.Column("began_at", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"]),
        sa.ForeignKeyConstraint(["series_id"], ["series.campaign_id"]),
        sa.PrimaryKeyConstraint("series_id", "at"),
        sa.UniqueConstraint("campaign_id"),
    )


def downgrade() -> None:
    """Drop them."""
    for table in ("occurrence", "series"):
        op.drop_table(table)
