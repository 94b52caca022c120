"""A launched campaign's pace and hours, changed while it runs: those who send read them anew at their next claim."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, Row, text

from campaigns import events, hours, locks
from campaigns.briefing import bottleneck, paces, sender_of
from campaigns.errors import InputError, StateError
from campaigns.ledger import chunks
from campaigns.providers import PROVIDERS
from campaigns.runtime import Runtime, now_of
from campaigns.settings import MissingSecretError
from schemas.campaign import Campaign, CampaignState
from schemas.campaign_file import DAYS, CampaignFile, Limits, Schedule
from schemas.page import ProviderName, Route

NONE = "none"
"""The word that takes hours or quiet time away."""
_CHANGEABLE = (CampaignState.SENDING, CampaignState.PAUSED, CampaignState.SCHEDULED)
_SPAN = re.compile(r"\s*(?:(?P<days>[a-z,\- ]*[a-z])\s+)?(?P<begin>[\d:]+)\s*-\s*(?P<end>[\d:]+)\s*", re.IGNORECASE)
_SHAPE = "mon-fri 09:00-20:00"

_CHANGE = text("""
    UPDATE campaign SET spec = :spec, rate = :rate, weight = :weight, changes = changes + 1
    WHERE id = :id
""")
_STATE = text("SELECT state, spec FROM campaign WHERE id = :id")
_LANES = text("""
    SELECT page.id, page.name, page.account_id, page.channel, page.provider, page.route AS own, lane.route
    FROM lane JOIN page ON page.id = lane.page_id WHERE lane.campaign_id = :id ORDER BY page.id
""")
_LANE = text("""
    UPDATE lane SET route = :route, asked = :asked, buckets = :buckets
    WHERE campaign_id = :campaign_id AND page_id = :page_id
""")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is to change, None where it stays: `rate` in messages per second for each page; spans of time as texts."""

    rate: float | None = None
    weight: float | None = None
    hours: str | None = None
    quiet: str | None = None
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """What a change comes to, in sentences; `warnings` are about rates that platforms may not bear."""

    state: CampaignState
    said: tuple[str, ...]
    warnings: tuple[str, ...]


def change(
    runtime: Runtime,
    campaign: Campaign,
    wishes: Wishes,
    environment: Mapping[str, str],
    actor: str,
    *,
    dry_run: bool = False,
) -> Changed:
    """Change a campaign that sends, waits or is paused; raises StateError for any other, and InputError."""
    with runtime.writing() as conn:
        locks.campaign(conn, campaign.id or 0)
        row = conn.execute(_STATE, {"id": campaign.id}).one()
        state = CampaignState(row.state)
        if state not in _CHANGEABLE:
            way = " Change its file, and submit that again." if state is CampaignState.DRAFT else ""
            raise StateError(f"{campaign.name} is {state}; only a launched campaign that is not over changes.{way}")
        before = CampaignFile.model_validate_json(row.spec)
        after = wished(before, wishes)
        hours.times(after)
        said = _said(before, after)
        if not said:
            raise InputError("Nothing would change. Give --rate, --weight, --hours, --quiet or --zone another value.")
        lanes = [
            _lane(each, runtime, campaign, after, environment) for each in conn.execute(_LANES, {"id": campaign.id})
        ]
        warnings = tuple(dict.fromkeys(warning for lane in lanes for warning in lane.warnings))
        if not dry_run:
            # Chunks before lanes, as those who take them do.
            chunks.hurry(conn, campaign.id or 0, held=before.schedule != after.schedule)
            _write(conn, campaign, after, lanes)
            sentence = f"Changed by {actor}: {'; '.join(said)}."
            events.record(conn, now_of(conn), "campaign.changed", actor, sentence, campaign_id=campaign.id)
    return Changed(state, said, warnings)


def wished(file: CampaignFile, wishes: Wishes) -> CampaignFile:
    """Return a campaign file with the wishes in it; raises InputError."""
    limits = file.limits.model_dump() | _given(rate=wishes.rate, weight=wishes.weight)
    schedule = file.schedule.model_dump() | _given(zone=wishes.zone)
    if wishes.hours is not None:
        schedule["hours"] = _span(wishes.hours, "--hours", days=True)
    if wishes.quiet is not None:
        own = {"zone": file.schedule.quiet.zone} if file.schedule.quiet else {}
        span = _span(wishes.quiet, "--quiet", days=False)
        schedule["quiet"] = span and span | own
    try:
        changes = {"limits": Limits.model_validate(limits), "schedule": Schedule.model_validate(schedule)}
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{where}: {first['msg'].removeprefix('Value error, ')}.") from error
    return file.model_copy(update=changes)


