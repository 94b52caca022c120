"""One person's story over all campaigns, in the order in which it happened."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row

from campaigns import contacts, report, suppression
from campaigns.errors import NotFoundError
from campaigns.inbound import roll
from campaigns.moments import iso, lasting
from campaigns.runtime import now_of
from campaigns.web.dashboard import moments
from schemas.consent import ConsentKind
from schemas.delivery import DeliveryState
from schemas.inbound import InboundKind
from schemas.person import Message, Person

MOST = 200
"""Events that came in from a person and are shown, the latest ones."""
_GOT = frozenset({DeliveryState.ACCEPTED, DeliveryState.DELIVERED, DeliveryState.READ, DeliveryState.ASSUMED_SENT})
_UNSAID = frozenset({InboundKind.DELIVERED, InboundKind.READ, InboundKind.ECHO, InboundKind.STATUS})
"""A message's own timeline tells of them."""


@dataclass(frozen=True, slots=True)
class Chapter:
    """One thing that happened: `at` ISO 8601, `about` the name of a campaign or page."""

    at: str
    sentence: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class Life:
    """What is known of a person at `now` (epoch ms); the latest chapter last."""

    person: Person
    windows: Sequence[Row[Any]]
    chapters: Sequence[Chapter]
    now: int


def life(conn: Connection, recipient_id: str) -> Life:
    """Read what is known of a person; raises NotFoundError where nothing is."""
    now = now_of(conn)
    came = list(roll.listed(conn, person=recipient_id, most=MOST))
    told = suppression.told(conn, recipient_id)
    try:
        person = report.person(conn, recipient_id, now)
    except NotFoundError:
        if not (came or told):
            raise
        person = Person(recipient_id=recipient_id, suppressed=[], windows=[], messages=[])
    chapters = sorted([*_sent(person.messages, iso(now)), *_came(came), *_said(told)], key=lambda each: each.at)
    return Life(person, contacts.find(conn, recipient_id), chapters, now)


def got(messages: Sequence[Message]) -> list[Message]:
    """Return the messages that went out, in the order in which they did."""
    return [each for each in messages if each.delivery.state in _GOT]


def answer(person: Person) -> str:
    """Return in a sentence or two how many messages a person got, and what is in doubt."""
    sent = got(person.messages)
    doubt = sum(each.delivery.state == DeliveryState.UNKNOWN for each in person.messages)
    if not sent:
        said = "No message of any campaign here went out to this person."
    elif len(sent) == 1:
        said = f"One message went out: {_when(sent[0])}."
    else:
        said = f"{len(sent):,} messages went out: {'; '.join(map(_when, sent[-3:]))}.{_apart(sent)}"
    return f"{said} {doubt:,} more may have: no answer came." if doubt else said


def _when(message: Message) -> str:
    at = message.delivery.accepted_at or message.delivery.sent_at
    return f"{message.campaign}, {moments.stamp(moments.epoch(at))}" if at else message.campaign


def _apart(sent: Sequence[Message]) -> str:
    times = [each.delivery.accepted_at for each in sent[-2:]]
    if None in times:
        return ""
    first, second = sorted(moments.epoch(str(at)) for at in times)
    return f" The last two are {lasting(second - first)} apart."


def _sent(messages: Iterable[Message], now: str) -> Iterable[Chapter]:
    """Yield what happened to messages; what happened to their campaigns as a whole is on their own screens."""
    for message in messages:
        for moment in message.delivery.timeline:
            if moment.at <= now and not moment.whole:
                yield Chapter(moment.at, moment.sentence, message.campaign)


def _came(came: Iterable[dict[str, Any]]) -> Iterable[Chapter]:
    for each in came:
        if each["kind"] in _UNSAID:
            continue
        words = each["text"] or each["payload"]
        kind = str(each["kind"]).replace("_", " ").capitalize()
        yield Chapter(each["at"], f"{kind}: “{words}”" if words else f"{kind} came in.", each["page"] or "")


def _said(told: Iterable[Row[Any]]) -> Iterable[Chapter]:
    for row in told:
        verb = "Opted out" if row.kind == ConsentKind.OPTED_OUT else "Opted in again"
        by = f", by {row.actor}" if row.actor else ""
        why = ": ".join(filter(None, (row.source, row.evidence)))
        yield Chapter(iso(row.at), f"{verb} ({why}){by}.", row.page or "")
