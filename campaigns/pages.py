"""Stored pages: the sending accounts, and which of them are parked.

A page that is removed stays as a row, parked for good and under another name: reports go on naming it, and a page
added later for the same account keeps the sender, with the people who blocked it or opted out.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from pydantic import SecretStr, ValidationError
from sqlalchemy import Connection, RowMapping, text

from campaigns import buckets, events, locks
from campaigns.errors import InputError, NotFoundError, StateError
from campaigns.moments import clock
from campaigns.providers import PROVIDERS
from campaigns.providers.protocol import check_base_url
from schemas.campaign_file import PAGE_NAME_RULE, REFERENCE, PageEntry, is_page_name
from schemas.page import Channel, Page, ProviderName, Route

PAUSED = "paused"
"""`parked_code` of a page that a person paused, which only a person ends; a worker parks with the platform's code."""
_REMOVED = "removed"
_NOTHING = ""
_ACCOUNT_ID = re.compile(r"[!-~]+")

_FIND = text("SELECT * FROM page WHERE name = :name AND COALESCE(parked_code, '') <> 'removed'")
_BY_ID = text("SELECT * FROM page WHERE id = :id")
_ALL = text("SELECT * FROM page WHERE COALESCE(parked_code, '') <> 'removed' ORDER BY name")
_SENDER = text("SELECT MIN(id) FROM page WHERE channel = :channel AND account_id = :account_id")
_ADD = text("""
    INSERT INTO page (name, channel, provider, account_id, sender_id, route, created_at)
    VALUES (:name, :channel, :provider, :account_id, 0, :route, :now) RETURNING id
""")
_SET_SENDER = text("UPDATE page SET sender_id = :sender_id WHERE id = :id")
_SET_ROUTE = text("UPDATE page SET route = :route WHERE id = :id")
_PARK = text("""
    UPDATE page SET parked_at = :now, parked_code = :code, parked_sentence = :sentence, probe_at = NULL,
                    refused_token = :refused
    WHERE id = :id AND (parked_at IS NULL OR (:news AND probe_at IS NOT NULL AND parked_code <> 'removed')
                        OR (:tried AND parked_code NOT IN ('paused', 'removed')))
""")
_UNPARK = text("""
    UPDATE page SET parked_at = NULL, parked_code = NULL, parked_sentence = NULL, probe_at = NULL, refused_token = NULL
    WHERE id = :id AND parked_at IS NOT NULL AND parked_code NOT IN (:spared, 'removed')
""")
_PROBE = text("""
    UPDATE page SET probe_at = :now
    WHERE id = :id AND parked_at IS NOT NULL AND parked_code NOT IN ('paused', 'removed')
""")
_PARKED = text("""
    SELECT page.id, page.refused_token, lane.route
    FROM page JOIN lane ON lane.page_id = page.id JOIN campaign ON campaign.id = lane.campaign_id
    WHERE campaign.state = 'sending' AND page.parked_at IS NOT NULL AND page.probe_at IS NULL
      AND page.parked_code NOT IN ('paused', 'removed')
    ORDER BY page.id, lane.campaign_id
""")
_LANES = text("""
    SELECT lane.campaign_id, lane.route FROM lane JOIN campaign ON campaign.id = lane.campaign_id
    WHERE lane.page_id = :id AND campaign.state NOT IN ('finished', 'cancelled')
""")
_SET_LANE_ROUTE = text("UPDATE lane SET route = :route WHERE page_id = :id AND campaign_id = :campaign_id")
_BUSY = text("SELECT DISTINCT page_id FROM chunk WHERE state = 'running' AND lease_until >= :now")
_REMOVE = text("""
    UPDATE page SET name = :name, parked_at = :now, parked_code = :code, parked_sentence = :sentence, probe_at = NULL
    WHERE id = :id
""")
_UNFINISHED = text("""
    SELECT campaign.name, campaign.state FROM campaign JOIN lane ON lane.campaign_id = campaign.id
    WHERE lane.page_id = :id AND campaign.state NOT IN ('finished', 'cancelled')
    ORDER BY campaign.id
""")


@dataclass(frozen=True, slots=True)
class Parked:
    """A page that cannot send: the fingerprint of the token it was parked with, and the references it has now."""

    id: int
    refused: str | None
    references: tuple[str, ...]


def entered(name: str, facts: Mapping[str, object]) -> tuple[PageEntry, Route]:
    """Check a page that a person describes by the keys of `[pages.NAME]`.

    Raises InputError, which never quotes the token: it may be the secret itself.
    """
    if not is_page_name(name):
        raise InputError(f"{name!r} is no name for a page. {PAGE_NAME_RULE}")
    try:
        entry = PageEntry.model_validate(facts)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise InputError(f"{key} of page {name}: {first['msg'][0].lower()}{first['msg'][1:]}.") from None
    if not REFERENCE.fullmatch(entry.token):
        raise InputError(
            f"The token of page {name} must be a reference such as @{{secret:{_variable(name)}}}, never the token "
            "itself. Put the token into the environment variable of that name."
        )
    if not _ACCOUNT_ID.fullmatch(entry.account_id):
        raise InputError(
            f"The account id of page {name} is empty or holds blanks. Write the number that the platform shows."
        )
    route = route_of(entry)
    check_base_url(route.base_url)
    return entry, route


