"""Reading an event stream, however it is cut."""

import pytest

from campaigns.client.progress import Progress
from schemas.api.campaigns import Standing
from schemas.campaign import CampaignState

RATE = {"asked": 1.0, "allowed": 1.0, "achieved": 0.0}


def standing(total, state=CampaignState.SENDING, name="Spring", in_flight=0):
    return Standing(
        id="k7", name=name, state=state, sentence="", total=total, counts={}, reasons={}, rate=RATE, eta=None,
        in_flight=in_flight, pages=[], warnings=[],
    )  # fmt: skip


def event(name, what, word="1"):
    return f"event: {name}\ndata: {what.model_dump_json()}\nid: {word}\n\n".encode()


STREAM = b"retry: 2000\n\n" + event("status", standing(1)) + b": nothing new\n\n" + event("status", standing(2), "2")


def read(progress, *parts):
    return [each for part in parts for each in progress.read(part)]


@pytest.mark.parametrize("size", [1, 7, 100, 10_000])
def test_events_may_be_cut_anywhere(size):
    progress = Progress("k7")
    parts = [STREAM[at : at + size] for at in range(0, len(STREAM), size)]
    assert read(progress, *parts) == [standing(1), standing(2)]
    assert not progress.over


def test_lines_may_end_as_on_windows():
    assert read(Progress("k7"), STREAM.replace(b"\n", b"\r\n")) == [standing(1), standing(2)]


def test_a_name_may_hold_what_ends_a_line_elsewhere():
    named = standing(1, name="Spring\u2028and\x85more")
    assert read(Progress("k7"), event("status", named)) == [named]


def test_the_last_event_ends_it():
    progress = Progress("k7")
    assert read(progress, event("end", standing(2, CampaignState.FINISHED))) == [standing(2, CampaignState.FINISHED)]
    assert progress.over


def test_it_is_taken_up_where_it_broke_off():
    progress = Progress("k7")
    assert "Last-Event-ID" not in progress.call().headers
    assert read(progress, STREAM[:-20]) == [standing(1)]
    assert progress.call().headers["Last-Event-ID"] == "1"
    assert read(progress, event("status", standing(1)), event("status", standing(2), "2")) == [standing(2)]
    assert read(progress, event("weather", standing(3), "3")) == []
    assert progress.call().headers["Last-Event-ID"] == "3"


def test_looks_tell_what_is_new_until_nothing_is_on_its_way():
    progress = Progress("k7")
    looks = [standing(1), standing(1), standing(1, CampaignState.CANCELLED, in_flight=1)]
    assert [each for look in looks for each in progress.seen(look)] == [looks[0], looks[2]]
    assert not progress.over
    assert list(progress.seen(standing(1, CampaignState.CANCELLED))) != []
    assert progress.over
