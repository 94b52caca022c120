"""What each channel shows of one message."""

import pytest

from campaigns.lifecycle.preview import preview
from campaigns.lifecycle.view import view
from schemas.message import Message, Part, QuickReply
from schemas.page import Channel
from tests import factories
from tests.factories import ENVIRONMENT, people, person

LONG = "Yes, keep one for me please"


def message(*titles, parts=1):
    replies = tuple(QuickReply(title=title) for title in titles)
    return Message(parts=(*[Part(text="x")] * (parts - 1), Part(text="x", quick_replies=replies)))


@pytest.mark.parametrize(
    ("channel", "text", "length", "fits"),
    [
        (Channel.INSTAGRAM, "ä" * 500, 1000, True),
        (Channel.INSTAGRAM, "ä" * 500 + "!", 1001, False),
        (Channel.INSTAGRAM, "🎉", 4, True),
        (Channel.MESSENGER, "🎉", 1, True),
        (Channel.MESSENGER, "ä" * 2000, 2000, True),
        (Channel.MESSENGER, "ä" * 2001, 2001, False),
    ],
)
def test_each_channel_counts_in_its_own_unit(channel, text, length, fits):
    seen = view(channel, message(), [text])
    assert (seen.parts[0].length, not seen.problems) == (length, fits)


def test_instagram_cuts_a_title_and_messenger_refuses_it():
    on_instagram, on_messenger = (view(channel, message("Yes", LONG), ["Hi"]) for channel in Channel)
    assert [each.shown for each in on_instagram.parts[0].quick_replies] == ["Yes", "Yes, keep one for me"]
    assert on_instagram.cuts == [f"Instagram cuts {LONG!r} to 'Yes, keep one for me'."]
    assert on_instagram.problems == []
    assert [each.shown for each in on_messenger.parts[0].quick_replies] == ["Yes", LONG]
    assert (on_messenger.cuts, len(on_messenger.problems)) == ([], 1)
    assert f"{len(LONG)} characters; Messenger takes 20" in on_messenger.problems[0]


def test_quick_replies_stand_under_their_part():
    seen = view(Channel.INSTAGRAM, message("Yes", parts=2), ["One", "Two"])
    assert [(part.text, len(part.quick_replies)) for part in seen.parts] == [("One", 0), ("Two", 1)]


def test_what_cannot_be_rendered_has_no_parts():
    assert view(Channel.INSTAGRAM, message("Yes"), []).parts == []


def test_a_sample_has_both_channels_its_own_first(tmp_path):
    runtime = factories.opened(tmp_path / "home")
    rows = [row | {"page": page} for row, page in zip(people(2), ("acme", "burger"), strict=True)]
    pages = {"acme": factories.page(), "burger": factories.other_page()}
    campaign = factories.submitted(runtime, tmp_path, rows, factories.content(pages=pages))
    (sample,) = preview(runtime, campaign, ENVIRONMENT, factories.now(runtime), to=person(1))
    assert (sample.channel, sample.lengths, sample.unit) == ("messenger", [7], "characters")
    assert [(each.channel, each.pages) for each in sample.views] == [("messenger", ["burger"]), ("instagram", ["acme"])]
    runtime.close()
