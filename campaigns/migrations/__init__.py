"""The database's shape, step by step; `upgrade` brings any earlier one to the present."""

from pathlib import Path

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from campaigns import database, locks

HEAD = "0018"
"""The latest step; a test holds it equal to the folder's."""


def upgrade(engine: Engine) -> None:
    """Bring the database to the present shape; does nothing where it has it."""
    # Imported late: verbs on a database in the present shape start without it.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    with engine.connect().execution_options(**{database.WRITES: True}) as connection, connection.begin():
        # Machines that start together must not each make the same table.
        locks.turn(connection, "migrations")
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def ensure(engine: Engine) -> None:
    """Upgrade unless the database is in the present shape; cheap where it is."""
    try:
        with engine.connect() as connection:
            present = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    except SQLAlchemyError:
        present = None
    if present != HEAD:
        upgrade(engine)
