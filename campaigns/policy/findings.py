"""What is wrong or odd about a message before anybody gets it."""

import difflib
from collections.abc import Collection, Iterator
from datetime import date

from campaigns.errors import InputError
from campaigns.policy import limits
from schemas.message import Message, Part, QuickReply
from schemas.page import Channel


def findings(message: Message, channels: Collection[Channel], today: date) -> list[str]:
    """Return what to look at, a sentence each; raises InputError for what the platforms refuse on that day."""
    if message.tag is not None:
        _check_tag(message.tag, channels, today)
    found: list[str] = []
    for number, part in enumerate(message.parts, start=1):
        where = f"part {number}" if len(message.parts) > 1 else "the message"
        found += _part(part, where, channels)
        if part.quick_replies and number < len(message.parts):
            found.append(f"The quick replies of {where} disappear when the next part arrives; put them under the last.")
    return found


def _check_tag(name: str, channels: Collection[Channel], today: date) -> None:
    """Raise InputError where the tag is unknown, not for these channels, retired, or not for a bulk run."""
    tag = limits.TAGS.get(name)
    if tag is None:
        near = difflib.get_close_matches(name.upper(), limits.TAGS, n=1)
        hint = f"Did you mean {near[0]}?" if near else "Remove it."
        raise InputError(f"There is no message tag {name!r}. {hint}")
    for channel in sorted(channels):
        if channel not in tag.channels:
            raise InputError(f"The tag {name} was never allowed on {channel.title()}. Remove the tag.")
    if tag.refused_since is None:
        raise InputError(f"The tag {name} cannot be used by a campaign. {tag.instead}")
    if today >= tag.refused_since:
        raise InputError(f"The platform refuses the tag {name} since {tag.refused_since:%Y-%m-%d}. {tag.instead}")


def _part(part: Part, where: str, channels: Collection[Channel]) -> Iterator[str]:
    if not part.text.strip():
        raise InputError(f"The text of {where} is empty. Write one.")
    if len(part.quick_replies) > limits.QUICK_REPLIES:
        raise InputError(
            f"There are {len(part.quick_replies)} quick replies under {where}; the platforms take "
            f"{limits.QUICK_REPLIES}. Remove some."
        )
    titles = [reply.title.strip() for reply in part.quick_replies]
    for reply in part.quick_replies:
        yield from _quick_reply(reply, where, channels)
    for title in sorted({title for title in titles if titles.count(title) > 1}):
        yield f"Two quick replies under {where} are both called {title!r}; the answers cannot be told apart by title."


def _quick_reply(reply: QuickReply, where: str, channels: Collection[Channel]) -> Iterator[str]:
    if not reply.title.strip():
        raise InputError(f"A quick reply under {where} has no title. Give it one.")
    if len(reply.payload) > limits.PAYLOAD:
        raise InputError(
            f"The payload of the quick reply {reply.title!r} has {len(reply.payload)} characters; the platforms take "
            f"{limits.PAYLOAD}. Shorten it."
        )
    if len(reply.title) <= limits.TITLE:
        return
    if Channel.MESSENGER in channels:
        raise InputError(
            f"The quick-reply title {reply.title!r} has {len(reply.title)} characters; Messenger takes {limits.TITLE}. "
            "Shorten it."
        )
    yield f"Instagram cuts the quick-reply title {reply.title!r} to {reply.title[: limits.TITLE]!r}."
