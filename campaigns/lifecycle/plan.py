"""What a launch would do, by reason and by page, and the token that binds a launch to it. Changes nothing."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl
from sqlalchemy import Connection, Row, text

from campaigns import contacts, hours, suppression, template
from campaigns.audience.erasure import recipients
from campaigns.briefing import bottleneck, paces, sender_of
from campaigns.errors import InputError
from campaigns.lifecycle import budget, canary, choice, frequency, neighbours, repetition
from campaigns.lifecycle.terms import upcoming
from campaigns.moments import dated, people
from campaigns.plan import forecast
from campaigns.plan.division import Division, divide
from campaigns.policy import screening
from campaigns.policy.condition import condition
from campaigns.policy.holdout import Holdout
from campaigns.providers import PROVIDERS
from campaigns.providers.pace import SENDER_RATE
from campaigns.providers.protocol import Sender
from campaigns.runtime import Runtime
from campaigns.settings import MissingSecretError
from schemas.bucket import Pace
from schemas.campaign import Campaign
from schemas.campaign_file import CampaignFile
from schemas.campaign_page import CampaignPage
from schemas.message import Message
from schemas.page import Channel, Page, ProviderName, Route
from schemas.plan import Plan
from schemas.reason import RESCUABLE

_LANES = text("""
    SELECT page.id, page.sender_id, page.name, page.account_id, page.channel, page.provider, lane.route
    FROM lane JOIN page ON page.id = lane.page_id WHERE lane.campaign_id = :campaign_id ORDER BY page.id
""")
_LIST = text("SELECT path, columns FROM recipient_list WHERE id = :id")


@dataclass(frozen=True)
class PlannedLane:
    """A page of the campaign with the buckets that its sends pass."""

    page: CampaignPage
    provider: ProviderName
    route: Route
    paces: tuple[Pace, ...]


@dataclass(frozen=True)
class Planned:
    """A plan with the rows that a launch would write; `waiting` of its skipped people get it when they write."""

    plan: Plan
    division: Division
    lanes: tuple[PlannedLane, ...]
    start_ms: int
    waiting: int


def plan(
    runtime: Runtime, campaign: Campaign, environment: Mapping[str, str], now: int, notes: tuple[str, ...] = ()
) -> Planned:
    """Screen and divide a campaign's list as of its start, or of `now` (epoch ms) where that is past."""
    file = CampaignFile.model_validate_json(campaign.spec)
    message = Message.model_validate_json(campaign.message)
    campaign = upcoming(campaign, file, now)
    start_ms = max(now, campaign.start_at or now)
    screened, lanes = screen(runtime, campaign, environment, start_ms)
    division = divide(
        screened,
        [lane.page for lane in lanes],
        start_ms=start_ms,
        not_after_ms=campaign.not_after,
        parts=len(message.parts),
        times=hours.times(file),
    )
    token = forecast.token(
        message=message,
        list_id=campaign.list_id,
        division=division,
        limits=file.limits.model_dump(mode="json"),
        schedule=file.schedule.model_dump(mode="json"),
        audience=file.audience.model_dump(mode="json"),
        routes={lane.page.name: lane.route.model_dump(mode="json") for lane in lanes},
    )
    with runtime.reading() as conn:
        findings = (
            *notes,
            *neighbours.overlaps(conn, campaign, division),
            *choice.told(file, division),
            *hours.told(file),
            *canary.told(file.limits.canary, sum(outlook.eligible for outlook in division.outlooks)),
            *budget.told(conn, campaign, division.outlooks, now),
            *repetition.told(file, now),
        )
    drawn = forecast.forecast(division, token=token, findings=findings)
    waiting = _waiting(campaign, drawn, start_ms)
    if waiting and campaign.keep_open_until:
        when = dated(campaign.keep_open_until)
        said = f"{people(waiting)} whose window is not open {'gets' if waiting == 1 else 'get'} it when they write,"
        drawn = drawn.model_copy(update={"findings": [*drawn.findings, f"{said} until {when}."]})
    return Planned(drawn, division, lanes, start_ms, waiting)


def _waiting(campaign: Campaign, drawn: Plan, start_ms: int) -> int:
    if campaign.keep_open_until is None or campaign.keep_open_until <= start_ms:
        return 0
    return sum(drawn.skipped.get(reason, 0) for reason in RESCUABLE)


def screen(
    runtime: Runtime,
    campaign: Campaign,
    environment: Mapping[str, str],
    start_ms: int,
    again: pl.DataFrame | None = None,
) -> tuple[pl.LazyFrame, tuple[PlannedLane, ...]]:
    """Return the campaign's list with one reason for everybody who would not get it, and its lanes.

    `again` has the rows of a launched campaign (line, recipient_id, sender_id, closes_at) that may get it after all.
    """
    file = CampaignFile.model_validate_json(campaign.spec)
    message = Message.model_validate_json(campaign.message)
    with runtime.reading() as conn:
        lanes = _lanes(conn, runtime, campaign, environment)
        stored = conn.execute(_LIST, {"id": campaign.list_id}).one()
        standing = choice.standing(conn, campaign, file, again)
        sieve = Sieve(runtime.storage / stored.path, json.loads(stored.columns), file, message, campaign.title)
        pages = [lane.page for lane in lanes]
        terms = {"own": campaign.id or 0, "margin_ms": campaign.margin_ms, "start_ms": start_ms}
        return sift(conn, sieve, pages, **terms, again=again, standing=standing), lanes


