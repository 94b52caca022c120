"""A corrected message reaches who waits, with the right words; who has got the old one keeps it in the report."""

import json

import pytest

from campaigns.briefing import brief
from campaigns.errors import InputError, StateError
from campaigns.ledger import chunks
from campaigns.ledger.claims import claim
from campaigns.lifecycle import control, find, retry, revise
from campaigns.lifecycle.recognise import Meeting, recognise
from campaigns.runtime import now_of
from tests import factories
from tests.factories import ENVIRONMENT, checked, content, person, select
from tests.lifecycle.aftermath import adds_up, becomes, write


def people():
    rows = factories.people(5, town="Rome")
    rows[3]["town"] = ""
    rows[4]["first_name"] = ""
    return rows


@pytest.fixture
def run(runtime, folder):
    """Paused: one accepted, one failed, two waiting, one skipped because the name is blank."""
    campaign = factories.launched(runtime, folder, people())
    becomes(runtime, 0, "accepted")
    becomes(runtime, 1, "failed", "provider_error", tries=1)
    control.pause(runtime, campaign, "cli:ann")
    return campaign


def change(runtime, campaign, text, toml=None):
    written = revise.reworded(campaign, text, toml=toml)
    return revise.examine(runtime, campaign, written, ENVIRONMENT)


def corrected(runtime, campaign, text="Ciao from {{ town }}", toml=None):
    revise.revise(runtime, campaign, change(runtime, campaign, text, toml), "cli:ann")


def test_it_says_who_gets_it_and_who_not_before_it_is_done(runtime, run):
    before = select(runtime, "SELECT * FROM campaign"), factories.rows_of(runtime, run)
    seen = change(runtime, run, "Ciao from {{ town }}")
    assert (seen.pending, seen.set_aside, seen.freed) == (1, {"blank_variable": 1}, 1)
    assert seen.samples[0].texts == ["Ciao from Rome"]
    assert (select(runtime, "SELECT * FROM campaign"), factories.rows_of(runtime, run)) == before


def test_who_waits_gets_the_new_words(runtime, run):
    corrected(runtime, run)
    assert factories.states(runtime, run) == {
        person(0): "accepted",
        person(1): "failed(provider_error)",
        person(2): "pending",
        person(3): "skipped(blank_variable)",
        person(4): "skipped(blank_variable)",
    }
    adds_up(runtime, run)
    control.resume(runtime, run, "cli:ann")
    row = select(runtime, "SELECT * FROM delivery WHERE state = 'pending'")[0]
    with runtime.writing() as conn:
        held = chunks.acquire(conn, row["chunk_id"], "here:1", now_of(conn))
        got = claim(conn, held, lambda found, _: found, name="c", want=9, now=now_of(conn), after=0)
        letter = brief(conn, runtime.settings, ENVIRONMENT, run.id, row["page_id"]).letter
    assert [letter.render(json.loads(found.variables)) for found in got.rows] == [("Ciao from Rome",)]
    revisions = {found["recipient_id"]: found["revision"] for found in factories.rows_of(runtime, run)}
    assert (revisions[person(0)], revisions[person(2)]) == (1, 2)


def test_a_retry_after_it_uses_the_new_words_too(runtime, run):
    corrected(runtime, run)
    with runtime.reading() as conn:
        run = find.by_id(conn, run.id)
    for scope in retry.Scope:
        retry.retry(runtime, run, retry.examine(runtime, run, scope, ENVIRONMENT), "cli:ann")
    waiting = {
        row["recipient_id"]: row["variables"] for row in factories.rows_of(runtime, run) if row["state"] == "pending"
    }
    assert waiting == dict.fromkeys([person(1), person(2), person(4)], '["Rome"]')
    adds_up(runtime, run)


def test_a_retry_that_was_looked_at_before_it_is_refused(runtime, run):
    retrial = retry.examine(runtime, run, retry.Scope.FAILED, ENVIRONMENT)
    corrected(runtime, run)
    with pytest.raises(StateError, match="corrected meanwhile"):
        retry.retry(runtime, run, retrial, "cli:ann")
    assert factories.states(runtime, run)[person(1)] == "failed(provider_error)"


