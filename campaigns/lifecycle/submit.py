"""A campaign file and its list become a draft: everything that can be wrong is found before anything is stored."""

import hashlib
import json
import secrets
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
from sqlalchemy import Connection, text

from campaigns import audience, events, locks, pages, policy, template
from campaigns.audience import Reading
from campaigns.briefing import bottleneck, sender_of
from campaigns.briefing import paces as paces_of
from campaigns.campaign_file import milliseconds, moment
from campaigns.errors import InputError
from campaigns.lifecycle import find, neighbours
from campaigns.lifecycle.lock import swept
from campaigns.providers import PROVIDERS
from campaigns.runtime import Runtime, now_of
from campaigns.settings import MissingSecretError
from schemas.campaign import Campaign, CampaignState
from schemas.campaign_file import Audience, CampaignFile, PageEntry
from schemas.message import Message
from schemas.page import Page, Route
from schemas.recipient_list import PAGE

_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
_REF_LENGTH = 8

_LIST = text("""
    INSERT INTO recipient_list (id, name, path, rows, usable, rejected, columns, warnings, created_at)
    VALUES (:id, :name, :path, :rows, :usable, :rejected, :columns, :warnings, :now)
    ON CONFLICT (id) DO UPDATE SET path = excluded.path
""")
_CAMPAIGN = text("""
    INSERT INTO campaign (ref, name, title, fingerprint, state, sentence, spec, message, list_id, rate, margin_ms,
                          total, start_at, not_after, created_at)
    VALUES (:ref, :name, :title, :fingerprint, :state, '', :spec, :message, :list_id, :rate, :margin_ms, 0,
            :start_at, :not_after, :now)
    RETURNING id
""")
_LANE = text("""
    INSERT INTO lane (campaign_id, page_id, route, total, proven, trial, asked, buckets, updated_at)
    VALUES (:campaign_id, :page_id, :route, 0, :proven, 3, 0, '[]', 0)
""")
_DRAFT = text("SELECT 1 FROM campaign WHERE id = :id AND state = 'draft'")
_FORGET = tuple(
    text(f"DELETE FROM {table} WHERE {key} = :id")  # noqa: S608 - names of our own
    for table, key in (("lane", "campaign_id"), ("event", "campaign_id"), ("campaign", "id"))
)
_FORGET_LIST = text("""
    DELETE FROM recipient_list WHERE path = :path
    AND NOT EXISTS (SELECT 1 FROM campaign WHERE campaign.list_id = recipient_list.id)
""")
_LIST_AT = text("SELECT 1 FROM recipient_list WHERE path = :path")
_FORGET_PAGE = text("""
    DELETE FROM page WHERE name = :name AND NOT EXISTS (SELECT 1 FROM lane WHERE lane.page_id = page.id)
""")


@dataclass(frozen=True, slots=True)
class Stop:
    """A page of a campaign before it is stored: the stored one, or the one that the campaign file brings."""

    name: str
    entry: PageEntry
    route: Route
    stored: Page | None


@dataclass(frozen=True, slots=True)
class Draft:
    """A checked campaign, not stored yet. `notes` are sentences to show: overrides, warnings, findings."""

    file: CampaignFile
    reading: Reading
    message: Message
    stops: tuple[Stop, ...]
    fingerprint: str
    notes: tuple[str, ...]
    list_path: str
    environment: Mapping[str, str]
    """Where its secrets were found; never stored."""

    @property
    def accounts(self) -> list[str]:
        """The sending accounts, in the form that a fingerprint has them."""
        return sorted(f"{stop.entry.channel}:{stop.entry.provider}:{stop.entry.account_id}" for stop in self.stops)


