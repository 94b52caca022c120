"""A page as people look it up."""

from pydantic import BaseModel, Field

from schemas.channel import Channel, ProviderName


class Account(BaseModel):
    """A page. `rate` is that of its smallest bucket, in messages per second; `token` says where the token is."""

    name: str = Field(examples=["acme"])
    channel: Channel
    provider: ProviderName
    account_id: str = Field(examples=["17841400000000001"])
    rate: float | None = Field(examples=[36.0])
    state: str = Field(examples=["ready"])
    sentence: str
    token: str = Field(examples=["@{secret:ACME_TOKEN}"])
    base_url: str
