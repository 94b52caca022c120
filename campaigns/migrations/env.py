"""Alembic's way in; it runs on the connection that `campaigns.migrations.upgrade` opened."""

from alembic import context
from sqlmodel import SQLModel

from schemas import tables

assert tables.ALL

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
