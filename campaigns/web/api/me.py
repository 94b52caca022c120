"""Who I am: the key that asks, and what it may do."""

from fastapi import APIRouter

from campaigns.access import granted
from campaigns.moments import iso_or_none
from campaigns.web.api.desk import Here, may
from campaigns.web.api.envelope import said
from schemas.api.envelope import Answer
from schemas.api.me import Me
from schemas.right import Right

router = APIRouter(tags=["me"])


@router.get("/me", **may(Right.ME))
def me(desk: Here) -> Answer[Me]:
    """Say which key this is, its role, and the rights that come with it."""
    key = desk.key
    rights = granted(key)
    expires_at = iso_or_none(key.expires_at)
    return said(Me(name=key.name, actor=desk.actor, role=key.role, rights=rights, expires_at=expires_at))
