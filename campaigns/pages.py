"""Stored pages: the sending accounts, and which of them are parked.

A page that is removed stays as a row, parked for good and under another name: reports go on naming it, and a page
added later for the same account keeps the sender, with the people who blocked it or opted out.
"""

import re
from collections.abc import Mapping, Sequence

from pydantic import ValidationError
from sqlalchemy import Connection, RowMapping, text

from campaigns import buckets, events, locks
from campaigns.errors import InputError, StateError
from campaigns.providers import PROVIDERS
from campaigns.providers.protocol import check_base_url
from schemas.campaign_file import REFERENCE, PageEntry
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
    UPDATE page SET parked_at = :now, parked_code = :code, parked_sentence = :sentence, probe_at = NULL
    WHERE id = :id AND (parked_at IS NULL OR (probe_at IS NOT NULL AND parked_code <> 'removed'))
""")
_UNPARK = text("""
    UPDATE page SET parked_at = NULL, parked_code = NULL, parked_sentence = NULL, probe_at = NULL
    WHERE id = :id AND parked_at IS NOT NULL AND parked_code NOT IN (:spared, 'removed')
""")
_PROBE = text("""
    UPDATE page SET probe_at = :now
    WHERE id = :id AND parked_at IS NOT NULL AND parked_code NOT IN ('paused', 'removed')
""")
_REMOVE = text("""
    UPDATE page SET name = :name, parked_at = :now, parked_code = :code, parked_sentence = :sentence, probe_at = NULL
    WHERE id = :id
""")
_UNFINISHED = text("""
    SELECT campaign.name, campaign.state FROM campaign JOIN lane ON lane.campaign_id = campaign.id
    WHERE lane.page_id = :id AND campaign.state NOT IN ('finished', 'cancelled')
    ORDER BY campaign.id
""")


def entered(name: str, facts: Mapping[str, object]) -> tuple[PageEntry, Route]:
    """Check a page that a person describes by the keys of `[pages.NAME]`.

    Raises InputError, which never quotes the token: it may be the secret itself.
    """
    if not (name.strip() and name == name.strip() and name.isprintable()):
        raise InputError(f"{name!r} is no name for a page. Choose a short word, such as acme.")
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
    """Return the page of that name; raises InputError with the names there are."""
    page = find(conn, name)
    if page is None:
        known = ", ".join(each.name for each in all_of(conn)) or "none"
        raise InputError(f'There is no page "{name}". Known pages: {known}.')
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


def reroute(conn: Connection, page_id: int, route: Route) -> None:
    """Change how a stored page is reached."""
    conn.execute(_SET_ROUTE, {"route": route.model_dump_json(), "id": page_id})


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


def park(conn: Connection, page_id: int, code: str, sentence: str, now: int, *, actor: str = "worker") -> bool:
    """Stop a page until a person did something; its rows wait. False where it is parked already.

    A page that was let try one message is parked anew, without another try.
    """
    facts = {"id": page_id, "code": code, "sentence": sentence, "now": now}
    parked = conn.execute(_PARK, facts).rowcount == 1
    if parked:
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

    Returns the end of the account's pause in epoch milliseconds, 0 where there was none. Only its row is forgotten:
    the pause in Redis, which this process does not speak to, runs out by itself.
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


def _unparked(conn: Connection, page_id: int, now: int, actor: str, *, spared: str) -> bool:
    unparked = conn.execute(_UNPARK, {"id": page_id, "spared": spared}).rowcount == 1
    if unparked:
        events.record(conn, now, "page.resumed", actor, "The page sends again.", page_id=page_id)
    return unparked


def _variable(name: str) -> str:
    return re.sub(r"\W", "_", f"{name}_TOKEN", flags=re.ASCII).upper()


def _page(row: RowMapping) -> Page:
    return Page.model_validate(dict(row))
