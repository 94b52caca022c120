"""Who of a list is meant: a condition on its columns, and the people of other campaigns left out."""

import pytest

from campaigns.errors import InputError
from campaigns.lifecycle import recognise
from campaigns.lifecycle.plan import plan
from campaigns.lifecycle.submit import store
from tests import factories
from tests.factories import ENVIRONMENT, checked, content, other_page, person
from tests.lifecycle.aftermath import becomes, write


def planned(runtime, campaign):
    return plan(runtime, campaign, ENVIRONMENT, factories.now(runtime)).plan


def people(count=5):
    """People of Rome, but for the second, of Oslo, and the third, of nowhere."""
    rows = factories.people(count, city="Rome")
    for row, city in zip(rows[1:3], ("Oslo", ""), strict=False):
        row["city"] = city
    return rows


def autumn(runtime, folder, rows, audience, **changes):
    return factories.submitted(runtime, folder, rows, content(name="Autumn", audience=audience, **changes))


def excluded(runtime, campaign):
    states = factories.states(runtime, factories.let_go(runtime, campaign))
    return [n for n in range(len(states)) if states[person(n)] == "skipped(excluded)"]


def test_rows_for_which_the_condition_does_not_hold_are_excluded(runtime, tmp_path):
    campaign = autumn(runtime, tmp_path, people(), {"where": "city <> 'Oslo'"})
    assert planned(runtime, campaign).skipped == {"excluded": 2}
    assert excluded(runtime, campaign) == [1, 2]


def test_an_exclusion_is_told_after_an_opt_out_and_before_a_window(runtime, tmp_path):
    rows = people(4)
    for row, city, out, wrote in zip(rows, ("Oslo", "Oslo", "Rome", "Rome"), ("yes", "", "", ""), "   x", strict=True):
        row.update({"city": city, "opted_out": out} | ({} if wrote == "x" else {"last_inbound_at": ""}))
    campaign = factories.let_go(runtime, autumn(runtime, tmp_path, rows, {"where": "city = 'Rome'"}))
    states = factories.states(runtime, campaign)
    assert [states[person(n)] for n in range(4)] == [
        "skipped(opted_out)",
        "skipped(excluded)",
        "skipped(window_never_opened)",
        "pending",
    ]


@pytest.mark.parametrize(
    ("state", "out"),
    [
        *((state, True) for state in ("accepted", "delivered", "read", "assumed_sent", "unknown", "pending")),
        *((state, False) for state in ("failed", "cancelled")),
    ],
)
def test_who_was_reached_or_is_in_hand_is_excluded(runtime, tmp_path, state, out):
    factories.launched(runtime, tmp_path, people())
    if state != "pending":
        becomes(runtime, 0, state)
    for n in (1, 2, 3, 4):
        becomes(runtime, n, "skipped", "window_closed")
    campaign = autumn(runtime, tmp_path, people(), {"exclude": ["Spring"]})
    assert excluded(runtime, campaign) == ([0] if out else [])


def test_a_campaign_is_meant_by_name_id_prefix_or_last(runtime, tmp_path):
    spring = factories.launched(runtime, tmp_path, people(2))
    for word in ("Spring", spring.ref, spring.ref[:5], "last"):
        campaign = autumn(runtime, tmp_path, people(3), {"exclude": [word]})
        assert planned(runtime, campaign).skipped == {"excluded": 2}


def test_last_is_never_the_campaign_itself(runtime, tmp_path):
    factories.launched(runtime, tmp_path, people(2))
    campaign = factories.let_go(runtime, autumn(runtime, tmp_path, people(3), {"exclude": ["last"]}))
    assert planned(runtime, campaign).skipped == {"excluded": 2}


def test_the_own_name_means_earlier_runs(runtime, tmp_path):
    first = factories.launched(runtime, tmp_path, people(2), content(audience={"exclude": ["Spring"]}))
    assert set(factories.states(runtime, first).values()) == {"pending"}
    write(runtime, "UPDATE campaign SET state = 'finished'")
    second = factories.submitted(runtime, tmp_path, people(3), content(audience={"exclude": ["Spring"]}))
    assert second.name == "Spring #2"
    assert planned(runtime, second).skipped == {"excluded": 2}


def test_the_same_number_at_another_account_is_another_person(runtime, tmp_path):
    factories.launched(runtime, tmp_path, people(2))
    there = {"page": "burger", "pages": {"burger": other_page()}}
    campaign = autumn(runtime, tmp_path, people(2), {"exclude": ["Spring"]}, **there)
    assert planned(runtime, campaign).skipped == {}


@pytest.mark.parametrize("word", ["Winter", "last", "zzz"])
def test_a_campaign_that_is_not_there_is_refused(runtime, tmp_path, word):
    with pytest.raises(InputError, match=f'exclude names "{word}", and there is no such campaign'):
        autumn(runtime, tmp_path, people(2), {"exclude": [word]})


def test_a_condition_on_a_missing_column_is_refused_before_anything_is_stored(runtime, tmp_path):
    with pytest.raises(InputError, match="Did you mean 'city'"):
        autumn(runtime, tmp_path, people(2), {"where": "citty = 'Rome'"})
    assert not factories.select(runtime, "SELECT 1 FROM campaign")


def test_another_audience_is_another_run(runtime, tmp_path):
    rome = content(audience={"where": "city = 'Rome'"})
    factories.launched(runtime, tmp_path, people(), rome)
    with pytest.raises(Exception, match="but the audience changed since it began"):
        recognise.recognise(runtime, checked(runtime, tmp_path, content()))
    write(runtime, "UPDATE campaign SET state = 'finished'")
    assert recognise.recognise(runtime, checked(runtime, tmp_path, rome)).meeting is recognise.Meeting.FINISHED
    found = recognise.recognise(runtime, checked(runtime, tmp_path, content()))
    assert found.meeting is recognise.Meeting.CHANGED_SINCE


class TestOverlap:
    @pytest.mark.parametrize("state", ["sending", "scheduled", "paused"])
    def test_people_whom_another_campaign_has_in_hand_are_told(self, runtime, tmp_path, state):
        factories.launched(runtime, tmp_path, people(4))
        becomes(runtime, 0, "accepted")
        write(runtime, f"UPDATE campaign SET state = '{state}'")
        campaign = autumn(runtime, tmp_path, people(5), {})
        said = f"3 of these people are also in Spring, which is {state}."
        assert said in planned(runtime, campaign).findings

    def test_one_person_is_one(self, runtime, tmp_path):
        factories.launched(runtime, tmp_path, people(1))
        found = planned(runtime, autumn(runtime, tmp_path, people(5), {})).findings
        assert "1 of these people is also in Spring, which is sending." in found

    def test_nothing_is_said_of_what_has_ended_or_sends_elsewhere(self, runtime, tmp_path):
        factories.launched(runtime, tmp_path, people(4))
        there = {"page": "burger", "pages": {"burger": other_page()}}
        elsewhere = store(runtime, checked(runtime, tmp_path, content(name="Autumn", **there)), "test")
        assert planned(runtime, elsewhere).findings == []
        write(runtime, "UPDATE campaign SET state = 'finished' WHERE name = 'Spring'")
        assert planned(runtime, autumn(runtime, tmp_path, people(5), {})).findings == []

    def test_the_excluded_do_not_overlap(self, runtime, tmp_path):
        factories.launched(runtime, tmp_path, people(4))
        assert planned(runtime, autumn(runtime, tmp_path, people(5), {"exclude": ["Spring"]})).findings == []
