"""Stored pages: the sending accounts, and which of them are parked."""

from collections.abc import Sequence

from sqlalchemy import Connection, RowMapping, text

from campaigns import events
from campaigns.errors import InputError
from schemas.page import Channel, Page, ProviderName, Route

_FIND = text("SELECT * FROM page WHERE name = :name")
_BY_ID = text("SELECT * FROM page WHERE id = :id")
_ALL = text("SELECT * FROM page ORDER BY name")
_SENDER = text("SELECT MIN(id) FROM page WHERE channel = :channel AND account_id = :account_id")
_ADD = text("""
    INSERT INTO page (name, channel, provider, account_id, sender_id, route, created_at)
    VALUES (:name, :channel, :provider, :account_id, 0, :route, :now) RETURNING id
""")
_SET_SENDER = text("UPDATE page SET sender_id = :sender_id WHERE id = :id")
_SET_ROUTE = text("UPDATE page SET route = :route WHERE id = :id")
_PARK = text("""
    UPDATE page SET parked_at = :now, parked_code = :code, parked_sentence = :sentence, probe_at = NULL
    WHERE id = :id AND (parked_at IS NULL OR probe_at IS NULL)
""")
_UNPARK = text("""
    UPDATE page SET parked_at = NULL, parked_code = NULL, parked_sentence = NULL, probe_at = NULL
    WHERE id = :id AND parked_at IS NOT NULL
""")
_PROBE = text("UPDATE page SET probe_at = :now WHERE id = :id AND parked_at IS NOT NULL")


def find(conn: Connection, name: str) -> Page | None:
    """Return the page of that name."""
    row = conn.execute(_FIND, {"name": name}).mappings().one_or_none()
    return _page(row) if row else None


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
) -> Page:
    """Store a page; a second name for an account shares its sender. Raises InputError where the name is taken."""
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
    return get(conn, page_id)


def reroute(conn: Connection, page_id: int, route: Route) -> None:
    """Change how a stored page is reached."""
    conn.execute(_SET_ROUTE, {"route": route.model_dump_json(), "id": page_id})


def park(conn: Connection, page_id: int, code: str, sentence: str, now: int) -> bool:
    """Stop a page until a person did something; its rows wait. False where it is parked already."""
    facts = {"id": page_id, "code": code, "sentence": sentence, "now": now}
    parked = conn.execute(_PARK, facts).rowcount == 1
    if parked:
        events.record(conn, now, "page.parked", "worker", sentence, page_id=page_id)
    return parked


def unpark(conn: Connection, page_id: int, now: int, actor: str = "worker") -> bool:
    """Let a parked page send again; False where it was not parked."""
    unparked = conn.execute(_UNPARK, {"id": page_id}).rowcount == 1
    if unparked:
        events.record(conn, now, "page.resumed", actor, "The page sends again.", page_id=page_id)
    return unparked


def probe(conn: Connection, page_id: int, now: int) -> bool:
    """Let a parked page try one message; False where it is not parked."""
    return conn.execute(_PROBE, {"id": page_id, "now": now}).rowcount == 1


def _page(row: RowMapping) -> Page:
    return Page.model_validate(dict(row))