def check(runtime: Runtime, file: CampaignFile, base: Path, environment: Mapping[str, str], now: int) -> Draft:
    """Read the list and check everything that a campaign needs; stores only the list's Parquet file.

    `base` is the folder that the list's path is relative to. Raises InputError, and then not even that file is kept.
    """
    _terms(file)
    letter = template.letter([part.text for part in file.message.message.parts])
    reading, path = _store_list(runtime, base / file.list, file, now)
    try:
        letter.cells(reading.columns)
        if file.audience.where is not None:
            policy.condition(file.audience.where, reading.columns)
        return _draft(runtime, file, reading, path=path, environment=environment, now=now)
    except InputError:
        _forget_list(runtime, path)
        raise


def _draft(
    runtime: Runtime, file: CampaignFile, reading: Reading, *, path: str, environment: Mapping[str, str], now: int
) -> Draft:
    message = file.message.message
    with runtime.reading() as conn:
        for word in file.audience.exclude:
            neighbours.named(conn, word, neighbours.NOT_STORED, file.name)
        found = _stops(conn, file, _named_pages(runtime.storage / path, reading))
    stops = tuple(_resolved(stop, runtime, environment, file.limits.ceiling) for stop in found)
    channels = {stop.entry.channel for stop in stops}
    findings = policy.findings(message, channels, datetime.fromtimestamp(now / 1000, UTC).date())
    warnings = _warnings(stops, runtime, environment)
    notes = (*reading.warnings, *findings, *warnings, *_differences(stops))
    draft = Draft(file, reading, message, stops, "", notes, path, environment)
    return replace(draft, fingerprint=fingerprint(message, reading.digest, draft.accounts, file.audience))


def store(runtime: Runtime, draft: Draft, actor: str) -> Campaign:
    """Store a checked campaign as a draft, all of it or nothing; it takes the place of an earlier draft."""
    with _drafts(runtime, draft.file.name) as drafts, runtime.writing() as conn:
        locks.turn(conn, "drafts")
        now = now_of(conn)
        for earlier in drafts:
            _discard(conn, earlier)
        conn.execute(_LIST, _list_row(draft, now))
        campaign_id = int(conn.execute(_CAMPAIGN, _campaign_row(conn, draft, now)).scalar_one())
        for stop in draft.stops:
            page = stop.stored or _store_page(conn, stop, now)
            route = stop.route.model_dump_json()
            conn.execute(_LANE, {"campaign_id": campaign_id, "page_id": page.id, "route": route, "proven": False})
        events.record(conn, now, "campaign.submitted", actor, "Submitted as a draft.", campaign_id=campaign_id)
        return find.by_id(conn, campaign_id)


def discard(runtime: Runtime, campaign: Campaign, draft: Draft) -> None:
    """Remove a draft and the pages that only it brought; a campaign that was launched stays."""
    with swept(runtime, campaign), runtime.writing() as conn:
        _discard(conn, campaign)
        for stop in draft.stops:
            if stop.stored is None:
                conn.execute(_FORGET_PAGE, {"name": stop.name})
    _forget_list(runtime, draft.list_path)


@contextmanager
def rehearsal(runtime: Runtime, draft: Draft, actor: str) -> Iterator[Campaign]:
    """Store a draft for as long as it is looked at."""
    campaign = store(runtime, draft, actor)
    try:
        yield campaign
    finally:
        discard(runtime, campaign, draft)


@contextmanager
def _drafts(runtime: Runtime, title: str) -> Iterator[list[Campaign]]:
    """Yield the drafts of a name, held and without rows."""
    with runtime.reading() as conn:
        drafts = [each for each in find.titled(conn, title) if each.state is CampaignState.DRAFT]
    with ExitStack() as held:
        for each in drafts:
            held.enter_context(swept(runtime, each))
        yield drafts


def _discard(conn: Connection, campaign: Campaign) -> None:
    if conn.execute(_DRAFT, {"id": campaign.id}).first():
        for statement in _FORGET:
            conn.execute(statement, {"id": campaign.id})


