"""The migrated database is the one that the tables describe."""

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import NullPool
from sqlmodel import SQLModel

from campaigns import migrations
from schemas import tables
from tests.postgres import Postgres


def differences(engine: Engine) -> list[object]:
    """What the migrated database lacks of the tables, and the other way round."""
    migrations.upgrade(engine)
    assert tables.ALL
    with engine.connect() as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": True, "compare_server_default": True})
        return compare_metadata(context, SQLModel.metadata)


def test_migrations_make_the_tables(tmp_path: Path) -> None:
    assert differences(create_engine(f"sqlite:///{tmp_path}/db")) == []


def test_migrations_make_the_tables_of_postgresql(postgres: Postgres) -> None:
    with postgres.database("template1") as url:
        engine = create_engine(url, poolclass=NullPool)
        assert differences(engine) == []


def test_head_is_the_last_step() -> None:
    folder = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert folder.get_current_head() == migrations.HEAD


def test_a_present_database_is_left_alone(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/db")
    migrations.ensure(engine)
    with engine.connect() as conn:
        before = conn.exec_driver_sql("PRAGMA schema_version").scalar_one()
    migrations.ensure(engine)
    with engine.connect() as conn:
        assert conn.exec_driver_sql("PRAGMA schema_version").scalar_one() == before
