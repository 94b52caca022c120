"""Long work of the HTTP API is a row."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "job",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", AutoString(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("arguments", AutoString(), nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("actor", AutoString(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("owner", AutoString(), nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("result", AutoString(), nullable=True),
        sa.Column("file", AutoString(), nullable=True),
        sa.Column("error", AutoString(), nullable=True),
        sa.ForeignKeyConstraint(["key_id"], ["api_key.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("ref"),
    )
    op.create_index("ix_job_state", "job", ["state", "lease_until"])
    op.create_index("ix_job_key", "job", ["key_id"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("job")
