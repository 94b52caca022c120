"""Whom a test may go to now: the allow-list, the page, the person's own word, and their window."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

from campaigns import contacts, suppression
from campaigns.errors import InputError, StateError
from campaigns.moments import clock
from schemas.campaign import Campaign
from schemas.campaign_file import CampaignFile

SOON_MS = 60_000
"""A window that closes sooner than this counts as closed: the pace may let a test wait."""

_LANES = text("""
    SELECT page.id, page.sender_id, page.name, page.channel, page.account_id, page.provider, page.parked_at,
           page.parked_sentence, lane.route, tester.recipient_id IS NOT NULL AS allowed
    FROM lane JOIN page ON page.id = lane.page_id
    LEFT JOIN tester ON tester.channel = page.channel AND tester.account_id = page.account_id
                     AND tester.recipient_id = :recipient_id
    WHERE lane.campaign_id = :campaign_id ORDER BY page.id
""")
# By the campaign's own pages: an account may have several, and `testers.listed` names its first.
_ALLOWED = text("""
    SELECT tester.recipient_id, page.name AS page, tester.note
    FROM lane JOIN page ON page.id = lane.page_id
    JOIN tester ON tester.channel = page.channel AND tester.account_id = page.account_id
    WHERE lane.campaign_id = :campaign_id
    ORDER BY tester.added_at, tester.recipient_id, page.id LIMIT :most
""")
_SUPPRESSED = text("SELECT 1 FROM suppression WHERE recipient_id = :recipient_id AND sender_id IN (0, :sender_id)")

Lane = Row[Any]
"""A page of a campaign: id, sender_id, name, channel, account_id, provider, parked_at, parked_sentence, route."""


def lane_of(conn: Connection, campaign: Campaign, to: str, page: str | None) -> Lane:
    """Return the campaign's page that sends a test to a tester; raises StateError where none may.

    Raises InputError for a page that the campaign does not have, or where several may.
    """
    lanes = conn.execute(_LANES, {"campaign_id": campaign.id, "recipient_id": to}).all()
    names = ", ".join(lane.name for lane in lanes)
    if page is not None:
        lanes = [lane for lane in lanes if lane.name == page]
        if not lanes:
            raise InputError(f"{campaign.name} does not send from page {page}. Its pages: {names}.")
    allowed = [lane for lane in lanes if lane.allowed]
    if not allowed:
        way = f"pagecast testers add {to} --page {lanes[0].name}"
        raise StateError(f"{to} is no tester of page {page or names}, so no test goes to them. Allow it with `{way}`.")
    if len(allowed) > 1:
        raise InputError(f"{to} is a tester of {', '.join(lane.name for lane in allowed)}. Choose one with --page.")
    return allowed[0]


def allowed(conn: Connection, campaign: Campaign, most: int) -> Sequence[Row[Any]]:
    """Return whom `lane_of` lets through: recipient_id, the campaign's page, and the note, the first added first."""
    return conn.execute(_ALLOWED, {"campaign_id": campaign.id, "most": most}).all()


def refuse_stopped(conn: Connection, lane: Lane, to: str) -> None:
    """Raise StateError where the page is parked, or the person has opted out."""
    if lane.parked_at is not None:
        raise StateError(
            f"Page {lane.name} is parked: {lane.parked_sentence} When that is put right: pagecast pages resume "
            f"{lane.name}"
        )
    if (name := suppression.name_of(conn, to)) and suppression.is_erased(conn, name):
        raise StateError(f"{to} was erased, and is never written to again.")
    if conn.execute(_SUPPRESSED, {"recipient_id": to, "sender_id": lane.sender_id}).first():
        raise StateError(
            f"{to} has opted out of messages from page {lane.name}. A START from that person's phone lets them back "
            f"in, or `pagecast suppress remove {to}`."
        )


def closing(conn: Connection, lane: Lane, to: str) -> int | None:
    """Return when a person's window closes (epoch ms), as messages that came in have it; None where none did."""
    account = (lane.channel, lane.account_id)
    found = contacts.find(conn, to)
    return next((row.closes_at for row in found if (row.channel, row.account_id) == account), None)


def refuse_closed(campaign: Campaign, lane: Lane, to: str, closing: int | None, now: int, *, anyway: bool) -> None:
    """Raise StateError unless a window is open, or `anyway` leaves it to the platform as the campaign's policy does."""
    if closing is not None and closing > now + SOON_MS:
        return
    lenient = CampaignFile.model_validate_json(campaign.spec).policy == "provider"
    if anyway and lenient:
        return
    if closing is None:
        said = f"No message of {to} to page {lane.name} is known, so no window is open."
    else:
        when = "closed" if closing <= now else "closes"
        said = f"The window of {to} at page {lane.name} {when} at {clock(closing, now)}."
    way = "Write to the page from that person's phone, then test again."
    if lenient:
        way += " --anyway leaves it to the platform."
    elif anyway:
        way += ' --anyway needs policy = "provider" in the campaign.'
    raise StateError(f"{said} {way}")
