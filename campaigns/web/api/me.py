"""Who I am: the key that asks, and what it may do."""

from fastapi import APIRouter
from pydantic import BaseModel, Field

from campaigns.access import Right, rights_of
from campaigns.moments import iso_or_none
from campaigns.web.api.desk import Here, may
from campaigns.web.api.envelope import Answer, said
from schemas.api_key import Role

router = APIRouter(tags=["me"])


class Me(BaseModel):
    """The key of this request; the audit knows it as `actor`."""

    name: str = Field(examples=["crm-export"])
    actor: str = Field(examples=["key:crm-export"])
    role: Role = Field(examples=["author"])
    rights: list[Right] = Field(examples=[["read", "campaigns.plan"]])
    expires_at: str | None = Field(examples=["2027-03-01T08:00:00.000Z"])


@router.get("/me", **may(Right.READ))
def me(desk: Here) -> Answer[Me]:
    """Say which key this is, its role, and the rights that come with it."""
    key = desk.key
    rights = rights_of(key.role)
    expires_at = iso_or_none(key.expires_at)
    return said(Me(name=key.name, actor=desk.actor, role=key.role, rights=rights, expires_at=expires_at))