def route_of(entry: PageEntry) -> Route:
    """Return how a page is reached; without a base_url of its own, at its provider's address."""
    base_url = entry.base_url or PROVIDERS[entry.provider].default_base_url(entry.channel, entry.login)
    kept = entry.model_dump(exclude={"channel", "provider", "account_id", "base_url"})
    return Route(base_url=base_url, **kept)


def find(conn: Connection, name: str) -> Page | None:
    """Return the page of that name."""
    row = conn.execute(_FIND, {"name": name}).mappings().one_or_none()
    return _page(row) if row else None


def named(conn: Connection, name: str) -> Page:
    """Return the page of that name; raises NotFoundError with the names there are."""
    page = find(conn, name)
    if page is None:
        known = ", ".join(each.name for each in all_of(conn)) or "none"
        raise NotFoundError(f'There is no page "{name}". Known pages: {known}.')
    return page


def get(conn: Connection, page_id: int) -> Page:
    """Return a page by its id."""
    return _page(conn.execute(_BY_ID, {"id": page_id}).mappings().one())


def all_of(conn: Connection) -> Sequence[Page]:
    """Return every page by name."""
    return [_page(row) for row in conn.execute(_ALL).mappings()]


def add(
    conn: Connection,
    *,
    name: str,
    channel: Channel,
    provider: ProviderName,
    account_id: str,
    route: Route,
    now: int,
    actor: str | None = None,
) -> Page:
    """Store a page; a second name for an account shares its sender. Raises InputError where the name is taken.

    With an `actor` it is an event of its own; a page that a campaign file brings belongs to that campaign's.
    """
    locks.turn(conn, "pages")
    known = find(conn, name)
    if known:
        raise InputError(f"There is a page named {name} already. Choose another name, or remove that page first.")
    facts = {
        "name": name,
        "channel": channel.value,
        "provider": provider.value,
        "account_id": account_id,
        "route": route.model_dump_json(),
        "now": now,
    }
    page_id = int(conn.execute(_ADD, facts).scalar_one())
    sender_id = conn.execute(_SENDER, {"channel": channel.value, "account_id": account_id}).scalar_one()
    conn.execute(_SET_SENDER, {"sender_id": sender_id, "id": page_id})
    if actor:
        said = f"Page {name} was added: {channel.value} account {account_id} by {provider.value}."
        events.record(conn, now, "page.added", actor, said, page_id=page_id)
    return get(conn, page_id)


def put(conn: Connection, name: str, entry: PageEntry, route: Route, *, now: int, actor: str) -> tuple[Page, bool]:
    """Store a page, or give a stored one another token, rate or address; return it, and whether it is new."""
    known = find(conn, name)
    if known:
        return reroute(conn, known, entry, route, now=now, actor=actor), False
    made = add(
        conn,
        name=name,
        channel=entry.channel,
        provider=entry.provider,
        account_id=entry.account_id,
        route=route,
        now=now,
        actor=actor,
    )
    return made, True


def reroute(conn: Connection, page: Page, entry: PageEntry, route: Route, *, now: int, actor: str) -> Page:
    """Change how a stored page is reached; campaigns under way that use its token use the new one from now on.

    What else differs (rates, address) holds for campaigns to come. Raises InputError for another account.
    """
    assert page.id is not None
    if (page.channel, page.provider, page.account_id) != (entry.channel, entry.provider, entry.account_id):
        raise InputError(
            f"There is a page named {page.name} already, for {page.channel} account {page.account_id} by "
            f"{page.provider}. Choose another name, or remove that page first."
        )
    before = Route.model_validate_json(page.route)
    conn.execute(_SET_ROUTE, {"route": route.model_dump_json(), "id": page.id})
    for row in conn.execute(_LANES, {"id": page.id}).all():
        lane = Route.model_validate_json(row.route)
        if lane.token == before.token:
            renewed = lane.model_copy(update={"token": route.token}).model_dump_json()
            conn.execute(_SET_LANE_ROUTE, {"route": renewed, "id": page.id, "campaign_id": row.campaign_id})
    events.record(conn, now, "page.changed", actor, f"Page {page.name} was changed.", page_id=page.id)
    return get(conn, page.id)


def remove(conn: Connection, page: Page, now: int, actor: str) -> None:
    """Take a page out of use; raises StateError while a campaign that is not finished uses it."""
    unfinished = [f"{row.name} ({row.state})" for row in conn.execute(_UNFINISHED, {"id": page.id})]
    if unfinished:
        raise StateError(
            f"Page {page.name} is used by {', '.join(unfinished)}. Let them finish or cancel them, then remove it."
        )
    facts = {"id": page.id, "name": f"{page.name} (removed {page.id})", "now": now}
    conn.execute(_REMOVE, facts | {"code": _REMOVED, "sentence": f"Removed by {actor}."})
    events.record(conn, now, "page.removed", actor, f"Page {page.name} was removed.", page_id=page.id)


