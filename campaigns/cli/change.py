"""One change of the database: told apart from a dry run only by how it ends."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from campaigns.runtime import Runtime, now_of


@contextmanager
def change(runtime: Runtime, *, dry_run: bool) -> Iterator[tuple[Connection, int]]:
    """One writing transaction and its moment in epoch milliseconds; a dry run does everything and gives it up."""
    with runtime.writing() as conn:
        yield conn, now_of(conn)
        if dry_run:
            conn.rollback()