def _store_list(runtime: Runtime, source: Path, file: CampaignFile, now: int) -> tuple[Reading, str]:
    folder = runtime.storage / "lists"
    folder.mkdir(parents=True, exist_ok=True)
    incoming = folder / f".{uuid.uuid4().hex}.parquet"
    try:
        reading = audience.read(source, incoming, file.columns.given, zone=file.columns.zone, now_ms=now)
        path = f"lists/{reading.digest[:32]}.parquet"
        incoming.replace(runtime.storage / path)
    finally:
        incoming.unlink(missing_ok=True)
    return reading, path


def _forget_list(runtime: Runtime, path: str) -> None:
    """Remove a stored list that no campaign uses: what is not sent to is not kept."""
    with runtime.writing() as conn:
        conn.execute(_FORGET_LIST, {"path": path})
        if conn.execute(_LIST_AT, {"path": path}).first() is None:
            (runtime.storage / path).unlink(missing_ok=True)


def _named_pages(path: Path, reading: Reading) -> list[str | None]:
    if "page" not in reading.mapping:
        return [None]
    names = pl.scan_parquet(path).select(pl.col(PAGE).unique()).collect().to_series()
    return sorted(names, key=lambda name: name or "")


def _stops(conn: Connection, file: CampaignFile, named: Sequence[str | None]) -> tuple[Stop, ...]:
    """Find every page that the campaign sends from; names in the list that nobody knows are the plan's to count."""
    if None in named and file.page is None and named == [None]:
        raise InputError(
            'No page is named. Write page = "NAME" into the campaign file, or give the list a `page` column.'
        )
    wanted = dict.fromkeys(
        [*([file.page] if file.page else []), *(name for name in named if name)],
    )
    found = {name: _stop(conn, file, name) for name in wanted}
    if file.page and found[file.page] is None:
        known = [*file.pages, *(page.name for page in pages.all_of(conn))]
        raise InputError(
            f'There is no page "{file.page}". Add [pages.{file.page}] to the campaign file or use '
            f"`pagecast pages add`; known pages: {', '.join(dict.fromkeys(known)) or 'none'}."
        )
    stops = {stop.name: stop for stop in found.values() if stop}
    if not stops:
        raise InputError(
            f"None of the list's pages is known: {', '.join(name for name in named if name)}. Add them as [pages.NAME] "
            "to the campaign file, or with `pagecast pages add`."
        )
    return tuple(stops.values())


def _stop(conn: Connection, file: CampaignFile, name: str) -> Stop | None:
    """Find a page by its name or account id, in the file first, laid over the stored one."""
    entries = {key: entry for key, entry in file.pages.items() if name in {key, entry.account_id}}
    key, entry = next(iter(entries.items()), (name, None))
    stored = pages.find(conn, key) or next((page for page in pages.all_of(conn) if page.account_id == name), None)
    if entry is None:
        if stored is None:
            return None
        route = Route.model_validate_json(stored.route)
        entry = _entry_of(stored, route)
        return Stop(stored.name, entry, route, stored)
    if stored:
        _refuse_contradiction(key, entry, stored)
    return Stop(key, entry, _route(entry), stored)


def _refuse_contradiction(name: str, entry: PageEntry, stored: Page) -> None:
    for key in ("channel", "provider", "account_id"):
        if getattr(entry, key) != getattr(stored, key):
            raise InputError(
                f'pages.{name}.{key} is "{getattr(entry, key)}", but the stored page {name} has '
                f'"{getattr(stored, key)}". Correct the file, or give the page another name.'
            )


def _entry_of(stored: Page, route: Route) -> PageEntry:
    identity = {"channel": stored.channel, "provider": stored.provider, "account_id": stored.account_id}
    return PageEntry.model_validate(identity | route.model_dump())


def _route(entry: PageEntry) -> Route:
    provider = PROVIDERS[entry.provider]
    facts = entry.model_dump(exclude={"channel", "provider", "account_id", "base_url"})
    base_url = entry.base_url or provider.default_base_url(entry.channel, entry.login)
    return Route(base_url=base_url, **facts)


