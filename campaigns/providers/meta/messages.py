"""What people write and tap, and what our account wrote, as Meta's messaging items tell it."""

from campaigns.providers.fields import Fields, first, flag, member, objects, text, word
from campaigns.providers.meta.item import Item
from schemas.inbound import Inbound, InboundKind

DELETED = "deleted"


def message(item: Item, part: Fields) -> Inbound:
    """Read a message of the person's. A tap on a quick reply is one with a payload, a story's are ones that name it."""
    mid, said, came_by_ad = word(part.get("mid")), text(part.get("text")), by_ad(member(part, "referral"))
    if flag(part.get("is_deleted")):
        return item.event(InboundKind.UNSENT, mid=mid)
    if tap := member(part, "quick_reply"):
        payload = text(tap.get("payload"))
        return item.event(InboundKind.QUICK_REPLY, mid=mid, text=said, payload=payload, ad=came_by_ad)
    answered, attached = member(part, "reply_to"), _attached(part)
    story = member(answered, "story")
    if "story" in answered:
        kind = InboundKind.STORY_REPLY
    elif attached == "story_mention":
        kind = InboundKind.STORY_MENTION
    else:
        kind = InboundKind.MESSAGE
    reply_to = first(story, "id") or first(answered, "mid")
    return item.event(kind, name=attached, mid=mid, text=said, reply_to=reply_to, ad=came_by_ad)


def echo(item: Item, part: Fields) -> Inbound:
    """Read a message that our account sent, by us or by anyone; `metadata` is ours where we sent it."""
    return item.event(
        InboundKind.ECHO,
        name=_attached(part),
        mid=word(part.get("mid")),
        text=text(part.get("text")),
        metadata=text(part.get("metadata")),
        app_id=word(part.get("app_id")),
        reply_to=first(member(part, "reply_to"), "mid"),
        # The account took it back; that it went out stays true.
        status=DELETED if flag(part.get("is_deleted")) else "",
    )


def _attached(part: Fields) -> str:
    """Return the type of what is attached, a story's mention before all others; a payload need not be there."""
    if flag(part.get("is_unsupported")):
        return "unsupported"
    types = [word(each.get("type")) for each in objects(part.get("attachments"))]
    return "story_mention" if "story_mention" in types else next(iter(types), "")


def postback(item: Item, part: Fields) -> Inbound:
    """Read a tap on a button; by standby Meta leaves the payload out (Messenger Platform, May 2026)."""
    return item.event(
        InboundKind.POSTBACK,
        mid=word(part.get("mid")),
        text=text(part.get("title")),
        payload=text(part.get("payload")),
        ad=by_ad(member(part, "referral")),
    )


def edit(item: Item, part: Fields) -> Inbound:
    """Read a new wording of a message; `status` is the number that Meta gives the edit."""
    return item.event(
        InboundKind.EDIT, mid=word(part.get("mid")), text=text(part.get("text")), status=word(part.get("num_edit"))
    )


def by_ad(referral: Fields) -> bool:
    """Whether an ad brought the person; WhatsApp has a name of its own for where they came from."""
    source = first(referral, "source", "source_type").upper()
    return source in {"AD", "ADS"} or bool(first(referral, "ad_id"))