def park(
    conn: Connection,
    page_id: int,
    code: str,
    sentence: str,
    now: int,
    *,
    actor: str = "worker",
    token: SecretStr | None = None,
    tried: bool = False,
) -> bool:
    """Stop a page until a person did something; its rows wait. False where it is parked already.

    A page that was let try one message, or has `tried` it, is parked anew, without another try; that is an event only
    where there is something new to say. `token` is the one that did not do: another one is a reason to try.
    """
    known = get(conn, page_id)
    refused = fingerprint(page_id, token) if token else None
    # A call that was out when the page parked says nothing against the try that another token is to have.
    news = refused is None or refused != known.refused_token
    facts = {"id": page_id, "code": code, "sentence": sentence, "now": now}
    parked = conn.execute(_PARK, facts | {"refused": refused, "tried": tried, "news": news}).rowcount == 1
    if parked and (known.parked_at is None or known.parked_sentence != sentence):
        events.record(conn, now, "page.parked", actor, sentence, page_id=page_id)
    return parked


def pause(conn: Connection, page: Page, now: int, actor: str) -> Page:
    """Park a page because a person says so, until a person says otherwise; raises StateError where it is parked."""
    assert page.id is not None
    if not park(conn, page.id, PAUSED, f"Paused by {actor}.", now, actor=actor):
        raise StateError(f"Page {page.name} is parked already: {page.parked_sentence}")
    return get(conn, page.id)


def unpark(conn: Connection, page_id: int, now: int) -> bool:
    """Let a page send again whose one message got through; False where it was not parked, or a person paused it."""
    return _unparked(conn, page_id, now, "worker", spared=PAUSED)


def resume(conn: Connection, page: Page, now: int, actor: str) -> int:
    """Let a page send again that is parked, or whose account pauses; raises StateError where neither is so.

    Returns the end of the account's pause in epoch milliseconds, 0 where there was none. Only its row changes here:
    the clock carries it to Redis, which this process does not speak to.
    """
    assert page.id is not None
    key = sender_bucket(page)
    bucket = buckets.load(conn, [key]).get(key)
    until = bucket.paused_until if bucket and bucket.paused_until > now else 0
    unparked = _unparked(conn, page.id, now, actor, spared=_NOTHING)
    if not (unparked or until):
        raise StateError(f"Page {page.name} is not parked; there is nothing to resume.")
    buckets.resume(conn, key)
    if not unparked:
        events.record(conn, now, "page.resumed", actor, "The account's pause was ended.", page_id=page.id)
    return until


def sender_bucket(page: Page) -> str:
    """Return the key of the bucket of the page's account, as `providers.pace` names it; a test holds the two equal."""
    return f"sender:{page.channel}:{page.account_id}"


def probe(conn: Connection, page_id: int, now: int) -> bool:
    """Let a parked page try one message; False where it is not parked, or a person paused it."""
    return conn.execute(_PROBE, {"id": page_id, "now": now}).rowcount == 1


def parked(conn: Connection) -> Sequence[Parked]:
    """Return the parked pages of sending campaigns, but for those that a person paused or that are about to try."""
    references: dict[tuple[int, str | None], set[str]] = defaultdict(set)
    for row in conn.execute(_PARKED):
        references[row.id, row.refused_token].add(Route.model_validate_json(row.route).token)
    return [Parked(*key, tuple(sorted(found))) for key, found in references.items()]


def fingerprint(page_id: int, token: SecretStr) -> str:
    """Return what tells a page's tokens apart and gives none away."""
    key = f"pagecast page {page_id}".encode()
    return blake2b(token.get_secret_value().encode(), key=key, digest_size=16).hexdigest()


def doing(conn: Connection, page: Page, now: int) -> tuple[str, str]:
    """Return in a word what a page does (`parked`, `waiting`, `sending`, `ready`), and a sentence where it cannot."""
    if page.parked_at is not None:
        return "parked", page.parked_sentence or ""
    bucket = buckets.load(conn, [key := sender_bucket(page)]).get(key)
    if bucket and bucket.paused_until > now:
        return "waiting", f"Its account was asked to slow down until {clock(bucket.paused_until, now)}."
    return ("sending" if page.id in conn.execute(_BUSY, {"now": now}).scalars().all() else "ready"), ""


def _unparked(conn: Connection, page_id: int, now: int, actor: str, *, spared: str) -> bool:
    unparked = conn.execute(_UNPARK, {"id": page_id, "spared": spared}).rowcount == 1
    if unparked:
        events.record(conn, now, "page.resumed", actor, "The page sends again.", page_id=page_id)
    return unparked


def _variable(name: str) -> str:
    return re.sub(r"\W", "_", f"{name}_TOKEN", flags=re.ASCII).upper()


def _page(row: RowMapping) -> Page:
    return Page.model_validate(dict(row))
