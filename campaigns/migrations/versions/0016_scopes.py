"""A key may have less than its role."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; a key that is there has all that its role has."""
    with op.batch_alter_table("api_key") as key:
        key.add_column(sa.Column("scopes", sa.String(), server_default=sa.text("''"), nullable=False))


def downgrade() -> None:
    """Drop it; whoever had less than their role is revoked."""
    op.execute("UPDATE api_key SET revoked_at = created_at WHERE scopes <> '' AND revoked_at IS NULL")
    with op.batch_alter_table("api_key") as key:
        key.drop_column("scopes")
