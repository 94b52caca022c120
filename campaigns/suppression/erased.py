"""Erased people: their id is gone, and a keyed hash of it still says that they must not be messaged.

The key is random and lies in the database, where every machine finds it. So the hashes in reports and lists tell nobody
outside who it was. Whoever has the database has the key too, and can try all ids: against them only deleting helps.

A list is hashed when a plan is made of it, and only where somebody was erased. Claims need no hash: an erasure waits
for launches that are under way, renames the rows that there are, and a later plan sets its people aside.
"""

from __future__ import annotations

import secrets
from hashlib import blake2b
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

from campaigns.suppression.history import EVERY_SENDER, History, Said
from schemas.consent import ConsentKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    import polars as pl

MARK = "erased-"
"""How the name of an erased person begins; no platform's id does."""
SOURCE = "erased"
_KEY_BYTES = 32
_NAME_BYTES = 16

_KEY = text("SELECT key FROM erasure_key WHERE id = 1")
_MAKE_KEY = text("INSERT INTO erasure_key (id, key, made_at) VALUES (1, :key, :now) ON CONFLICT (id) DO NOTHING")
_CONSENT = text("SELECT id, key FROM consent WHERE recipient_id = :person")
_RENAME_CONSENT = text("UPDATE consent SET recipient_id = :name, key = :key, evidence = '' WHERE id = :id")
_MOVE = text("""
    INSERT INTO suppression (recipient_id, sender_id, source, note, at)
    SELECT :name, sender_id, source, '', at FROM suppression WHERE recipient_id = :person
    ON CONFLICT (recipient_id, sender_id) DO UPDATE SET source = excluded.source, note = '', at = excluded.at
""")
_GONE = text("DELETE FROM suppression WHERE recipient_id = :person")
_KNOWN = text("SELECT 1 FROM consent WHERE recipient_id = :name LIMIT 1")


def name_of(conn: Connection, recipient_id: str) -> str | None:
    """Return the name that a person has once erased; None where nobody ever was."""
    key = conn.execute(_KEY).scalar_one_or_none()
    return None if key is None else _name(bytes.fromhex(key), recipient_id)


def is_erased(conn: Connection, name: str) -> bool:
    """Whether the person of this name was erased."""
    return conn.execute(_KNOWN, {"name": name}).first() is not None


def name_for(conn: Connection, recipient_id: str, now: int) -> str:
    """Return the name that a person gets; the first one makes the key."""
    conn.execute(_MAKE_KEY, {"key": secrets.token_hex(_KEY_BYTES), "now": now})
    return _name(bytes.fromhex(conn.execute(_KEY).scalar_one()), recipient_id)


def rename(conn: Connection, recipient_id: str, name: str, *, now: int, actor: str) -> int:
    """Give what was said about a person the name, without their words, and add an opt-out that none of those lifts.

    Returns how many rows had the id.
    """
    history = History(conn, {name})
    rows = conn.execute(_CONSENT, {"person": recipient_id}).all()
    for row in rows:
        key = row.key.replace(f":{recipient_id}:", f":{name}:")
        conn.execute(_RENAME_CONSENT, {"id": row.id, "name": name, "key": key})
    conn.execute(_MOVE, {"person": recipient_id, "name": name})
    moved = conn.execute(_GONE, {"person": recipient_id}).rowcount
    if history.suppressed(name, EVERY_SENDER) is None or rows or moved:
        known = History(conn, {name})
        at = max(now, known.latest(name))
        key = f"{SOURCE}:{name}:{at}"
        known.add([Said(name, EVERY_SENDER, "", ConsentKind.OPTED_OUT, SOURCE, "", at, key, actor)])
    return len(rows) + moved


def recognised(conn: Connection, suppressed: pl.DataFrame, listed: Iterable[pl.Series]) -> pl.DataFrame:
    """Return the rows of erased people in `suppressed` under the ids by which `listed` names them.

    Columns are those of `suppression.frame`.
    """
    import polars as pl  # noqa: PLC0415 - workers use this module without it

    erased = suppressed.filter(pl.col("recipient_id").str.starts_with(MARK))
    key = conn.execute(_KEY).scalar_one_or_none()
    if key is None or erased.is_empty():
        return erased.clear()
    names = set(erased["recipient_id"])
    secret = bytes.fromhex(key)
    found = [(each, name) for part in listed for each in part.drop_nulls() if (name := _name(secret, each)) in names]
    people = pl.DataFrame(found, schema={"person": pl.String, "recipient_id": pl.String}, orient="row").unique()
    return people.join(erased, on="recipient_id").select(pl.col("person").alias("recipient_id"), "sender_id")


def _name(key: bytes, recipient_id: str) -> str:
    return MARK + blake2b(recipient_id.encode(), key=key, digest_size=_NAME_BYTES).hexdigest()
