"""A body of Orbit's: one notice, or an array of them, each with a type that says what happened.

    {"id": "evt_…", "type": "message.delivered", "created_at": ISO 8601, "data": {…}, "truncated": true?}

The shapes of `message.*` and the envelope are documented (Webhook events, May 2026), those of messages that people
write, of stories and of consent are not: for them several likely names of each field are tried, in `notice`. Some
samples have no `id` or `created_at`; a truncated notice has nothing but ids in its data. Neither is lost.
"""

from campaigns.providers.fields import first, flag, member, parsed, text, word, words
from campaigns.providers.orbit.notice import CHANNELS, Notice
from schemas.inbound import Inbound, InboundKind

_STATUS_IN_DATA = frozenset({"status_updated", "updated", "status"})
_CONSENT = {"contact.opted_out": InboundKind.OPTED_OUT, "contact.opted_in": InboundKind.OPTED_IN}
_BY_PERSON = {
    "story.mention": InboundKind.STORY_MENTION,
    "story.reply": InboundKind.STORY_REPLY,
    "postback": InboundKind.POSTBACK,
    "reaction": InboundKind.REACTION,
    "referral": InboundKind.REFERRAL,
    "optin": InboundKind.OPTIN,
}
_CHOICES = {"STOP_NOTIFICATIONS": InboundKind.OPTED_OUT, "RESUME_NOTIFICATIONS": InboundKind.OPTED_IN}


def events(body: bytes) -> list[Inbound]:
    """Return the events of a body in the order they stand, each once; UnreadableBody where it is no JSON."""
    return list(dict.fromkeys(event for fields in parsed(body) for event in _of_notice(Notice.of(fields))))


def _of_notice(notice: Notice) -> list[Inbound]:
    if kind := _CONSENT.get(notice.name):
        return _consent(notice, kind)
    family, _, what = notice.name.partition(".")
    if notice.name == "message.received":
        return [_received(notice)]
    if family == "message" and what:
        return [_status(notice, what)]
    if family in CHANNELS and (kind := _BY_PERSON.get(what)):
        return [_by_person(notice, kind)]
    return [notice.other()]


def _status(notice: Notice, what: str) -> Inbound:
    """Read what became of a message; `mid` is Orbit's id, since the person may be masked."""
    data = notice.data
    status = word(data.get("status")) if what in _STATUS_IN_DATA else what
    return notice.event(
        InboundKind.STATUS,
        account_id=notice.party("from", "sender", "account_id", "page_id"),
        person=notice.party("to", "recipient", "recipient_id"),
        at=notice.at(f"{status}_at"),
        mid=notice.mid,
        status=status or what,
        code=first(data, "error_code", "code") or first(member(data, "error"), "code"),
        text=text(data.get("error_message")) or text(member(data, "error").get("message")),
    )


def _received(notice: Notice) -> Inbound:
    """Read a message by what stands in it: Orbit sends taps of every sort as messages (Instagram page, May 2026)."""
    data = notice.data
    if member(data, "quick_reply"):
        return _by_person(notice, InboundKind.QUICK_REPLY)
    if member(data, "postback"):
        return _by_person(notice, InboundKind.POSTBACK)
    if "story" in member(data, "reply_to"):
        return _by_person(notice, InboundKind.STORY_REPLY)
    return _by_person(notice, InboundKind.MESSAGE)


def _by_person(notice: Notice, kind: InboundKind) -> Inbound:
    person, account_id = notice.writer(), notice.reader()
    if not person:
        return notice.other()
    data = notice.data
    if flag(data.get("is_deleted")):
        return notice.event(InboundKind.UNSENT, account_id=account_id, person=person, mid=notice.mid)
    status = first(member(data, "optin") | data, "notification_messages_status", "action")
    return notice.event(
        _CHOICES.get(status.upper(), kind) if kind is InboundKind.OPTIN else kind,
        account_id=account_id,
        person=person,
        at=notice.at("timestamp", "received_at", "sent_at", "created_at"),
        mid=notice.mid,
        text="" if kind is InboundKind.REFERRAL else notice.said(),
        payload=notice.payload(),
        reply_to=notice.answered(),
        status=status,
        ad=notice.by_ad(),
    )


def _consent(notice: Notice, kind: InboundKind) -> list[Inbound]:
    """Read a choice: one event for each channel that it is about; without one, `channel` is ''.

    What it is addressed `to` is our account where it says who wrote, and else the person.
    """
    channels = words(notice.data.get("channels")) or (notice.channel,)
    return [
        notice.event(
            kind,
            channel=CHANNELS.get(channel.lower(), channel.lower()),
            account_id=notice.reader() if notice.writer() else notice.own(),
            person=notice.contact(),
            text=text(notice.data.get("keyword")) or notice.said(),
            status=first(notice.data, "source", "reason"),
        )
        for channel in channels
    ]
