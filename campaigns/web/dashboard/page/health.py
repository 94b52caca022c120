"""How a page is: what it does, why it does not, at what rate, and what to do about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row

from campaigns import buckets
from campaigns import pages as stored
from campaigns.briefing import speaker
from campaigns.errors import InputError
from campaigns.lifecycle import find
from campaigns.lifecycle.accounts import account
from campaigns.lifecycle.probe import is_refused, last_check
from campaigns.providers import PROVIDERS
from campaigns.report.pages import left
from campaigns.runtime import now_of
from campaigns.settings import MissingSecretError
from campaigns.web.dashboard import moments
from campaigns.web.dashboard.chips import LANE, Look
from campaigns.web.dashboard.session import Session
from schemas.account import Account
from schemas.campaign import Campaign, CampaignState
from schemas.lane import LaneState
from schemas.page import Page, ProviderName
from schemas.reason import Reason, about
from schemas.status import Status

_BUSY = (CampaignState.SENDING, CampaignState.SCHEDULED, CampaignState.PAUSED)
_MOST = 50
"""Campaigns of a state that are asked how they stand."""
_MINUTE_MS = 60_000
_NO_SECRET = "secret"  # noqa: S105 - the code of a page that was parked because its token cannot be had
_PAUSED = Look("pause", "Paused", "warn")
_READY = Look("check", "Ready", "good")
_REFUSED = Look("key_off", "Token refused", "warn")
_MISSING = Look("key_off", "Secret missing", "warn")
_UNUSABLE = Look("key_off", "Token unusable", "warn")
_PARKED: dict[Reason | None, Look] = {
    Reason.TOKEN_INVALID: Look("key_off", "Token refused", "bad"),
    Reason.SENDER_RESTRICTED: Look("gpp_bad", "Restricted", "bad"),
}


@dataclass(frozen=True, slots=True)
class Use:
    """A campaign that uses a page, and whom it has left there."""

    ref: str
    name: str
    state: CampaignState
    people: int


@dataclass(frozen=True, slots=True)
class Health:
    """A page as its screens show it. Rates in messages per second, None where nothing limits; times in epoch ms.

    `asked` is what its campaigns ask for, `allowed` what the platform's limits leave of the `cap` now, `achieved` what
    was reached lately. `since` is when it was parked, `until` when a wait ends by itself. `checked` is when its token
    was last checked here, and what came of it.
    """

    account: Account
    look: Look
    sentence: str
    next_step: str
    cap: float | None
    asked: float
    allowed: float | None
    achieved: float
    since: int | None
    until: int | None
    checked: tuple[int, str] | None
    uses: tuple[Use, ...]
    now: int

    @property
    def name(self) -> str:
        """The page's name."""
        return self.account.name

    @property
    def people(self) -> int:
        """How many people of unfinished campaigns have not had their turn on it."""
        return sum(use.people for use in self.uses)


def healths(session: Session, start: int, most: int) -> list[Health]:
    """Return pages by name, from the n-th on."""
    with session.runtime.reading() as conn:
        found = stored.all_of(conn)[start : start + most]
        return _healths(session, conn, found)


def health(session: Session, name: str) -> Health:
    """Return one page; raises NotFoundError."""
    with session.runtime.reading() as conn:
        return _healths(session, conn, [stored.named(conn, name)])[0]


def _healths(session: Session, conn: Connection, found: Sequence[Page]) -> list[Health]:
    now = now_of(conn)
    busy = [each for state in _BUSY for each in find.latest(conn, _MOST, state=state)]
    standings = session.house.standings.of(busy)
    return [_health(session, conn, page, [(each, standings[each.ref]) for each in busy], now) for page in found]


def _health(
    session: Session, conn: Connection, page: Page, busy: Sequence[tuple[Campaign, Status]], now: int
) -> Health:
    state, sentence = stored.doing(conn, page, now)
    told = account(page, state, sentence)
    bucket = buckets.load(conn, [key := stored.sender_bucket(page)]).get(key)
    waits = bool(bucket and bucket.paused_until > now)
    slowed = buckets.allowed(bucket, now) if bucket else None
    lanes = [(each, lane) for each, status in busy for lane in status.pages if lane.name == page.name]
    sends = [lane for each, lane in lanes if each.state is CampaignState.SENDING]
    uses = tuple(Use(each.ref, each.name, each.state, left(lane.counts)) for each, lane in lanes)
    check = last_check(conn, page)
    why = why_parked(page)
    shown = look(page, state)
    if shown is _READY:
        shown, sentence, why = _doubted(session, conn, page, check)
    return Health(
        account=told,
        look=shown,
        sentence=sentence,
        next_step=about(why).next_step if why else "",
        cap=told.rate,
        asked=sum(lane.rate.asked for lane in sends),
        allowed=0.0 if waits or page.parked_at else (told.rate if slowed is None else slowed),
        achieved=sum(lane.rate.achieved for lane in sends),
        since=page.parked_at,
        until=bucket.paused_until if bucket and waits and not page.parked_at else None,
        checked=(check.at, check.sentence) if check else None,
        uses=uses,
        now=now - now % _MINUTE_MS,
    )


def _doubted(session: Session, conn: Connection, page: Page, check: Row[Any] | None) -> tuple[Look, str, Reason | None]:
    """Return how a page that may send looks: ready, unless its token cannot be had or was refused when asked about."""
    try:
        speaker(page, session.runtime.settings, session.environment)
    except InputError as error:
        return _MISSING if isinstance(error.__cause__, MissingSecretError) else _UNUSABLE, str(error), None
    if check and is_refused(conn, page, check):
        return _REFUSED, check.sentence, Reason.TOKEN_INVALID
    return _READY, "", None


def why_parked(page: Page) -> Reason | None:
    """Return why a page is parked; None where it is not, a person paused it, or its sentence alone says why."""
    if page.parked_at is None or page.parked_code == stored.PAUSED:
        return None
    if page.parked_code == _NO_SECRET:
        return Reason.TOKEN_INVALID
    return PROVIDERS[ProviderName(page.provider)].reason(page.parked_code or "")


def look(page: Page, state: str) -> Look:
    """Return the chip of a page that does `state`."""
    if page.parked_at is not None:
        paused = page.parked_code == stored.PAUSED
        return _PAUSED if paused else _PARKED.get(why_parked(page), LANE[LaneState.PARKED])
    return LANE[LaneState(state)] if state in {LaneState.SENDING, LaneState.WAITING} else _READY


def rates(found: Health) -> str:
    """Return the rates in a line."""
    cap = f"{found.cap:,.4g}/s" if found.cap else "no limit"
    allowed = cap if found.allowed is None else f"{found.allowed:,.4g}/s"
    return f"asked {found.asked:,.4g}/s, allowed {allowed} of {cap}"


def wait(found: Health) -> str:
    """Return since when a page is parked, or when its wait ends; '' where it may send."""
    if found.until:
        return f"Until {moments.stamp(found.until)}, {moments.away(found.until, found.now)}."
    return f"Since {moments.stamp(found.since)}." if found.since else ""
