"""Keys of the HTTP API: shown once, kept as a hash, known again by their prefix.

`pc_<prefix>_<secret>`: the secret is 256 random bits, which nobody guesses, so one round of SHA-256 is enough.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, text

from campaigns import access, events, locks
from campaigns.errors import InputError, NotFoundError, UsageError
from campaigns.moments import iso, iso_or_none
from schemas.api.keys import Key
from schemas.api_key import ApiKey, Role
from schemas.right import Right

_SECRET_BYTES = 32
_PREFIX_BYTES = 5
_SHAPE = re.compile(rf"pc_([0-9a-f]{{{2 * _PREFIX_BYTES}}})_([0-9a-f]{{{2 * _SECRET_BYTES}}})")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,62}")
_LENGTH = re.compile(r"(\d{1,5})\s*([hdw])")
_MS = {"h": 3_600_000, "d": 86_400_000, "w": 7 * 86_400_000}
_MINUTE_MS = 60_000

_ADD = text("""
    INSERT INTO api_key (name, role, scopes, prefix, digest, created_at, created_by, expires_at)
    VALUES (:name, :role, :scopes, :prefix, :digest, :now, :actor, :expires_at) RETURNING id
""")
_ALL = text("SELECT * FROM api_key ORDER BY id")
_BY_ID = text("SELECT * FROM api_key WHERE id = :id")
_BY_PREFIX = text("SELECT * FROM api_key WHERE prefix = :prefix")
_NAMED = text("SELECT * FROM api_key WHERE name = :name AND revoked_at IS NULL")
_LIVE = text("""
    SELECT 1 FROM api_key WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > :now) LIMIT 1
