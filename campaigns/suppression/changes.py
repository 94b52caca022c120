"""What operators and senders do to the list of the suppressed; people themselves are heard by `campaigns.inbound`.

An operator's word holds from the moment it is given, however wrong a clock has been: its time is never before anything
that was said about the person.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from campaigns import events
from campaigns.errors import InputError, NotFoundError
from campaigns.suppression.erased import name_of
from campaigns.suppression.history import EVERY_SENDER, PERSONAL, History, Said
from schemas.consent import ConsentKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection

_USABLE_ID = re.compile(r"[1-9][0-9]{0,31}")
"""As lists have it; a test holds the two equal."""


def person(recipient_id: str) -> str:
    """Return a typed recipient id without the space around it; raises InputError where it can be no one's."""
    trimmed = recipient_id.strip()
    if not _USABLE_ID.fullmatch(trimmed):
        raise InputError(f"{recipient_id!r} is no recipient id. Write all of its digits and nothing else.")
    return trimmed


def suppress(
    conn: Connection, recipient_id: str, sender_id: int, *, note: str, now: int, actor: str, source: str = "cli"
) -> bool:
    """Suppress a person because somebody says so; False where they already were."""
    new = add(conn, recipient_id, sender_id, source=source, note=note, now=now, actor=actor)
    if new:
        events.record(conn, now, "suppression.added", actor, f"{recipient_id} is suppressed.")
    return new


def suppress_all(
    conn: Connection, parts: Iterable[Sequence[tuple[str, int]]], *, note: str, now: int, actor: str
) -> int:
    """Suppress each (recipient, sender) of an imported file, part by part; return how many were new."""
    new = sum(add_many(conn, part, source="import", note=note, now=now, actor=actor) for part in parts)
    events.record(conn, now, "suppression.imported", actor, f"{new} people are suppressed: {note}.")
    return new


def lift(conn: Connection, recipient_id: str, *, now: int, actor: str, source: str = "cli") -> None:
    """Lift every suppression of a person because somebody says so, an erased one too; raises NotFoundError for none."""
    erased = name_of(conn, recipient_id)
    names = [recipient_id, erased] if erased else [recipient_id]
    history = History(conn, set(names))
    suppressed = [name for name in names if history.senders(name)]
    if not suppressed:
        raise NotFoundError(f"{recipient_id} is not suppressed. `pagecast suppress list` shows who is.")
    for name in suppressed:
        at = max(now, history.latest(name) + 1)
        history.add([_said(name, EVERY_SENDER, ConsentKind.OPTED_IN, at, source=source, evidence="", actor=actor)])
    events.record(conn, now, "suppression.removed", actor, f"{suppressed[0]} is no longer suppressed.")


def add(
    conn: Connection,
    recipient_id: str,
    sender_id: int = EVERY_SENDER,
    *,
    source: str,
    note: str = "",
    now: int,
    actor: str = "",
) -> bool:
    """Suppress a person for one sender or all; False where they already were. `now` in epoch milliseconds."""
    return add_many(conn, [(recipient_id, sender_id)], source=source, note=note, now=now, actor=actor) == 1


def add_many(
    conn: Connection, people: Sequence[tuple[str, int]], *, source: str, note: str, now: int, actor: str = ""
) -> int:
    """Suppress each (recipient, sender); return how many were new.

    An operator who repeats an operator says nothing; one who repeats a person does, for a START undoes less from then.
    """
    history = History(conn, {recipient_id for recipient_id, _ in people})
    personal = source in PERSONAL
    said = []
    for recipient_id, sender_id in dict.fromkeys(people):
        held = history.suppressed(recipient_id, sender_id)
        if personal or held is None or held.personal:
            at = now if personal else max(now, history.latest(recipient_id))
            forbidden = (recipient_id, sender_id, ConsentKind.OPTED_OUT, at)
            said.append(_said(*forbidden, source=source, evidence=note, actor=actor))
    return len(history.add(said))


def _said(
    recipient_id: str, sender_id: int, kind: ConsentKind, at: int, *, source: str, evidence: str, actor: str
) -> Said:
    key = f"{source}:{kind}:{sender_id}:{recipient_id}:{at}"
    return Said(recipient_id, sender_id, "", kind, source, evidence, at, key, actor)
