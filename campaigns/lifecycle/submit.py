"""A campaign file and its list become a draft: everything that can be wrong is found before anything is stored."""

import hashlib
import json
import secrets
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
from sqlalchemy import Connection, text

from campaigns import audience, events, locks, template
from campaigns.audience import Reading
from campaigns.audience.leftovers import READING
from campaigns.errors import InputError, StateError
from campaigns.lifecycle import find, neighbours, series, snapshot, stops
from campaigns.lifecycle.lock import swept
from campaigns.lifecycle.meeting import Meeting, meet
from campaigns.lifecycle.repetition import recurrence
from campaigns.lifecycle.stops import Stop
from campaigns.lifecycle.terms import refuse_past, terms
from campaigns.policy.condition import check_column, condition
from campaigns.policy.findings import findings
from campaigns.runtime import Runtime, now_of
from schemas.campaign import Campaign, CampaignState
from schemas.campaign_file import CONTACTS, Audience, CampaignFile
from schemas.message import Message
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
                          total, start_at, not_after, keep_open_until, weight, canary, created_at)
    VALUES (:ref, :name, :title, :fingerprint, :state, '', :spec, :message, :list_id, :rate, :margin_ms, 0,
            :start_at, :not_after, :keep_open_until, :weight, :canary, :now)
    RETURNING id
""")
_LANE = text("""
    INSERT INTO lane (campaign_id, page_id, route, total, proven, trial, asked, buckets, updated_at)
    VALUES (:campaign_id, :page_id, :route, 0, :proven, 3, 0, '[]', 0)
""")
# The draft of a series' moment stays: another would be a second campaign for it.
_DRAFT = text("""
    SELECT 1 FROM campaign WHERE id = :id AND state = 'draft'
    AND NOT EXISTS (SELECT 1 FROM occurrence WHERE occurrence.campaign_id = campaign.id)
""")
_THERE = text("SELECT 1 FROM campaign WHERE id = :id")
_PATH = text("SELECT path FROM recipient_list WHERE id = :list")
# Stored in one transaction with the draft, so at the same moment.
_BROUGHT = text("""
    SELECT page.name FROM page JOIN lane ON lane.page_id = page.id
    WHERE lane.campaign_id = :id AND page.created_at = :at ORDER BY page.name
""")
_FORGET = tuple(
    text(f"DELETE FROM {table} WHERE {key} = :id")  # noqa: S608 - names of our own
    for table, key in (("lane", "campaign_id"), ("event", "campaign_id"), ("series", "campaign_id"), ("campaign", "id"))
)
_FORGET_LIST = text("""
    DELETE FROM recipient_list WHERE path = :path
    AND NOT EXISTS (SELECT 1 FROM campaign WHERE campaign.list_id = recipient_list.id)
""")
_LIST_AT = text("SELECT 1 FROM recipient_list WHERE path = :path")


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
    folder: str = ""
    """What the list's path is relative to."""

    @property
    def accounts(self) -> list[str]:
        """The sending accounts, in the form that a fingerprint has them."""
        return _accounts(self.stops)


def check(
    runtime: Runtime,
    file: CampaignFile,
    base: Path,
    environment: Mapping[str, str],
    now: int,
    *,
    again: bool = False,
    due: bool = False,
) -> Draft:
    """Read the list and check everything that a campaign needs; stores only the list's Parquet file.

    `base` is the folder that the list's path is relative to. Contacts are written down once a run: they are those of
    the run that the file finds, unless it has ended and is to be sent `again`. The campaign of a moment that is `due`
    may come late. Raises InputError, and then not even the list's file is kept.
    """
    terms(file)
    letter = template.letter([part.text for part in file.message.message.parts])
    if file.list == CONTACTS:
        reading, path = _contacts(runtime, file, now, again=again)
    else:
        reading, path = _store_list(runtime, base / file.list, file, now)
    try:
        letter.cells(reading.columns)
        if file.audience.where is not None:
            condition(file.audience.where, reading.columns)
        if file.audience.one_per is not None:
            check_column(file.audience.one_per, reading.columns, "audience.one_per")
        draft = _draft(runtime, file, reading, path=path, environment=environment, now=now)
        draft = replace(draft, folder=str(base.resolve()))
        with runtime.reading() as conn:
            if _run(conn, file, draft.fingerprint, again=again) is None:
                refuse_past(file, now, due=due)
    except InputError:
        _forget_list(runtime, path)
        raise
    return draft


