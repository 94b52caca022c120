"""One notice of Orbit's, and the likely names of what its data may call by several."""

from dataclasses import dataclass
from typing import Any

from campaigns.providers.fields import Fields, first, member, moment, text, word
from schemas.inbound import Inbound, InboundKind

CHANNELS = {
    "instagram": "instagram",
    "ig": "instagram",
    "messenger": "messenger",
    "facebook": "messenger",
    "facebook_messenger": "messenger",
}
"""Orbit's word for a channel, also as the first part of a type, and ours."""

_CHANNEL_BY_ID = {"msg_ig_": "instagram", "msg_msgr_": "messenger"}
_MASK = "*"
_IDS = ("id", "igsid", "psid", "external_id", "user_id")
_OWN = ("account_id", "page_id", "ig_account_id", "business_account_id")
_ACCOUNT = ("to", "recipient", "recipient_id", *_OWN)
_PERSON = ("from", "sender", "sender_id", "igsid", "psid", "user_id")
_CONTACT = (
    *_PERSON, "identifier", "external_id", "external_user_id", "address", "to", "recipient", "recipient_id",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Notice:
    """`name` is Orbit's type; `data` what it is about, with a nested message's fields beside the rest."""

    name: str
    event_id: str
    created_at: int
    data: Fields

    @classmethod
    def of(cls, fields: Fields) -> "Notice":
        """Read an envelope; one without data is taken for the data itself."""
        data = member(fields, "data") or {key: value for key, value in fields.items() if key not in {"id", "type"}}
        return cls(
            name=first(fields, "type", "event"),
            event_id=word(fields.get("id")),
            created_at=moment(fields.get("created_at")) or moment(fields.get("timestamp")),
            data=member(data, "message") | data,
        )

    @property
    def channel(self) -> str:
        """The channel by its name, by the type's first part, else by the form of the message's id; '' if unsaid."""
        if named := word(self.data.get("channel")).lower():
            return CHANNELS.get(named, named)
        by_id = (name for prefix, name in _CHANNEL_BY_ID.items() if self.mid.startswith(prefix))
        return CHANNELS.get(self.name.partition(".")[0]) or next(by_id, "")

    @property
    def mid(self) -> str:
        """Orbit's id of the message that this is about."""
        return first(self.data, "message_id", "id", "mid")

    def party(self, *names: str) -> str:
        """Return the first id under one of `names`, also inside an object; a masked number is nobody."""
        for name in names:
            found = first(member(self.data, name), *_IDS) or word(self.data.get(name))
            if found and _MASK not in found:
                return found
        return ""

    def writer(self) -> str:
        """Return the person who wrote or tapped."""
        return self.party(*_PERSON)

    def reader(self) -> str:
        """Return our account, to which they did."""
        return self.party(*_ACCOUNT)

    def own(self) -> str:
        """Return our account, by the names that nobody else goes by."""
        return self.party(*_OWN)

    def contact(self) -> str:
        """Return the person whom a choice is about; Orbit's own id of the contact where nothing else is said."""
        inner = first(member(self.data, "contact"), "igsid", "psid", "external_id", "identifier")
        return self.party(*_CONTACT) or inner or self.party("contact_id", "contact", "id")

    def at(self, *names: str) -> int:
        """Return the first moment under one of `names`, else that of the notice itself, else any that is there."""
        for value in (*map(self.data.get, names), self.created_at, self.data.get("created_at")):
            if found := moment(value):
                return found
        return 0

    def said(self) -> str:
        """Return what was written, or the title of what was tapped."""
        for name in ("text", "body", "content", "message", "postback", "emoji"):
            value = self.data.get(name)
            inner = (value.get(key) for key in ("body", "text", "title")) if isinstance(value, dict) else (value,)
            if found := next(filter(None, map(text, inner)), ""):
                return found
        return ""

    def payload(self) -> str:
        """Return what a tap or a link carries."""
        data = self.data
        nested = (member(data, name) for name in ("quick_reply", "postback", "referral", "optin"))
        found = (text(each.get(key)) for each in (*nested, data) for key in ("payload", "ref"))
        return next(filter(None, found), "")

    def answered(self) -> str:
        """Return the id of the story or the message that this answers."""
        reply_to = member(self.data, "reply_to")
        story = first(member(reply_to, "story") or member(self.data, "story"), "id")
        return story or first(reply_to, "message_id", "mid", "id") or first(self.data, "story_id", "reply_to")

    def by_ad(self) -> bool:
        """Whether an ad brought the person."""
        referral = member(self.data, "referral") or self.data
        return first(referral, "source").upper() in {"AD", "ADS"} or bool(first(referral, "ad_id"))

    def event(self, kind: InboundKind, *, channel: str | None = None, at: int | None = None, **facts: Any) -> Inbound:
        """Return the event with what is known of it."""
        return Inbound(
            kind,
            self.channel if channel is None else channel,
            at=self.at() if at is None else at,
            name=self.name,
            event_id=self.event_id,
            **facts,
        )

    def other(self) -> Inbound:
        """Return the event that is counted and left alone."""
        return self.event(InboundKind.OTHER, account_id="", person="", mid=self.mid)
