"""What a bucket has learned of its platform's real limit."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; a bucket that has them empty is at its cap."""
    op.add_column("bucket", sa.Column("cap", sa.Float(), nullable=True))
    op.add_column("bucket", sa.Column("rate", sa.Float(), nullable=True))
    op.add_column("bucket", sa.Column("cut_at", sa.BigInteger(), nullable=True))
    op.add_column("bucket", sa.Column("eased_until", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    """Drop them."""
    with op.batch_alter_table("bucket") as bucket:
        for name in ("eased_until", "cut_at", "rate", "cap"):
            bucket.drop_column(name)
