"""A parked page recognises the token that was refused."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; a page that has it empty takes any token for a new one."""
    op.add_column("page", sa.Column("refused_token", AutoString(), nullable=True))


def downgrade() -> None:
    """Drop it."""
    with op.batch_alter_table("page") as page:
        page.drop_column("refused_token")
