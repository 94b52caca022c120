"""What sending for one campaign through one page needs to know, read once and handed down."""

from collections.abc import Mapping
from dataclasses import dataclass

import httpx
from sqlalchemy import Connection, text

from campaigns import hours, template
from campaigns.errors import InputError
from campaigns.plan.timetable import Times
from campaigns.providers import PROVIDERS
from campaigns.providers.protocol import Provider, Sender
from campaigns.settings import MissingSecretError, Settings, secret
from campaigns.template import Letter
from schemas.bucket import Pace
from schemas.campaign_file import CampaignFile, PerPerson
from schemas.message import Message
from schemas.page import Channel, Page, ProviderName, Route

_LOAD = text("""
    SELECT campaign.ref, campaign.margin_ms, campaign.message, campaign.rate AS ceiling,
           campaign.weight, campaign.spec, campaign.changes, lane.route, lane.proven,
           page.name AS page, page.channel, page.provider, page.account_id, page.parked_at
    FROM campaign JOIN lane ON lane.campaign_id = campaign.id JOIN page ON page.id = lane.page_id
    WHERE campaign.id = :campaign_id AND page.id = :page_id
""")


@dataclass(frozen=True)
class Briefing:
    """One lane, ready to send. `proven` is as it was when read; `paces` begins with the sender's own bucket."""

    campaign_id: int
    page_id: int
    ref: str
    weight: float
    page: str
    margin_ms: int
    message: Message
    letter: Letter
    provider: Provider
    sender: Sender
    paces: tuple[Pace, ...]
    proven: bool
    parked: bool
    cap: PerPerson | None = None
    times: Times | None = None
    """When it may send; None where that is always."""
    changes: int = 0
    """The campaign's as it was when read."""

    @property
    def sender_key(self) -> str:
        """The key of the sender's own bucket."""
        return self.paces[0].key

    def bucket(self, kind: str) -> str:
        """Return the key of the bucket of a kind (`app`, `key`, `host`), the sender's where there is none."""
        return next((pace.key for pace in self.paces if pace.key.startswith(f"{kind}:")), self.sender_key)


def brief(
    conn: Connection, settings: Settings, environment: Mapping[str, str], campaign_id: int, page_id: int
) -> Briefing:
    """Read a lane; raises MissingSecretError, and InputError where its token cannot stand in a header."""
    row = conn.execute(_LOAD, {"campaign_id": campaign_id, "page_id": page_id}).one()
    route = Route.model_validate_json(row.route)
    message = Message.model_validate_json(row.message)
    sender = sender_of(row.channel, row.account_id, route, settings, environment)
    provider = PROVIDERS[ProviderName(row.provider)]
    file = CampaignFile.model_validate_json(row.spec)
    return Briefing(
        campaign_id=campaign_id,
        page_id=page_id,
        ref=row.ref,
        weight=row.weight,
        page=row.page,
        margin_ms=row.margin_ms,
        message=message,
        letter=template.letter([part.text for part in message.parts]),
        provider=provider,
        sender=sender,
        paces=paces(provider, sender, route, row.ceiling, campaign_id),
        proven=bool(row.proven),
        parked=row.parked_at is not None,
        cap=file.limits.per_person,
        times=hours.times(file),
        changes=row.changes,
    )


def sender_of(
    channel: str, account_id: str, route: Route, settings: Settings, environment: Mapping[str, str]
) -> Sender:
    """Resolve a route's token; raises MissingSecretError and InputError."""
    token = secret(route.token, settings, environment)
    return Sender(Channel(channel), account_id, route.base_url, token, route.login, route.auth)


def speaker(page: Page, settings: Settings, environment: Mapping[str, str]) -> Sender:
    """Return what speaks for a page outside of campaigns; raises InputError where its secret is not set."""
    route = Route.model_validate_json(page.route)
    try:
        return sender_of(page.channel, page.account_id, route, settings, environment)
    except MissingSecretError as error:
        raise InputError(f"The secret {error.args[0]} of page {page.name} is not set here. Set it first.") from error


def paces(
    provider: Provider, sender: Sender, route: Route, ceiling: float | None, campaign_id: int
) -> tuple[Pace, ...]:
    """Return every bucket of a send: the provider's, the host's, and the campaign's own ceiling where it has one."""
    host = httpx.URL(sender.base_url).netloc.decode()
    found = (*provider.paces(sender, route), Pace(f"host:{host}", f"host {host}", None))
    if ceiling is None:
        return found
    # A rate that is changed begins at once: the bucket of the old one may have its next slot minutes away.
    own = f"campaign:{campaign_id}:{sender.channel}:{sender.account_id}:{ceiling:g}"
    return (*found, Pace(own, "the campaign's rate", ceiling))


def bottleneck(buckets: tuple[Pace, ...]) -> Pace:
    """Return the bucket with the smallest rate."""
    return min((pace for pace in buckets if pace.rate is not None), key=lambda pace: pace.rate or 0.0)
