"""What happened to one delivery, moment by moment: the campaign's events, its own steps, and what came in about it."""

import json
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, RowMapping, text

from campaigns.moments import clock, iso
from schemas.campaign import Campaign
from schemas.delivery import DeliveryState
from schemas.explanation import Moment
from schemas.inbound import InboundKind
from schemas.page import Channel

_EVENTS = text("""
    SELECT at, sentence FROM event
    WHERE campaign_id = :campaign_id AND (page_id IS NULL OR page_id = :page_id) ORDER BY at, id LIMIT 200
""")
# What names no message of ours still tells why a person was rescued, or is written to no more.
_HEARD = text("""
    SELECT inbound_event.kind, inbound_event.mid, inbound_event.text, inbound_event.payload, inbound_event.facts,
           inbound_event.provider, consent.kind AS wish,
           CASE WHEN inbound_event.at BETWEEN 1 AND inbound_event.received_at + 3600000
               THEN inbound_event.at ELSE inbound_event.received_at END AS moment
    FROM inbound_event LEFT JOIN consent ON consent.key = 'inbound:' || inbound_event.key
    WHERE inbound_event.person = :person AND (inbound_event.delivery_id = :delivery_id
        OR (inbound_event.delivery_id IS NULL AND inbound_event.sender_id = :sender_id
            AND inbound_event.received_at >= :since
            AND inbound_event.kind IN ('message', 'quick_reply', 'postback', 'story_reply', 'story_mention',
                                       'opted_out', 'opted_in')))
    ORDER BY moment, inbound_event.id LIMIT 200
""")
_WISHES = {"opted_out": " That counts as an opt-out.", "opted_in": " That counts as an opt-in."}
_WRITTEN = {
    InboundKind.MESSAGE: "The person wrote",
    InboundKind.QUICK_REPLY: "The person tapped",
    InboundKind.POSTBACK: "The person tapped",
    InboundKind.STORY_REPLY: "The person replied to a story",
    InboundKind.STORY_MENTION: "The person mentioned the account in a story",
}
_SIGNALS = {
    InboundKind.OPTED_OUT: "The person opted out by the platform's own switch.",
    InboundKind.OPTED_IN: "The person opted in by the platform's own switch.",
}
_ANSWERS = frozenset({InboundKind.MESSAGE, InboundKind.QUICK_REPLY, InboundKind.POSTBACK})


class Heard(NamedTuple):
    """Something that came in at `at` (epoch ms); `column` is the row's own word for it, '' where it has none."""

    at: int
    sentence: str
    column: str = ""


def timeline(conn: Connection, row: RowMapping, found: Campaign, came: Sequence[Heard]) -> list[Moment]:
    """Return what happened to a delivery; `row` is it with its page's channel, `came` what `heard` returns for it."""
    keys = {"campaign_id": found.id, "page_id": row["page_id"]}
    events = [(event.at, event.sentence, True) for event in conn.execute(_EVENTS, keys)]
    said = {(each.column, each.at) for each in came}
    steps = [(at, sentence, False) for column, at, sentence in _steps(row) if (column, at) not in said]
    told = [*events, *steps, *((each.at, each.sentence, False) for each in came)]
    in_order = sorted(told, key=lambda each: each[0])
    return [Moment(at=iso(at), sentence=sentence, whole=whole) for at, sentence, whole in in_order]


def heard(conn: Connection, row: RowMapping, found: Campaign) -> list[Heard]:
    """Return what came in about a delivery, and what else its person told the account since the launch."""
    keys = {"person": row["recipient_id"], "delivery_id": row["id"], "sender_id": row["sender_id"]}
    events = conn.execute(_HEARD, keys | {"since": found.launched_at or found.created_at}).mappings()
    return [told for event in events if (told := _told(event, row))]


def proof(came: Sequence[Heard]) -> str | None:
    """Return the sentence on the echo that settled a message in doubt; None where none did."""
    return next((each.sentence for each in came if each.column == "accepted_at"), None)


def _told(event: RowMapping, row: RowMapping) -> Heard | None:
    kind = InboundKind(event["kind"])
    if kind is InboundKind.ECHO:
        return _echo(event, row)
    if kind in _WRITTEN:
        return _written(event, kind)
    if kind in _SIGNALS:
        return Heard(event["moment"], _SIGNALS[kind])
    return _receipt(event, kind, row)


def _steps(row: RowMapping) -> Iterator[tuple[str, int, str]]:
    platform, instagram = row["channel"].capitalize(), row["channel"] == Channel.INSTAGRAM
    told: Sequence[tuple[str, str]] = (
        ("sent_at", "Sent."),
        ("accepted_at", f"{platform} accepted it."),
        ("delivered_at", _delivered(row)),
        ("read_at", _read(row)),
        ("replied_at", f"The person wrote back: {row['reply']}" if row["reply"] else "The person wrote back."),
        ("closes_at", "The messaging window closes."),
    )
    for column, sentence in told:
        if row[column] is not None and not (column == "delivered_at" and instagram):
            yield column, row[column], sentence
    if row["due_at"] is not None and row["sent_at"] is not None:
        yield "due_at", row["sent_at"], f"Put off until {clock(row['due_at'], row['sent_at'])}."


def _echo(event: RowMapping, row: RowMapping) -> Heard:
    # A row that the platform's own answer settled has no code; one that was in doubt keeps what put it there.
    if event["moment"] == row["accepted_at"] and row["provider_code"]:
        at = clock(event["moment"], row["sent_at"] or event["moment"])
        sentence = f"The answer was lost; the echo of {at} proves it went out{_named(event)}."
        return Heard(event["moment"], sentence, "accepted_at")
    return Heard(event["moment"], f"The message came back as an echo{_named(event)}.")


def _written(event: RowMapping, kind: InboundKind) -> Heard:
    # A line break of theirs must not begin a line of ours.
    said, payload = (" ".join(event[name].split()) for name in ("text", "payload"))
    words = said or payload
    behind = f" ({payload})" if said and payload and payload != said else ""
    sentence = f"{_WRITTEN[kind]}: {words}{behind}{_named(event)}." if words else f"{_WRITTEN[kind]}{_named(event)}."
    return Heard(event["moment"], sentence + _WISHES.get(event["wish"], ""), "replied_at" if kind in _ANSWERS else "")


def _receipt(event: RowMapping, kind: InboundKind, row: RowMapping) -> Heard | None:
    said = json.loads(event["facts"])
    status = str(said.get("status", "")).casefold() if kind is InboundKind.STATUS else kind.value
    # Meta knows no delivery on Instagram, whatever an event says.
    if status == DeliveryState.DELIVERED and row["channel"] != Channel.INSTAGRAM:
        return Heard(event["moment"], f"{_delivered(row)[:-1]}{_named(event)}.", "delivered_at")
    if status == DeliveryState.READ:
        return Heard(event["moment"], f"{_read(row)[:-1]}{_named(event)}.", "read_at")
    if kind is InboundKind.STATUS and status:
        code = f" ({said['code']})" if said.get("code") else ""
        return Heard(event["moment"], f"{event['provider'].capitalize()} reports: {status}{code}{_named(event)}.")
    return None


def _delivered(row: RowMapping) -> str:
    return f"{row['channel'].capitalize()} delivered it."


def _read(row: RowMapping) -> str:
    return "The person saw it." if row["channel"] == Channel.INSTAGRAM else "The person read it."


def _named(event: RowMapping) -> str:
    ids = [event["mid"]] if event["mid"] else json.loads(event["facts"]).get("mids", [])
    return f" [{' '.join(ids)}]" if ids else ""