def _run(conn: Connection, file: CampaignFile, mark: str, *, again: bool) -> Campaign | None:
    """Return the run that a file of the fingerprint `mark` goes on with, or has nothing to add to."""
    meeting, run = meet(conn, file.name, mark)
    return run if meeting is Meeting.UNFINISHED or (meeting is Meeting.FINISHED and not again) else None


def _draft(
    runtime: Runtime, file: CampaignFile, reading: Reading, *, path: str, environment: Mapping[str, str], now: int
) -> Draft:
    message = file.message.message
    with runtime.reading() as conn:
        for word in file.audience.exclude:
            neighbours.named(conn, word, neighbours.NOT_STORED, file.name)
        named = stops.find(conn, file, named_pages(runtime.storage / path, reading.mapping, file))
    found = tuple(stops.resolve(stop, runtime, environment, file.limits.ceiling) for stop in named)
    channels = {stop.entry.channel for stop in found}
    broken = findings(message, channels, datetime.fromtimestamp(now / 1000, UTC).date())
    warnings = stops.warnings(found, runtime, environment)
    notes = (*reading.warnings, *broken, *warnings, *stops.differences(found))
    draft = Draft(file, reading, message, found, "", notes, path, environment)
    return replace(draft, fingerprint=fingerprint(file, reading.digest, draft.accounts))


def store(
    runtime: Runtime, draft: Draft, actor: str, beside: Callable[[Connection, int], object] | None = None
) -> Campaign:
    """Store a checked campaign as a draft, all of it or nothing; it takes the place of an earlier draft.

    `beside` is called with the new campaign's id, in the transaction that stores it.
    """
    with _drafts(runtime, draft.file.name) as drafts, runtime.writing() as conn:
        locks.turn(conn, "drafts")
        return _stored(conn, draft, drafts, actor, beside)


def store_once(runtime: Runtime, draft: Draft, actor: str) -> Campaign | None:
    """Store a checked campaign that was not there; None where somebody has stored the same one since then."""
    with _drafts(runtime, draft.file.name) as drafts, runtime.writing() as conn:
        locks.turn(conn, "drafts")
        meeting, _ = meet(conn, draft.file.name, draft.fingerprint)
        return None if meeting is Meeting.UNFINISHED else _stored(conn, draft, drafts, actor)


def discard(runtime: Runtime, campaign: Campaign, draft: Draft) -> None:
    """Remove a draft and the pages that only it brought; a campaign that was launched stays."""
    with swept(runtime, campaign), runtime.writing() as conn:
        _discard(conn, campaign)
        for stop in draft.stops:
            stops.forget(conn, stop)
    _forget_list(runtime, draft.list_path)


def drop(runtime: Runtime, campaign: Campaign) -> list[str]:
    """Remove a draft that nobody launches, and return the names of the pages that it alone had brought.

    Raises StateError for a campaign that is no draft any more.
    """
    with swept(runtime, campaign), runtime.writing() as conn:
        path = conn.execute(_PATH, {"list": campaign.list_id}).scalar_one()
        brought = conn.execute(_BROUGHT, {"id": campaign.id, "at": campaign.created_at}).scalars().all()
        _discard(conn, campaign)
        if conn.execute(_THERE, {"id": campaign.id}).first():
            raise StateError(f"{campaign.name} is no draft any more, and stays in the ledger. See it in its report.")
        gone = [name for name in brought if stops.forget_named(conn, name)]
    _forget_list(runtime, path)
    return gone


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


def _stored(
    conn: Connection,
    draft: Draft,
    drafts: Sequence[Campaign],
    actor: str,
    beside: Callable[[Connection, int], object] | None = None,
) -> Campaign:
    now = now_of(conn)
    for earlier in drafts:
        _discard(conn, earlier)
    conn.execute(_LIST, _list_row(draft, now))
    campaign_id = int(conn.execute(_CAMPAIGN, _campaign_row(conn, draft, now)).scalar_one())
    for stop in draft.stops:
        page = stop.stored or stops.store(conn, stop, now)
        route = stop.route.model_dump_json()
        conn.execute(_LANE, {"campaign_id": campaign_id, "page_id": page.id, "route": route, "proven": False})
    if rule := recurrence(draft.file):
        series.keep(conn, campaign_id, draft.folder, rule.zone.key)
    if beside:
        beside(conn, campaign_id)
    events.record(conn, now, "campaign.submitted", actor, "Submitted as a draft.", campaign_id=campaign_id)
    return find.by_id(conn, campaign_id)


