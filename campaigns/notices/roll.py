"""Who is told, as people look it up: what each target hears of, how much arrived, and what hinders the rest."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import SecretStr
from sqlalchemy import Connection

from campaigns.moments import dated, iso, iso_or_none
from campaigns.notices import queue, targets
from campaigns.notices.queue import Trouble
from campaigns.settings import Settings, keys
from schemas.api.webhooks import Subscribed, Webhook
from schemas.notice import NoticeTarget, Way

_NONE = {"queued": 0, "sent": 0, "dead": 0}


def listed(conn: Connection) -> list[Webhook]:
    """Return every target by name; `secret` is a reference."""
    counts, troubles = queue.counts(conn), queue.troubles(conn)
    return [_told(each, counts.get(each.id or 0, _NONE), troubles.get(each.id or 0)) for each in targets.all_of(conn)]


def doubts(target: NoticeTarget, settings: Settings, environment: Mapping[str, str]) -> Iterator[str]:
    """Say what is odd about a target that can be stored all the same."""
    if target.kind == Way.WEBHOOK and not target.secret:
        yield "Its notices are not signed: the receiver cannot tell them from anybody's. Add a secret."
    if target.url.startswith("http:"):
        yield "Its URL is http: whoever is on the way can read along. Use https where you can."
    references = [SecretStr(word) for word in (target.url, target.secret) if word.startswith("@{secret:")]
    missing = [name for each in references for name in keys(each, settings, environment).missing]
    yield from (f"The secret {name} is not set here. Set it where `pagecast up` runs." for name in missing)


def subscribed(target: NoticeTarget, notes: list[str], *, dry_run: bool) -> Subscribed:
    """Return a target that was stored, with what is odd about it."""
    return Subscribed(**_named(target), notes=notes, dry_run=dry_run)


def _told(target: NoticeTarget, counts: Mapping[str, int], trouble: Trouble | None) -> Webhook:
    return Webhook(
        **_named(target),
        created_at=iso(target.created_at),
        **counts,
        sentence=_hindrance(trouble) if trouble else "",
        next_try=iso_or_none(trouble.again_at) if trouble else None,
    )


def _named(target: NoticeTarget) -> dict[str, Any]:
    return {
        "name": target.name,
        "kind": Way(target.kind),
        "url": target.url,
        "secret": target.secret or None,
        "events": targets.kinds_of(target),
    }


def _hindrance(trouble: Trouble) -> str:
    tries = f"{trouble.attempts} {'try' if trouble.attempts == 1 else 'tries'}"
    then = f"next at {dated(trouble.again_at)}" if trouble.again_at else "given up"
    return f"{trouble.type}, {tries}, {then}: {trouble.error}"
