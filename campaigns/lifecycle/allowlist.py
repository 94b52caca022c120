"""Whom tests may go to: who is put on the list and taken off it, and that it is written down."""

from typing import Any

from sqlalchemy import Connection, Row

from campaigns import events, pages, testers
from campaigns.errors import NotFoundError
from campaigns.moments import iso, iso_or_none
from schemas.api.testers import Tester


def allow(conn: Connection, page: str, person: str, *, note: str, now: int, actor: str) -> bool:
    """Let a page send tests to a person; False where it might already, and then the note is changed."""
    found = pages.named(conn, page)
    new = testers.add(conn, found.channel, found.account_id, person, note=note, now=now, actor=actor)
    if new:
        said = f"{person} may be sent tests from page {page}."
        events.record(conn, now, "tester.added", actor, said, page_id=found.id)
    return new


def disallow(conn: Connection, person: str, page: str | None = None, *, now: int, actor: str) -> int:
    """Send no more tests to a person, from one page or from any; return of how many accounts they were a tester.

    Raises NotFoundError where they were none.
    """
    found = pages.named(conn, page) if page else None
    n = testers.remove(conn, person, (found.channel, found.account_id) if found else None)
    if not n:
        raise NotFoundError(f"{person} is no tester. `pagecast testers list` shows who is.")
    said = f"{person} is sent no more tests."
    events.record(conn, now, "tester.removed", actor, said, page_id=found.id if found else None)
    return n


def shown(row: Row[Any]) -> Tester:
    """Return a row of `testers.listed` as people look it up."""
    moments = {"added_at": iso(row.added_at), "tested_at": iso_or_none(row.tested_at)}
    return Tester(**{**row._mapping, **moments})  # noqa: SLF001 - SQLAlchemy's public name for it
