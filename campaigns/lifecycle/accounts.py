"""Stored pages as people look them up: how fast each sends, and what it does now."""

from collections.abc import Sequence

from pydantic import BaseModel, Field, SecretStr
from sqlalchemy import Connection

from campaigns import pages
from campaigns.briefing import bottleneck
from campaigns.providers import PROVIDERS
from campaigns.providers.protocol import Sender
from schemas.page import Channel, Page, ProviderName, Route


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


def account(page: Page, state: str | None = None, sentence: str | None = None) -> Account:
    """Return a page; `state` and `sentence` are what it does now, where somebody looked, else whether it may send."""
    route = Route.model_validate_json(page.route)
    return Account(
        name=page.name,
        channel=page.channel,
        provider=page.provider,
        account_id=page.account_id,
        rate=bottleneck(PROVIDERS[page.provider].paces(faceless(page.channel, page.account_id, route), route)).rate,
        state=state or ("parked" if page.parked_at else "ready"),
        sentence=page.parked_sentence or "" if sentence is None else sentence,
        token=route.token,
        base_url=route.base_url,
    )


def accounts(conn: Connection, now: int) -> Sequence[Account]:
    """Return every page by name, and what it does at `now` (epoch ms)."""
    return [account(page, *pages.doing(conn, page, now)) for page in pages.all_of(conn)]


def faceless(channel: Channel, account_id: str, route: Route) -> Sender:
    """Return a page's sender without its secret: how fast it sends does not depend on that."""
    return Sender(channel, account_id, route.base_url, SecretStr("-"), route.login, route.auth)
