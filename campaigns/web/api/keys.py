"""Keys to this API: who has one. They are made on the command line alone, where they are shown once."""

from typing import Annotated

from fastapi import APIRouter, Path

from campaigns import keys as stored
from campaigns.moments import iso, iso_or_none
from campaigns.runtime import now_of
from campaigns.web.api.desk import Here, may
from campaigns.web.api.envelope import said
from schemas.api.envelope import Answer
from schemas.api.keys import Key
from schemas.api_key import ApiKey
from schemas.right import Right

router = APIRouter(prefix="/keys", tags=["keys"])


@router.get("", **may(Right.KEYS))
def keys(desk: Here) -> Answer[list[Key]]:
    """List every key there ever was, oldest first."""
    with desk.runtime.reading() as conn:
        now = now_of(conn)
        return said([_key(key, now) for key in stored.listed(conn)])


@router.delete("/{name}", **may(Right.KEYS))
def revoke(
    desk: Here, name: Annotated[str, Path(description="The key's name.", examples=["crm-export"])]
) -> Answer[Key]:
    """End a key at once; what it did stays in the audit under its name."""
    with desk.runtime.writing() as conn:
        now = now_of(conn)
        return said(_key(stored.revoke(conn, name, now=now, actor=desk.actor), now))


def _key(key: ApiKey, now: int) -> Key:
    return Key(
        name=key.name,
        role=key.role,
        state=stored.state(key, now),
        prefix=f"pc_{key.prefix}",
        created_at=iso(key.created_at),
        created_by=key.created_by,
        expires_at=iso_or_none(key.expires_at),
        last_used_at=iso_or_none(key.last_used_at),
        revoked_at=iso_or_none(key.revoked_at),
    )
