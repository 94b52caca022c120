"""What each channel shows of a message: the same text is short enough on one, and refused by the other."""

from collections.abc import Sequence

from campaigns.policy import limits
from schemas.message import Message, Part
from schemas.page import Channel
from schemas.view import Button, PartView, View


def view(channel: Channel, message: Message, texts: Sequence[str], pages: Sequence[str] = ()) -> View:
    """Return what `channel` shows of a message with these rendered texts; none where they cannot be rendered."""
    limit = limits.TEXT[channel]
    parts = [_part(part, text, channel) for part, text in zip(message.parts, texts, strict=False)]
    buttons = [button for part in parts for button in part.quick_replies]
    long = [button for button in buttons if len(button.title) > limits.TITLE]
    name = channel.title()
    problems = [
        f"A text has {part.length:,} {limit.unit}; {name} takes {limit.most:,}."
        for part in parts
        if part.length > limit.most
    ]
    problems += [
        f"The quick reply {button.title!r} has {len(button.title)} characters; {name} takes {limits.TITLE}."
        for button in long
        if button.shown == button.title
    ]
    return View(
        channel=channel,
        pages=list(pages),
        limit=limit.most,
        unit=str(limit.unit),
        parts=parts,
        cuts=[f"{name} cuts {each.title!r} to {each.shown!r}." for each in long if each.shown != each.title],
        problems=problems,
    )


def length(text: str, channel: Channel) -> int:
    """Return a text's length as its channel counts: bytes of UTF-8, or characters."""
    counted = limits.TEXT[channel].unit
    # Half of a surrogate pair has no UTF-8 form, and a template can write one; it goes out as a question mark.
    return len(text) if counted is limits.Unit.CHARACTERS else len(text.encode(errors="replace"))


def _part(part: Part, text: str, channel: Channel) -> PartView:
    cut = limits.TITLE if channel is Channel.INSTAGRAM else None
    buttons = [Button(title=reply.title, shown=reply.title[:cut]) for reply in part.quick_replies]
    return PartView(text=text, length=length(text, channel), quick_replies=buttons)
