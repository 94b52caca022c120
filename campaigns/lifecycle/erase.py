"""A person who wants to be forgotten: what happened stays, counted and proven, and who it was is nowhere to be read.

Three places, in this order, each of them finished by saying it again: the database in one transaction, the stored lists
one by one, the webhook bodies. What people have taken out themselves (reports, exports, backups) is theirs to delete.
"""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, bindparam, text
from sqlalchemy.exc import DBAPIError

from campaigns import answers, contacts, events, jobs, locks, suppression, testers, uploads
from campaigns.audience import erasure as lists
from campaigns.inbox import Inbox
from campaigns.ledger import erasure as ledger
from campaigns.lifecycle import find
from campaigns.lifecycle.lock import alone
from campaigns.runtime import Runtime, now_of
from schemas.campaign import Campaign

_DRAFTS = text("SELECT id FROM campaign WHERE state = 'draft' ORDER BY id")
_INBOUND = text("""
    UPDATE inbound_event SET person = :name, mid = '', text = '', payload = '', facts = '{}', match_until = NULL
    WHERE person = :person
""")
_SENTENCES = text("SELECT id, sentence FROM event WHERE sentence LIKE '%' || :person || '%'")
_SAY = text("UPDATE event SET sentence = :sentence WHERE id = :id")
_PATHS = text("SELECT DISTINCT path FROM recipient_list ORDER BY path")
_NAMED = text("SELECT name, ref FROM campaign WHERE id IN :ids ORDER BY id").bindparams(
    bindparam("ids", expanding=True)
)
_SOMEBODY = "An erased person"


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure found and took out, in rows; `name` stands for the person from now on.

    `set_aside` rows were still to be sent. `lists` are stored ones and uploads; an upload is deleted. `bodies` were
    deleted, `waiting` ones are not applied yet: then the person must be erased again. `campaigns` had rows of the
    person: reports of them that were written before still name them, and so do the files of `copies`.
    """

    name: str
    contacts: int
    events: int
    consent: int
    deliveries: int
    set_aside: int
    lists: int
    bodies: int
    waiting: int
    campaigns: list[str]
    copies: list[Path]


@dataclass(frozen=True, slots=True)
class _Rows:
    name: str
    contacts: int
    events: int
    consent: int
    ledger: ledger.Renamed
    campaigns: list[str]


def erase(runtime: Runtime, recipient_id: str, actor: str, *, dry_run: bool = False) -> Erased:
    """Erase a person, who is never messaged again; a dry run changes nothing and tells what it would."""
    with _launches_held(runtime):
        rows = _again_if_crossed(runtime, recipient_id, actor, dry_run=dry_run)
    with runtime.reading() as conn:
        # Their rows are gone already, unless this is a dry run.
        jobs.sweep(conn, runtime.storage, now_of(conn))
    naming = [path for path in _stored(runtime) if lists.names(path, recipient_id)]
    uploaded = uploads.forget_naming(runtime.storage, recipient_id, dry_run=dry_run)
    with Inbox.opened(runtime) as inbox:
        bodies = inbox.naming(recipient_id)
        if not dry_run:
            for path in naming:
                lists.erase(path, recipient_id, rows.name)
            inbox.drop(bodies.closed)
    return Erased(
        name=rows.name,
        contacts=rows.contacts,
        events=rows.events,
        consent=rows.consent,
        deliveries=rows.ledger.rows,
        set_aside=rows.ledger.set_aside,
        lists=len(naming) + uploaded,
        bodies=len(bodies.closed),
        waiting=bodies.waiting,
        campaigns=rows.campaigns,
        copies=_copies(runtime),
    )


@contextmanager
def _launches_held(runtime: Runtime) -> Iterator[None]:
    """Hold every draft: a launch that is under way has read its list, and its rows must be there to be found."""
    with ExitStack() as held:
        for draft in _drafts(runtime):
            held.enter_context(alone(runtime, draft))
        yield


def _drafts(runtime: Runtime) -> list[Campaign]:
    with runtime.reading() as conn:
        return [find.by_id(conn, campaign_id) for campaign_id in conn.execute(_DRAFTS).scalars().all()]


def _again_if_crossed(runtime: Runtime, recipient_id: str, actor: str, *, dry_run: bool) -> _Rows:
    try:
        return _rows(runtime, recipient_id, actor, dry_run=dry_run)
    except DBAPIError as error:
        if not locks.crossed(error):
            raise
        return _rows(runtime, recipient_id, actor, dry_run=dry_run)


def _rows(runtime: Runtime, recipient_id: str, actor: str, *, dry_run: bool) -> _Rows:
    with runtime.writing() as conn:
        now = now_of(conn)
        name = suppression.name_for(conn, recipient_id, now)
        known = suppression.is_erased(conn, name)
        consent = suppression.rename(conn, recipient_id, name, now=now, actor=actor)
        windows = contacts.forget(conn, recipient_id)
        testers.remove(conn, recipient_id)
        answers.forget_naming(conn, recipient_id)
        jobs.forget_naming(conn, recipient_id)
        inbound = conn.execute(_INBOUND, {"person": recipient_id, "name": name}).rowcount
        renamed = ledger.rename(conn, recipient_id, name)
        told = _unsay(conn, recipient_id)
        if consent or windows or inbound or renamed.rows or told or not known:
            said = f"A person was erased: {renamed.rows:,} deliveries, {inbound:,} events and {windows:,} windows."
            events.record(conn, now, "person.erased", actor, said)
        ids = sorted(renamed.campaigns)
        named = [f"{row.name} ({row.ref})" for row in conn.execute(_NAMED, {"ids": ids})]
        if dry_run:
            conn.rollback()
    return _Rows(name, windows, inbound, consent, renamed, named)


def _unsay(conn: Connection, recipient_id: str) -> int:
    whole = re.compile(rf"\b{recipient_id}\b")
    found = [
        {"id": row.id, "sentence": whole.sub(_SOMEBODY, row.sentence)}
        for row in conn.execute(_SENTENCES, {"person": recipient_id})
        if whole.search(row.sentence)
    ]
    if found:
        conn.execute(_SAY, found)
    return len(found)


def _stored(runtime: Runtime) -> list[Path]:
    with runtime.reading() as conn:
        paths = [runtime.storage / path for path in conn.execute(_PATHS).scalars()]
    return [path for path in paths if path.exists()]


def _copies(runtime: Runtime) -> list[Path]:
    """Return what a restore or a move has set aside: it is as it was."""
    home = runtime.settings.home
    return sorted([*home.glob("replaced-*"), *home.glob("*.moved")])