""")
_USED = text("UPDATE api_key SET last_used_at = :now WHERE id = :id")
_REVOKE = text("UPDATE api_key SET revoked_at = :now WHERE id = :id")
_NOBODY = "0" * 64


@dataclass(frozen=True, slots=True)
class Created:
    """A new key; `secret` is all of it, and is nowhere else."""

    key: ApiKey
    secret: str


def create(
    conn: Connection,
    name: str,
    role: Role,
    *,
    now: int,
    actor: str,
    expires_at: int | None = None,
    scopes: Collection[Right] = (),
) -> Created:
    """Make a key; times in epoch milliseconds. With `scopes` it has no other rights of its role.

    Raises InputError for a name that cannot be one or is in use, and for scopes that the role does not have.
    """
    _check_scopes(role, scopes)
    if not _NAME.fullmatch(name):
        raise InputError(f"{name!r} is no name for a key. Use letters, digits and - _ . @, such as crm-export.")
    locks.turn(conn, "keys")
    if conn.execute(_NAMED, {"name": name}).first():
        raise InputError(f"There is a key named {name} already. Choose another name, or revoke that key first.")
    prefix, secret = secrets.token_hex(_PREFIX_BYTES), secrets.token_hex(_SECRET_BYTES)
    facts = {"name": name, "role": role.value, "prefix": prefix, "digest": _digest(secret), "expires_at": expires_at}
    narrowed = " ".join(right.value for right in Right if right in scopes)
    key_id = conn.execute(_ADD, facts | {"scopes": narrowed, "now": now, "actor": actor}).scalar_one()
    only = f", with no other rights than: {narrowed}" if narrowed else ""
    events.record(conn, now, "key.created", actor, f"Key {name} was created for the role {role}{only}.")
    return Created(_key(conn.execute(_BY_ID, {"id": key_id}).mappings().one()), f"pc_{prefix}_{secret}")


def verify(conn: Connection, presented: str, now: int) -> ApiKey | None:
    """Return the key that somebody presents; None where it is none, is revoked, or has expired."""
    shaped = _SHAPE.fullmatch(presented)
    prefix, secret = shaped.groups() if shaped else ("", "")
    row = conn.execute(_BY_PREFIX, {"prefix": prefix}).mappings().one_or_none()
    # Compared where there is no such key too, so that the time tells nothing.
    right = hmac.compare_digest(_digest(secret), row["digest"] if row else _NOBODY)
    return _key(row) if row and right and _is_live(row, now) else None


def still(conn: Connection, key_id: int, prefix: str, now: int) -> ApiKey | None:
    """Return a key that was verified before; None where it is revoked or has expired since."""
    row = conn.execute(_BY_ID, {"id": key_id}).mappings().one_or_none()
    return _key(row) if row and row["prefix"] == prefix and _is_live(row, now) else None


def free_name(conn: Connection, wish: str) -> str:
    """Return the wish, or `wish-2` and so on where a key that is not revoked has the name."""
    number, name = 1, wish
    while conn.execute(_NAMED, {"name": name}).first():
        number += 1
        name = f"{wish}-{number}"
    return name


def is_used_anew(key: ApiKey, now: int) -> bool:
    """Whether the last use that is written down is more than a minute ago."""
    return key.last_used_at is None or key.last_used_at < now - _MINUTE_MS


def used(conn: Connection, key: ApiKey, now: int) -> None:
    """Write down that a key is used."""
    conn.execute(_USED, {"id": key.id, "now": now})


def listed(conn: Connection) -> Sequence[ApiKey]:
    """Return every key there ever was, oldest first."""
    return [_key(row) for row in conn.execute(_ALL).mappings()]


def any_live(conn: Connection, now: int) -> bool:
    """Whether somebody could come in."""
    return conn.execute(_LIVE, {"now": now}).first() is not None


def revoke(conn: Connection, name: str, *, now: int, actor: str) -> ApiKey:
    """End a key at once; raises NotFoundError where no key that is not revoked has that name."""
    row = conn.execute(_NAMED, {"name": name}).mappings().one_or_none()
    if row is None:
        known = ", ".join(key.name for key in listed(conn) if key.revoked_at is None) or "none"
        raise NotFoundError(f'There is no key named "{name}". Known keys: {known}.')
    conn.execute(_REVOKE, {"id": row["id"], "now": now})
    events.record(conn, now, "key.revoked", actor, f"Key {name} was revoked.")
    return _key(conn.execute(_BY_ID, {"id": row["id"]}).mappings().one())


def lifetime(word: str, label: str) -> int:
    """Return how long a key is to live, in milliseconds: `12h`, `90d`, `4w`; raises UsageError, which names `label`."""
    found = _LENGTH.fullmatch(word.strip())
    if not found or not int(found[1]):
        raise UsageError(f"{label} {word} is no length of time. Write it like 12h, 90d or 4w.")
    return int(found[1]) * _MS[found[2]]


def state(key: ApiKey, now: int) -> str:
    """Return in a word whether a key lets somebody in: `live`, `expired` or `revoked`."""
    if key.revoked_at is not None:
        return "revoked"
    return "expired" if key.expires_at is not None and key.expires_at <= now else "live"


def shown(key: ApiKey, now: int) -> Key:
    """Return a key as people look it up at a moment (epoch ms), without its secret."""
    return Key(
        name=key.name,
        role=key.role,
        scopes=key.scopes.split(),
        state=state(key, now),
        prefix=f"pc_{key.prefix}",
        created_at=iso(key.created_at),
        created_by=key.created_by,
        expires_at=iso_or_none(key.expires_at),
        last_used_at=iso_or_none(key.last_used_at),
        revoked_at=iso_or_none(key.revoked_at),
    )


def _check_scopes(role: Role, scopes: Collection[Right]) -> None:
    beyond = [right.value for right in scopes if right not in access.rights_of(role)]
    if beyond:
        raise InputError(f"The role {role} has no right to {', '.join(beyond)}. Choose another role, or leave it out.")


def _is_live(row: RowMapping, now: int) -> bool:
    return state(_key(row), now) == "live"


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _key(row: RowMapping) -> ApiKey:
    return ApiKey.model_validate(dict(row))
