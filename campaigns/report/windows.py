"""A person's messaging windows, each with what shows it: an event that came in, or else a list's word."""

from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, text

from campaigns import contacts
from campaigns.moments import dated, iso_or_none
from campaigns.policy.limits import WINDOW_MS
from campaigns.policy.windows import AD_WINDOW_MS, OPENINGS
from schemas.contact import ContactSource
from schemas.explanation import Window

_EVENT = text("""
    SELECT kind, mid, at FROM inbound_event
    WHERE person = :person AND channel = :channel AND account_id = :account_id AND at IN :moments AND kind IN :kinds
    ORDER BY id LIMIT 1
""").bindparams(bindparam("moments", expanding=True), bindparam("kinds", expanding=True))
_PAGES = text("SELECT name, channel, account_id FROM page WHERE id = sender_id")
_KINDS = sorted(kind.value for kind in OPENINGS)
_TOLD_BY = {
    ContactSource.WEBHOOK: "by webhook",
    ContactSource.PULL: "read from the account's conversations",
    ContactSource.IMPORT: "imported",
}


class Account(NamedTuple):
    """One of our accounts."""

    channel: str
    account_id: str


def windows(
    conn: Connection, recipient_id: str, listed: Mapping[tuple[str, Account], int | None], now_ms: int
) -> list[Window]:
    """Return a person's windows by page: what webhooks tell, over what campaigns have (`listed`, epoch ms).

    An account that no campaign used for the person has its first page's name, or its own.
    """
    names = {Account(row.channel, row.account_id): row.name for row in conn.execute(_PAGES)}
    closings = dict(listed)
    for row in contacts.find(conn, recipient_id):
        account = Account(row.channel, row.account_id)
        own = names.get(account, f"{account.channel} account {account.account_id}")
        for key in [key for key in closings if key[1] == account] or [(own, account)]:
            closings[key] = max(closings.get(key) or 0, row.closes_at)
    return [
        Window(
            page=page,
            closes_at=iso_or_none(at),
            open=at is not None and at > now_ms,
            source=None if at is None else evidence(conn, account, recipient_id, at),
        )
        for (page, account), at in sorted(closings.items())
    ]


def evidence(conn: Connection, account: Account, recipient_id: str, closes_at: int) -> str | None:
    """Return the event that opened the window closing at `closes_at` (epoch ms); None where no event did."""
    for row in contacts.find(conn, recipient_id):
        if (row.channel, row.account_id, row.closes_at) == (*account, closes_at):
            return _told(row.kind, row.evidence, row.opened_at, _TOLD_BY[ContactSource(row.source)])
    facts = {"person": recipient_id, **account._asdict(), "kinds": _KINDS}
    moments = [closes_at - length for length in (WINDOW_MS, AD_WINDOW_MS)]
    event = conn.execute(_EVENT, facts | {"moments": moments}).first()
    return None if event is None else _told(event.kind, event.mid, event.at, _TOLD_BY[ContactSource.WEBHOOK])


def _told(kind: str, mid: str, at: int, by: str) -> str:
    named = f" {mid}" if mid else ""
    return f"{kind.replace('_', ' ')}{named} of {dated(at)}, {by}"
