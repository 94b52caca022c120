"""Keys to this API: who has one. Each is shown once, to whoever made it."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request

from campaigns import keys as stored
from campaigns.access import granted
from campaigns.runtime import changing, now_of
from campaigns.web.api.desk import Here, may
from campaigns.web.api.envelope import said
from campaigns.web.api.once import keep_instead
from schemas.api.envelope import Answer
from schemas.api.keys import Created, Key, NewKey
from schemas.right import Right

router = APIRouter(prefix="/keys", tags=["keys"])

_SHOWN_NOW = "Keep the key in a safe place: it is not shown again."
_SHOWN_BEFORE = (
    "The key was shown in the first answer and is kept nowhere. If nobody has it, revoke it and make another one."
)


@router.get("", **may(Right.KEYS))
def keys(desk: Here) -> Answer[list[Key]]:
    """List every key there ever was, oldest first."""
    with desk.runtime.reading() as conn:
        now = now_of(conn)
        return said([stored.shown(key, now) for key in stored.listed(conn)])


@router.post("", status_code=201, **may(Right.KEYS))
def create(desk: Here, request: Request, wanted: NewKey) -> Answer[Created]:
    """Make a key and show it, in this answer alone; a replay by `Idempotency-Key` does not show it again."""
    length = stored.lifetime(wanted.expires, "body.expires") if wanted.expires is not None else None
    with changing(desk.runtime, dry_run=wanted.dry_run) as (conn, now):
        ends = now + length if length else None
        made = stored.create(
            conn, wanted.name, wanted.role, now=now, actor=desk.actor, expires_at=ends, scopes=wanted.scopes
        )
        for right in granted(made.key):
            # Else a key with few rights could make itself one with many.
            desk.need(right)
    told = stored.shown(made.key, now).model_dump()
    if wanted.dry_run:
        return said(Created(**told, key=None, sentence="No key was made.", dry_run=True))
    keep_instead(request, said(Created(**told, key=None, sentence=_SHOWN_BEFORE, dry_run=False)))
    return said(Created(**told, key=made.secret, sentence=_SHOWN_NOW, dry_run=False))


@router.delete("/{name}", **may(Right.KEYS))
def revoke(
    desk: Here,
    name: Annotated[str, Path(description="The key's name.", examples=["crm-export"])],
    dry_run: Annotated[bool, Query(description="Say what would happen, and change nothing.")] = False,
) -> Answer[Key]:
    """End a key at once; what it did stays in the audit under its name."""
    with changing(desk.runtime, dry_run=dry_run) as (conn, now):
        return said(stored.shown(stored.revoke(conn, name, now=now, actor=desk.actor), now))