@dataclass(frozen=True, slots=True)
class _Lane:
    page_id: int
    route: Route
    rate: float
    limit: str
    buckets: str
    warnings: tuple[str, ...]


def _lane(
    row: Row[Any], runtime: Runtime, campaign: Campaign, file: CampaignFile, environment: Mapping[str, str]
) -> _Lane:
    """Return a page of the campaign as it sends from now on; a rate that nobody typed for the page gives way."""
    route, ceiling = Route.model_validate_json(row.route), file.limits.ceiling
    provider = PROVIDERS[ProviderName(row.provider)]
    typed = file.pages[row.name].rate if row.name in file.pages else Route.model_validate_json(row.own).rate
    try:
        sender = sender_of(row.channel, row.account_id, route, runtime.settings, environment)
    except MissingSecretError as error:
        raise InputError(
            f"The secret {error.args[0]} of page {row.name} is not set here. Set it, then say it again."
        ) from error
    if typed is None:
        route = route.model_copy(update={"rate": None})
        usual = bottleneck(paces(provider, sender, route, None, 0)).rate or 0
        if ceiling is not None and ceiling > usual:
            route = route.model_copy(update={"rate": ceiling})
    passed = paces(provider, sender, route, ceiling, campaign.id or 0)
    slowest = bottleneck(passed)
    keys = json.dumps([pace.key for pace in passed])
    warnings = tuple(provider.rate_warnings(sender, route))
    return _Lane(row.id, route, slowest.rate or 0.0, slowest.key, keys, warnings)


def _write(conn: Connection, campaign: Campaign, file: CampaignFile, lanes: list[_Lane]) -> None:
    assert campaign.id is not None
    facts = {"spec": file.model_dump_json(), "rate": file.limits.ceiling, "weight": file.limits.weight}
    conn.execute(_CHANGE, facts | {"id": campaign.id})
    hours.lay(conn, campaign.id, file, now_of(conn))
    shared = [lane.limit for lane in lanes]
    for lane in lanes:
        facts = {"route": lane.route.model_dump_json(), "buckets": lane.buckets, "campaign_id": campaign.id}
        asked = lane.rate / shared.count(lane.limit)
        conn.execute(_LANE, facts | {"asked": asked, "page_id": lane.page_id})


def _given(**values: float | str | None) -> dict[str, float | str]:
    return {key: value for key, value in values.items() if value is not None}


def _span(written: str, option: str, *, days: bool) -> dict[str, Any] | None:
    """Read `mon-fri 09:00-20:00`; None for the word `none`."""
    if written.strip().lower() == NONE:
        return None
    found = _SPAN.fullmatch(written)
    if found is None or (found["days"] and not days):
        shape = _SHAPE if days else "21:00-08:00"
        raise InputError(f'{option} "{written}" cannot be read. Write it like "{shape}", or {NONE}.')
    span: dict[str, Any] = {"from": found["begin"], "to": found["end"]}
    return span | ({"days": _days(found["days"])} if found["days"] else {})


def _days(written: str) -> list[str]:
    """Return the days of `mon-fri,sun`; a word that is no day is left to the schedule to refuse."""
    named: list[str] = []
    for word in re.split(r"[,\s]+", written.lower()):
        first, _, last = word.partition("-")
        if first[:3] in DAYS and last[:3] in DAYS:
            start = DAYS.index(first[:3])
            length = (DAYS.index(last[:3]) - start) % len(DAYS) + 1
            named += [DAYS[(start + i) % len(DAYS)] for i in range(length)]
        else:
            named.append(word)
    return named


def _said(before: CampaignFile, after: CampaignFile) -> tuple[str, ...]:
    said = []
    if before.limits.ceiling != after.limits.ceiling:
        said.append(f"rate {_rate(before.limits.ceiling)}, now {_rate(after.limits.ceiling)}")
    if before.limits.weight != after.limits.weight:
        said.append(f"weight {before.limits.weight:g}, now {after.limits.weight:g}")
    for key in ("hours", "quiet", "zone"):
        old, new = getattr(before.schedule, key), getattr(after.schedule, key)
        if old != new:
            said.append(f"{key} {_written(old)}, now {_written(new)}")
    return tuple(said)


def _rate(rate: float | None) -> str:
    return "the page's" if rate is None else f"{rate:g}/s"


def _written(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or NONE
    days = "" if getattr(value, "days", DAYS) == DAYS else f"{','.join(value.days)} "
    return f"{days}{value.begin}-{value.end}"