def _resolved(stop: Stop, runtime: Runtime, environment: Mapping[str, str], ceiling: float | None) -> Stop:
    """Check that the page's token is there, and obey the campaign's rate where the page types none.

    The page's own default must not lie below the rate that somebody typed for the campaign.
    """
    try:
        sender = sender_of(stop.entry.channel, stop.entry.account_id, stop.route, runtime.settings, environment)
    except MissingSecretError as error:
        name = error.args[0]
        raise InputError(
            f"The secret {name} of page {stop.name} is not set. Put the token into the environment variable {name}, "
            f"or into a file named {name} in PAGECAST_SECRETS_DIR."
        ) from error
    usual = bottleneck(paces_of(PROVIDERS[stop.entry.provider], sender, stop.route, None, 0))
    if ceiling is None or stop.route.rate is not None or ceiling <= (usual.rate or 0):
        return stop
    return replace(stop, route=stop.route.model_copy(update={"rate": ceiling}))


def _warnings(stops: Sequence[Stop], runtime: Runtime, environment: Mapping[str, str]) -> list[str]:
    """Say where a typed rate is above the platform's figure."""
    found: list[str] = []
    for stop in stops:
        sender = sender_of(stop.entry.channel, stop.entry.account_id, stop.route, runtime.settings, environment)
        found += PROVIDERS[stop.entry.provider].rate_warnings(sender, stop.route)
    return list(dict.fromkeys(found))


def _differences(stops: Sequence[Stop]) -> list[str]:
    """Say what the campaign file changes of a stored page, for this campaign only."""
    notes = []
    for stop in stops:
        if stop.stored is None:
            continue
        kept = Route.model_validate_json(stop.stored.route).model_dump()
        notes += [
            f"For this campaign page {stop.name} has {key} = {value} instead of {kept[key]}."
            for key, value in stop.route.model_dump().items()
            if value != kept[key]
        ]
    return notes


def fingerprint(message: Message, digest: str, accounts: Sequence[str], audience: Audience) -> str:
    """Return the hash by which a run is known again; `digest` is the list's, `accounts` are sorted."""
    part_of_list = () if audience == Audience() else (audience.model_dump_json(),)
    parts = (message.model_dump_json(), digest, *part_of_list, *accounts)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _list_row(draft: Draft, now: int) -> dict[str, object]:
    reading = draft.reading
    return {
        "id": reading.digest,
        "name": Path(draft.file.list).name,
        "path": draft.list_path,
        "rows": reading.rows,
        "usable": reading.usable,
        "rejected": reading.rejected,
        "columns": json.dumps(list(reading.columns)),
        "warnings": json.dumps(list(reading.warnings)),
        "now": now,
    }


def _campaign_row(conn: Connection, draft: Draft, now: int) -> dict[str, object]:
    file = draft.file
    earlier = len(find.titled(conn, file.name))
    return {
        "ref": new_ref(),
        "name": f"{file.name} #{earlier + 1}" if earlier else file.name,
        "title": file.name,
        "fingerprint": draft.fingerprint,
        "state": CampaignState.DRAFT.value,
        "spec": file.model_dump_json(),
        "message": draft.message.model_dump_json(),
        "list_id": draft.reading.digest,
        "rate": file.limits.ceiling,
        **_terms(file),
        "now": now,
    }


def new_ref() -> str:
    """Return an id for a campaign: short, and hard to misread."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_REF_LENGTH))


def _terms(file: CampaignFile) -> dict[str, int | None]:
    """Read the file's times, in milliseconds; raises InputError."""
    schedule = file.schedule
    return {
        "margin_ms": milliseconds(file.limits.margin, "limits.margin"),
        "start_at": moment(schedule.start, "schedule.start") if schedule.start else None,
        "not_after": moment(schedule.not_after, "schedule.not_after") if schedule.not_after else None,
    }


def _store_page(conn: Connection, stop: Stop, now: int) -> Page:
    entry = stop.entry
    return pages.add(
        conn,
        name=stop.name,
        channel=entry.channel,
        provider=entry.provider,
        account_id=entry.account_id,
        route=_route(entry),
        now=now,
    )