def test_what_a_refusal_returns_has_the_new_words(runtime, run):
    corrected(runtime, run)
    assert factories.rows_of(runtime, run)[1]["variables"] == '["Rome"]'


def test_it_is_an_event_with_both_texts(runtime, run):
    corrected(runtime, run)
    corrected(runtime, run)
    events = select(runtime, "SELECT actor, sentence FROM event WHERE kind = 'campaign.revised'")
    assert [each["actor"] for each in events] == ["cli:ann"]
    assert 'revision 1 was "Hi {{ first_name }}", revision 2 is "Ciao from {{ town }}"' in events[0]["sentence"]


def test_a_table_may_change_everything(runtime, run):
    replies = [{"title": "Yes", "payload": "Y"}]
    corrected(runtime, run, toml={"message": {"text": "Ciao {{ town }}", "quick_replies": replies}})
    assert json.loads(select(runtime, "SELECT message FROM campaign")[0]["message"])["parts"] == [
        {"text": "Ciao {{ town }}", "quick_replies": replies}
    ]


def test_plain_text_keeps_the_buttons(runtime, folder):
    replies = [{"title": "Yes", "payload": "Y"}]
    file = content(message={"text": "Hi {{ first_name }}", "quick_replies": replies})
    campaign = factories.launched(runtime, folder, people(), file)
    control.pause(runtime, campaign, "cli:ann")
    corrected(runtime, campaign, "Salve {{ town }}\n")
    part = json.loads(select(runtime, "SELECT message FROM campaign")[0]["message"])["parts"][0]
    assert part == {"text": "Salve {{ town }}", "quick_replies": replies}


def test_the_file_with_the_new_text_goes_on(runtime, folder, run):
    corrected(runtime, run)
    file = content(message={"text": "Ciao from {{ town }}"})
    assert recognise(runtime, checked(runtime, folder, file)).meeting is Meeting.UNFINISHED
    with pytest.raises(StateError, match="the message"):
        recognise(runtime, checked(runtime, folder, content()))


@pytest.mark.parametrize("state", ["draft", "scheduled", "sending", "finished", "cancelled"])
def test_only_a_paused_campaign_is_corrected(runtime, run, state):
    write(runtime, "UPDATE campaign SET state = :state", state=state)
    with pytest.raises(StateError, match=f"is {state}; only a paused"):
        corrected(runtime, run)


def test_not_while_a_run_still_holds_the_old_message(runtime, run):
    write(runtime, "UPDATE chunk SET state = 'draining'")
    with pytest.raises(StateError, match="in flight"):
        corrected(runtime, run)


def test_not_with_fewer_parts_than_somebody_has(runtime, folder):
    campaign = factories.launched(
        runtime, folder, people(), content(message={"parts": [{"text": "Hi"}, {"text": "{{ town }}"}]})
    )
    control.pause(runtime, campaign, "cli:ann")
    write(runtime, "UPDATE delivery SET part_done = 1, part_open = 1 WHERE id = 1")
    with pytest.raises(StateError, match="1 people have a part"):
        corrected(runtime, campaign, "", toml={"message": {"text": "Ciao"}})
    with pytest.raises(InputError, match="several parts"):
        corrected(runtime, campaign, "Ciao")


def test_two_corrections_at_once(runtime, run):
    mine, theirs = change(runtime, run, "One {{ town }}"), change(runtime, run, "Two {{ town }}")
    revise.revise(runtime, run, theirs, "cli:bob")
    with pytest.raises(StateError, match="somebody else"):
        revise.revise(runtime, run, mine, "cli:ann")


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ({}, "one table"),
        ({"message": {"text": "Hi"}, "name": "x"}, "one table"),
        ({"message": {"txt": "Hi"}}, "txt"),
        ({"message": {}}, "needs either"),
        ({"message": {"text": "{{ nobody }}"}}, "no such column"),
        ({"message": {"text": "{% bad"}}, "line 1"),
    ],
)
def test_what_is_wrong_with_it_is_said(runtime, run, toml, said):
    with pytest.raises(InputError, match=said):
        corrected(runtime, run, toml=toml)