@dataclass(frozen=True)
class Sieve:
    """A stored list with its columns, and what is asked of its people; `title` is the name in the campaign file."""

    listed: Path
    columns: Sequence[str]
    file: CampaignFile
    message: Message
    title: str


def sift(
    conn: Connection,
    sieve: Sieve,
    pages: Sequence[CampaignPage],
    *,
    own: int,
    margin_ms: int,
    start_ms: int,
    again: pl.DataFrame | None = None,
    standing: pl.LazyFrame | None = None,
) -> pl.LazyFrame:
    """Return a list with one reason for everybody who would not get the message; `own` is the campaign's id.

    `again` and `standing` are about a launched one: as `screen` and `choice.standing` have them.
    """
    file, listed = sieve.file, sieve.listed
    senders = sorted({page.sender_id for page in pages})
    suppressed = _suppressed(conn, listed)
    reached = neighbours.reached(conn, file.audience.exclude, own, sieve.title)
    windows = contacts.windows(conn, senders)
    recent = frequency.recent(conn, file.limits.per_person, senders, own=own, at=start_ms, listed=listed)
    if again is not None:
        # A later message may have opened a window of which contacts know nothing.
        windows = pl.concat([windows, again.select(windows.columns).drop_nulls()])
    holdout, where = file.audience.holdout, file.audience.where
    return screening.screen(
        pl.scan_parquet(listed),
        template.letter([part.text for part in sieve.message.parts]),
        pages,
        own_page=next((page.page_id for page in pages if file.page in {page.name, page.account_id}), None),
        suppressed=suppressed.lazy(),
        start_ms=start_ms,
        margin_ms=margin_ms,
        policy=file.policy,
        where=None if where is None else condition(where, sieve.columns),
        reached=reached,
        windows=windows.lazy(),
        recent=recent,
        holdout=None if holdout is None else Holdout(holdout, sieve.title),
        one_per=file.audience.one_per,
        standing=standing,
        zoned=file.schedule.quiet is not None and file.schedule.quiet.zone == "recipient",
    )


def _suppressed(conn: Connection, listed: Path) -> pl.DataFrame:
    """Return all suppressions; those of erased people also under the ids by which a list names them."""
    known = suppression.frame(conn)
    return pl.concat([known, suppression.recognised(conn, known, recipients(listed))])


def _lanes(
    conn: Connection, runtime: Runtime, campaign: Campaign, environment: Mapping[str, str]
) -> tuple[PlannedLane, ...]:
    assert campaign.id is not None
    rows = conn.execute(_LANES, {"campaign_id": campaign.id}).all()
    found = [lane(row, Route.model_validate_json(row.route), campaign, runtime, environment) for row in rows]
    return shared(found)


def lane(
    row: Row[Any] | Page, route: Route, campaign: Campaign | None, runtime: Runtime, environment: Mapping[str, str]
) -> PlannedLane:
    """Return a page with the buckets that its sends pass for a campaign, or would for any; raises InputError."""
    sender = _sender(row, route, runtime, environment)
    provider = ProviderName(row.provider)
    ceiling, own = (campaign.rate, campaign.id or 0) if campaign else (None, 0)
    buckets = paces(PROVIDERS[provider], sender, route, ceiling, own)
    slowest = bottleneck(buckets)
    rate = slowest.rate or SENDER_RATE
    page = CampaignPage(row.id or 0, row.sender_id, row.name, row.account_id, Channel(row.channel), rate, slowest.label)
    return PlannedLane(page, provider, route, buckets)


def _sender(row: Row[Any] | Page, route: Route, runtime: Runtime, environment: Mapping[str, str]) -> Sender:
    try:
        return sender_of(row.channel, row.account_id, route, runtime.settings, environment)
    except MissingSecretError as error:
        raise InputError(
            f"The secret {error.args[0]} of page {row.name} is not set here. Put it into the environment, or into a "
            "file of its name in PAGECAST_SECRETS_DIR."
        ) from error


def shared(lanes: list[PlannedLane]) -> tuple[PlannedLane, ...]:
    """Divide the rate of pages that wait for one bucket: one API key, or two names for one account."""
    slowest = [bottleneck(lane.paces).key for lane in lanes]
    return tuple(
        replace(lane, page=replace(lane.page, rate=lane.page.rate / slowest.count(key)))
        for lane, key in zip(lanes, slowest, strict=True)
    )


def bucket_keys(lane: PlannedLane) -> str:
    """Return the keys of a lane's buckets as the JSON list that the lane stores."""
    return json.dumps([pace.key for pace in lane.paces])
