"""The session cookie: signed, and a pointer to a key; whether that key still lets somebody in is asked every time.

A pass ends twelve hours after the last page that was opened with it, and seven days after the login whatever happens;
who logs out ends it at once, everywhere that it is open.
"""

import contextlib
import hashlib
import os
import secrets
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

from itsdangerous import BadData, URLSafeTimedSerializer
from sqlalchemy import Connection, text

from campaigns import keys
from campaigns.runtime import Runtime, now_of
from schemas.api_key import ApiKey

COOKIE = "pagecast_session"
WHOLE = 7 * 86_400
"""Seconds from the login on."""
IDLE = 12 * 3_600
"""Seconds from the last page on."""
_RENEWED = 600
_KEY_BYTES = 32
_FILE = "dashboard.key"

_KEY = text("SELECT key FROM signing_key WHERE id = 1")
_END = text("INSERT INTO ended_pass (nonce, until) VALUES (:nonce, :until) ON CONFLICT (nonce) DO NOTHING")
_ENDED = text("SELECT 1 FROM ended_pass WHERE nonce = :nonce")
_FORGET = text("DELETE FROM ended_pass WHERE until < :now")
_MAKE_KEY = text("INSERT INTO signing_key (id, key, made_at) VALUES (1, :key, :now) ON CONFLICT (id) DO NOTHING")


@dataclass(frozen=True, slots=True)
class Pass:
    """What the cookie holds; `since` is when the login was, in epoch seconds."""

    key_id: int
    prefix: str
    since: int
    nonce: str


@dataclass(frozen=True, slots=True)
class Admitted:
    """Somebody with a pass that holds; `cookie` is a fresh one where it is time for that, else ''."""

    key: ApiKey
    shown: Pass
    cookie: str = ""


class Passes:
    """Makes and checks passes; everything here asks the database, so call it in a thread."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    @cached_property
    def _signer(self) -> URLSafeTimedSerializer:
        # Read late: the web process lives and says so before its database does.
        options = {"digest_method": hashlib.sha256}
        return URLSafeTimedSerializer(_signing_key(self._runtime), salt="dashboard session", signer_kwargs=options)

    def issue(self, key: ApiKey, now: int) -> str:
        """Return the cookie of somebody who has just come in; `now` in epoch milliseconds."""
        return self._sign(Pass(key.id or 0, key.prefix, now // 1000, secrets.token_hex(8)))

    def admit(self, cookie: str) -> Admitted | None:
        """Return who holds a cookie; None where it is forged or too old, or its key ended."""
        read = self._read(cookie, IDLE)
        if read is None:
            return None
        shown, signed_at = read
        with self._runtime.reading() as conn:
            now = now_of(conn)
            key = _holder(conn, shown, now)
        if key is None:
            return None
        old = now / 1000 - signed_at > _RENEWED
        if old and keys.is_used_anew(key, now):
            with self._runtime.writing() as conn:
                keys.used(conn, key, now)
        return Admitted(key, shown, self._sign(shown) if old else "")

    def holds(self, shown: Pass) -> bool:
        """Whether a pass that was admitted before still is good."""
        with self._runtime.reading() as conn:
            return _holder(conn, shown, now_of(conn)) is not None

    def end(self, cookie: str) -> None:
        """End the pass of a cookie, whoever has a copy of it; a cookie that is none changes nothing."""
        # A copy of it may have been in use since this one was.
        read = self._read(cookie, WHOLE)
        if read is None:
            return
        shown, _ = read
        with self._runtime.writing() as conn:
            conn.execute(_FORGET, {"now": now_of(conn)})
            conn.execute(_END, {"nonce": shown.nonce, "until": (shown.since + WHOLE) * 1000})

    def _read(self, cookie: str, oldest: int) -> tuple[Pass, float] | None:
        """Return what a cookie holds, and when it was signed (epoch seconds).

        None where it is forged, or older than `oldest` seconds.
        """
        try:
            content, signed = self._signer.loads(cookie, max_age=oldest, return_timestamp=True)
            return Pass(**content), signed.timestamp()
        except (BadData, TypeError):
            return None

    def _sign(self, content: Pass) -> str:
        return self._signer.dumps(asdict(content))


def _holder(conn: Connection, shown: Pass, now: int) -> ApiKey | None:
    if now // 1000 - shown.since > WHOLE or conn.execute(_ENDED, {"nonce": shown.nonce}).first():
        return None
    return keys.still(conn, shown.key_id, shown.prefix, now)


def _signing_key(runtime: Runtime) -> str:
    settings = runtime.settings
    if settings.secret_key and (own := settings.secret_key.get_secret_value().strip()):
        return own
    return _shared_key(runtime) if settings.shared else _own_key(settings.home / _FILE)


def _shared_key(runtime: Runtime) -> str:
    with runtime.writing() as conn:
        conn.execute(_MAKE_KEY, {"key": secrets.token_hex(_KEY_BYTES), "now": now_of(conn)})
        return str(conn.execute(_KEY).scalar_one())


def _own_key(file: Path) -> str:
    """Read the key in the state folder; the first one makes it, whole or not at all."""
    if not file.exists():
        draft = file.with_suffix(f".{secrets.token_hex(4)}")
        draft.touch(mode=0o600, exist_ok=False)
        draft.write_text(secrets.token_hex(_KEY_BYTES), "ascii")
        with contextlib.suppress(FileExistsError):
            os.link(draft, file)
        draft.unlink()
    return file.read_text("ascii").strip()
