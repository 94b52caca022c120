"""Who is told: an address, what it wants to hear, and what signs it. Secrets are references here, never themselves."""

import json
from collections.abc import Sequence
from urllib.parse import urlsplit

from sqlalchemy import Connection, text

from campaigns import events, locks
from campaigns.errors import InputError, NotFoundError
from schemas.campaign_file import REFERENCE
from schemas.notice import URGENT, NoticeKind, NoticeTarget, Way

EVERYTHING = "all"

_ALL = text("SELECT * FROM notice_target ORDER BY name")
_ADD = text("""
    INSERT INTO notice_target (name, kind, url, secret, kinds, created_at)
    VALUES (:name, :kind, :url, :secret, :kinds, :created_at)
""")
_REMOVE = text("DELETE FROM notice_target WHERE id = :id")
_FORGET = text("DELETE FROM notice WHERE target_id = :id")


def entered(name: str, way: Way, url: str, secret: str, words: str) -> NoticeTarget:
    """Return a target as a person describes it, not stored yet; raises InputError, which quotes no secret."""
    if not (name.strip() and name == name.strip() and name.isprintable()):
        raise InputError(f"{name!r} is no name for a target. Choose a short word, such as ops.")
    _check_url(way, url)
    if secret and way is Way.APPRISE:
        raise InputError("Only webhooks are signed. Leave --secret out.")
    if secret and not REFERENCE.fullmatch(secret):
        raise InputError(
            "The signing secret must be a reference such as @{secret:OPS_SIGNING}, never the secret itself. Put the "
            "secret into the environment variable of that name."
        )
    kinds = json.dumps([kind.value for kind in wanted(words)])
    return NoticeTarget(name=name, kind=way.value, url=url, secret=secret, kinds=kinds, created_at=0)


def wanted(words: str) -> list[NoticeKind]:
    """Read `finished,page.parked`: whole kinds, or what follows their dot; empty means what is urgent."""
    asked = [word.strip() for word in words.split(",") if word.strip()]
    if EVERYTHING in asked:
        return list(NoticeKind)
    for word in asked:
        if not any(_means(word, kind) for kind in NoticeKind):
            known = ", ".join(dict.fromkeys(kind.partition(".")[2] for kind in NoticeKind))
            raise InputError(f'Nothing is told as "{word}". Known: {known}, and {EVERYTHING}.')
    return [kind for kind in NoticeKind if any(_means(word, kind) for word in asked)] or list(URGENT)


def kinds_of(target: NoticeTarget) -> list[str]:
    """Return what a target wants to hear of."""
    return list(json.loads(target.kinds))


def add(conn: Connection, target: NoticeTarget, now: int, actor: str) -> None:
    """Store a target; raises InputError where its name is taken."""
    locks.turn(conn, "notices")
    if any(each.name == target.name for each in all_of(conn)):
        raise InputError(f"There is a target named {target.name} already. Choose another name, or remove that one.")
    conn.execute(_ADD, target.model_dump() | {"created_at": now})
    events.record(conn, now, "notices.added", actor, f"{target.name} is told: {', '.join(kinds_of(target))}.")


def remove(conn: Connection, target: NoticeTarget, now: int, actor: str) -> None:
    """Forget a target, and what was queued for it."""
    for statement in (_FORGET, _REMOVE):
        conn.execute(statement, {"id": target.id})
    events.record(conn, now, "notices.removed", actor, f"{target.name} is told nothing any more.")


def named(conn: Connection, name: str) -> NoticeTarget:
    """Return the target of that name; raises NotFoundError with the names there are."""
    stored = all_of(conn)
    for target in stored:
        if target.name == name:
            return target
    known = ", ".join(target.name for target in stored) or "none"
    raise NotFoundError(f'Nobody is told under the name "{name}". Known names: {known}.')


def all_of(conn: Connection) -> Sequence[NoticeTarget]:
    """Return every target by name."""
    return [NoticeTarget.model_validate(dict(row)) for row in conn.execute(_ALL).mappings()]


def _means(word: str, kind: NoticeKind) -> bool:
    return word in {kind.value, kind.partition(".")[2]}


def _check_url(way: Way, url: str) -> None:
    if REFERENCE.fullmatch(url):
        return
    if way is Way.APPRISE:
        raise InputError(
            "A URL for chat or e-mail holds a password or token, so give a reference such as @{secret:OPS_CHAT}. Put "
            "the URL into the environment variable of that name."
        )
    try:
        parts = urlsplit(url)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        good = False
    if not good or not url.isprintable() or " " in url:
        raise InputError("That is no URL of a webhook: it begins with https:// and names a host.")
    if parts.username is not None or parts.query or parts.fragment:
        raise InputError(
            "A URL with a password or with parameters may hold a secret, so give a reference such as "
            "@{secret:OPS_URL}. Put the URL into the environment variable of that name."
        )
