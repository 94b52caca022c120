"""Links into the dashboard that work once: for the first start, and for whoever lost their key.

Whoever makes one has the database, so it opens nothing that was closed to them. The word in the link is 256 random
bits; only its hash is kept.
"""

import hashlib
import secrets

from sqlalchemy import Connection, text

from campaigns import events
from campaigns.errors import StateError
from schemas.api_key import Role
from schemas.login_link import LoginLink

LASTS_MS = 15 * 60_000
_WORD_BYTES = 32
_FORGOTTEN_MS = 86_400_000

_ADD = text("""
    INSERT INTO login_link (digest, role, created_at, created_by, expires_at)
    VALUES (:digest, :role, :now, :actor, :expires_at)
""")
_OPEN = text("SELECT * FROM login_link WHERE digest = :digest AND used_at IS NULL AND expires_at > :now")
_USE = text("""
    UPDATE login_link SET used_at = :now WHERE digest = :digest AND used_at IS NULL AND expires_at > :now RETURNING *
""")
_FORGET = text("DELETE FROM login_link WHERE expires_at < :before")


def create(conn: Connection, role: Role, *, now: int, actor: str) -> str:
    """Make a link and return its word, which is nowhere else; `now` in epoch milliseconds."""
    word = secrets.token_urlsafe(_WORD_BYTES)
    conn.execute(_FORGET, {"before": now - _FORGOTTEN_MS})
    facts = {"digest": _digest(word), "role": role.value, "now": now, "actor": actor, "expires_at": now + LASTS_MS}
    conn.execute(_ADD, facts)
    events.record(conn, now, "link.created", actor, f"A login link for the role {role} was made.")
    return word


def find(conn: Connection, word: str, now: int) -> LoginLink | None:
    """Return the link of a word while it can be used; looking does not use it."""
    row = conn.execute(_OPEN, {"digest": _digest(word), "now": now}).mappings().one_or_none()
    return LoginLink.model_validate(dict(row)) if row else None


def use(conn: Connection, word: str, now: int) -> LoginLink:
    """Use a link up; raises StateError where it was used, has expired, or never was."""
    row = conn.execute(_USE, {"digest": _digest(word), "now": now}).mappings().one_or_none()
    if row is None:
        raise StateError("This link was used already, or is older than 15 minutes. `pagecast keys link` makes another.")
    return LoginLink.model_validate(dict(row))


def _digest(word: str) -> str:
    return hashlib.sha256(word.encode()).hexdigest()
