"""The part of a campaign file that a sketch has: changed by paths, inserted into, and what it lacks."""

import pytest

from campaigns import campaign_file
from campaigns.errors import InputError
from campaigns.web.dashboard.wizard import content as contents
from campaigns.web.dashboard.wizard import curves
from campaigns.web.dashboard.wizard.pace import minutes
from schemas.campaign_file import CONTACTS
from tests import factories

NOW = 1_796_000_000_000
WHOLE = {"name": "Spring", "list": "lst_1", "page": "acme", "message": {"text": "Hi"}}


def test_what_is_put_is_got_and_what_is_removed_leaves_no_empty_table():
    content: contents.Content = {}
    contents.put(content, "schedule.hours.from", "09:00")
    assert content == {"schedule": {"hours": {"from": "09:00"}}}
    assert contents.get(content, "schedule.hours.from") == "09:00"
    assert contents.get(content, "schedule.quiet.from", "none") == "none"
    contents.put(content, "schedule.hours.from", "")
    assert content == {}


@pytest.mark.parametrize(
    ("header", "default", "piece"),
    [
        ("first_name", "", "{{ first_name }}"),
        ("First Name", "there", '{{ First_Name | default("there") }}'),
        ("name", 'the "boss"', '{{ name | default("the \\"boss\\"") }}'),
    ],
)
def test_a_column_is_named_as_a_text_can(header, default, piece):
    assert contents.insertion(header, default) == piece


def test_a_column_that_no_text_can_name_has_no_variable():
    assert contents.variable_of("2nd name") is None
    assert contents.variable_of("???") is None


@pytest.mark.parametrize(
    ("text", "place", "made", "behind"),
    [
        ("", 0, "{{ x }}", 7),
        ("Hi", 2, "Hi {{ x }}", 10),
        ("Hi ", 3, "Hi {{ x }}", 10),
        ("Hi , you", 3, "Hi {{ x }}, you", 10),
        ("Hi you", 3, "Hi {{ x }} you", 10),
        ("Hi", 99, "Hi {{ x }}", 10),
    ],
)
def test_a_variable_goes_where_somebody_types(text, place, made, behind):
    assert contents.inserted(text, "{{ x }}", place) == (made, behind)


@pytest.mark.parametrize(
    ("before", "after", "place"),
    [("", "Hi", 2), ("Hi you", "Hi to you", 5), ("aaa", "aaaa", 1), ("Hi you", "Hiyou", 2)],
)
def test_the_place_is_behind_what_changed(before, after, place):
    assert contents.edited(before, after) == place


def test_a_moment_is_split_and_written_again():
    assert contents.written("2026-12-01 09:00 Europe/Paris") == ("2026-12-01", "09:00", "Europe/Paris")
    assert contents.written("2026-12-01T09:00:00Z") == ("2026-12-01", "09:00", "UTC")
    assert contents.written(None) == ("", "", "")
    assert contents.at("2026-12-01", "09:00", "Europe/Paris") == "2026-12-01 09:00 Europe/Paris"
    assert contents.at("2026-12-01", "", "Europe/Paris") == ""
    assert contents.spoken(1_795_320_000_000, "Europe/Paris") == "2026-11-22 05:00 Europe/Paris"


def test_each_step_says_what_it_lacks():
    assert set(contents.missing({}, contents.RECIPIENTS, NOW)) == {"name", "list"}
    assert set(contents.missing({"name": "a", "list": CONTACTS}, contents.RECIPIENTS, NOW)) == {"page"}
    assert contents.missing(WHOLE, contents.RECIPIENTS, NOW) == {}
    assert set(contents.missing({}, contents.MESSAGE, NOW)) == {"message.text"}
    assert contents.missing(WHOLE, contents.MESSAGE, NOW) == {}
    wrong = {"message": {"text": "{{ a.b }}", "quick_replies": [{"title": "ok"}, {"title": "x" * 21}]}}
    assert set(contents.missing(wrong, contents.MESSAGE, NOW)) == {"message.text", "message.quick_replies.1"}
    assert contents.missing(WHOLE, contents.SCHEDULE, NOW) == {}


@pytest.mark.parametrize(
    ("schedule", "field"),
    [
        ({"start": "2020-01-01 09:00 UTC"}, "schedule.start"),
        ({"start": "2026-12-24 09:00 UTC", "not_after": "2026-12-24 08:00 UTC"}, "schedule.not_after"),
        ({"keep_open_until": "2026-12-25 09:00 UTC", "not_after": "2026-12-24 09:00 UTC"}, "schedule.keep_open_until"),
        ({"hours": {"from": "09:00", "to": "09:00"}}, "schedule.hours"),
        ({"zone": "Europe/Pris", "hours": {"from": "09:00", "to": "10:00"}}, "schedule.zone"),
    ],
)
def test_a_schedule_that_cannot_be_is_said_beside_its_field(schedule, field):
    assert set(contents.missing(WHOLE | {"schedule": schedule}, contents.SCHEDULE, NOW)) == {field}


def test_a_sketch_without_a_message_is_tried_and_not_complete():
    assert contents.trial({"list": "lst_1"}).message.text == "-"
    with pytest.raises(InputError, match="message"):
        contents.complete({"name": "a", "list": "lst_1"})


def test_rates_are_said_as_people_say_them_and_rounded_up():
    assert curves.rate_label(36.0) == "36/s"
    assert curves.rate_label(1300 / 3600) == "1,300/h"
    assert curves.rounded_up(0.2341) >= 0.2341
    assert curves.rounded_up(12.0) == 12.0


def test_an_earlier_campaign_does_not_bring_its_pages_back():
    file = campaign_file.parse(factories.content())
    assert file.pages
    content = contents.of_file(file)
    assert ("pages" in content, content["page"]) == (False, "acme")
    assert contents.of_stored_pages(content | {"pages": {"acme": factories.page()}}) == content


def test_another_list_takes_the_column_of_the_one_before_away():
    content = {"audience": {"one_per": "customer_id", "where": "city = 'Rome'"}}
    assert contents.fit(content, ["recipient_id", "customer_id"]) == ""
    assert contents.fit(content, ["recipient_id", "city"]) == "customer_id"
    assert content == {"audience": {"where": "city = 'Rome'"}}
    assert contents.fit(content, ["recipient_id"]) == ""


@pytest.mark.parametrize(("margin", "shown"), [("10m", 10), ("90s", 1.5), (7, 7), ("2h", 120), ("soon", 5)])
def test_a_margin_is_shown_in_minutes(margin, shown):
    assert minutes(margin) == shown