def _discard(conn: Connection, campaign: Campaign) -> None:
    if conn.execute(_DRAFT, {"id": campaign.id}).first():
        for statement in _FORGET:
            conn.execute(statement, {"id": campaign.id})


def _store_list(runtime: Runtime, source: Path, file: CampaignFile, now: int) -> tuple[Reading, str]:
    incoming = _lists(runtime) / f".{uuid.uuid4().hex}.parquet"
    try:
        reading = audience.read(
            source, incoming, file.columns.given, zone=file.columns.zone, now_ms=now, strict=file.strict
        )
        path = f"lists/{reading.digest[:32]}.parquet"
        incoming.replace(runtime.storage / path)
    finally:
        incoming.unlink(missing_ok=True)
    return reading, path


def _lists(runtime: Runtime) -> Path:
    folder = runtime.storage / "lists"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _forget_list(runtime: Runtime, path: str) -> None:
    """Remove a stored list that no campaign uses: what is not sent to is not kept."""
    with runtime.writing() as conn:
        conn.execute(_FORGET_LIST, {"path": path})
        if conn.execute(_LIST_AT, {"path": path}).first() is None:
            (runtime.storage / path).unlink(missing_ok=True)


def _contacts(runtime: Runtime, file: CampaignFile, now: int, *, again: bool) -> tuple[Reading, str]:
    with runtime.reading() as conn:
        found = stops.find(conn, file, snapshot.pages(file))
        run = _run(conn, file, fingerprint(file, "", _accounts(found)), again=again)
        if run and CampaignFile.model_validate_json(run.spec).list == CONTACTS:
            return snapshot.kept(conn, run)
        people = snapshot.draw(conn, file, found, now)
    with TemporaryDirectory(prefix=READING, dir=_lists(runtime)) as folder:
        people.write_parquet(drawn := Path(folder) / "contacts.parquet", compression_level=1)
        return _store_list(runtime, drawn, file, now)


def named_pages(path: Path, mapping: Mapping[str, str], file: CampaignFile) -> list[str | None]:
    """Return the pages that a stored list names, None among them for rows that name none."""
    if file.list == CONTACTS:
        # Also those whose windows are all closed now: the accounts of a run do not change by the hour.
        return snapshot.pages(file)
    if "page" not in mapping:
        return [None]
    names = pl.scan_parquet(path).select(pl.col(PAGE).unique()).collect().to_series()
    return sorted(names, key=lambda name: name or "")


def fingerprint(file: CampaignFile, digest: str, accounts: Sequence[str]) -> str:
    """Return the hash by which a run is known again; `digest` is the list's, `accounts` are sorted."""
    audience = file.audience
    # Keys that came later say nothing where they are not given: runs of before are known again.
    unsaid = {key for key in ("min_left", "holdout", "one_per") if getattr(audience, key) is None}
    part_of_list = () if audience == Audience() else (audience.model_dump_json(exclude=unsaid),)
    repeats = (f"{file.schedule.repeat} from {file.schedule.start}",) if file.schedule.repeat else ()
    parts = (file.message.message.model_dump_json(), listed(file, digest), *part_of_list, *repeats, *accounts)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def listed(file: CampaignFile, digest: str) -> str:
    """Return what stands for the list's content: contacts change by the minute, and a run keeps those it was given."""
    return CONTACTS if file.list == CONTACTS else digest


def _accounts(found: Sequence[Stop]) -> list[str]:
    return sorted(f"{stop.entry.channel}:{stop.entry.provider}:{stop.entry.account_id}" for stop in found)


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
        **terms(file),
        "now": now,
    }


def new_ref() -> str:
    """Return an id for a campaign: short, and hard to misread."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_REF_LENGTH))
