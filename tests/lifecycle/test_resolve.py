"""What somebody decides about rows in doubt: each goes where they say, and nobody else."""

from collections import Counter

import pytest

from campaigns.errors import InputError, StateError
from campaigns.lifecycle import resolve
from schemas.decision import Verdict
from tests import factories
from tests.factories import ENVIRONMENT, person, select
from tests.lifecycle.aftermath import adds_up, becomes, ends, write

pytestmark = pytest.mark.databases("sqlite", "postgresql")


@pytest.fixture
def run(runtime, folder):
    campaign = factories.launched(runtime, folder, factories.people(5))
    for n in (0, 1):
        becomes(runtime, n, "accepted")
    for n in (2, 3, 4):
        becomes(runtime, n, "unknown", claim="c", part_open=1, tries=0)
    ends(runtime)
    return campaign


def decide(runtime, campaign, verdict, recipient=None):
    doubt = resolve.examine(runtime, campaign, verdict, ENVIRONMENT, recipient)
    return resolve.resolve(runtime, campaign, doubt, "cli:ann")


@pytest.mark.parametrize(
    ("verdict", "state", "campaign_is"),
    [
        (Verdict.SENT, "assumed_sent", "finished"),
        (Verdict.NOT_SENT, "failed(outcome_unknown)", "finished"),
        (Verdict.SEND_AGAIN, "pending", "sending"),
    ],
)
def test_everyone_in_doubt_goes_where_the_verdict_says(runtime, run, verdict, state, campaign_is):
    done = decide(runtime, run, verdict)
    assert (done.state, done.people) == (campaign_is, 3)
    assert Counter(factories.states(runtime, run).values()) == {"accepted": 2, state: 3}
    assert select(runtime, "SELECT state FROM campaign")[0]["state"] == campaign_is
    adds_up(runtime, run)
    assert decide(runtime, run, verdict).people == 0


def test_sending_again_is_another_try(runtime, run):
    decide(runtime, run, Verdict.SEND_AGAIN)
    row = factories.rows_of(runtime, run)[2]
    assert (row["tries"], row["part_open"], row["claim"]) == (1, 0, None)
    assert select(runtime, "SELECT state FROM chunk")[0]["state"] == "ready"


def test_a_part_that_arrived_is_not_sent_again(runtime, run):
    write(runtime, "UPDATE delivery SET part_done = 1, part_open = 2 WHERE state = 'unknown'")
    decide(runtime, run, Verdict.SEND_AGAIN)
    assert {row["part_done"] for row in factories.rows_of(runtime, run)[2:]} == {1}


def test_one_person_alone(runtime, run):
    assert decide(runtime, run, Verdict.SENT, person(3)).people == 1
    assert Counter(factories.states(runtime, run).values()) == {"accepted": 2, "unknown": 2, "assumed_sent": 1}
    assert decide(runtime, run, Verdict.SENT, person(3)).people == 0


def test_who_opted_out_meanwhile_stays_unknown(runtime, run):
    write(runtime, "INSERT INTO suppression VALUES (:id, 0, 'cli', '', 1)", id=person(4))
    doubt = resolve.examine(runtime, run, Verdict.SEND_AGAIN, ENVIRONMENT)
    assert (doubt.people.height, doubt.kept) == (2, {"opted_out": 1})
    resolve.resolve(runtime, run, doubt, "cli:ann")
    assert factories.states(runtime, run)[person(4)] == "unknown"


def test_a_person_who_is_not_in_doubt_is_refused_with_their_state(runtime, run):
    with pytest.raises(StateError, match="is accepted in Spring"):
        decide(runtime, run, Verdict.SENT, person(0))


def test_a_stranger_is_refused(runtime, run):
    with pytest.raises(InputError, match="999 is not in Spring"):
        decide(runtime, run, Verdict.SENT, "999")


def test_a_verdict_is_an_event(runtime, run):
    decide(runtime, run, Verdict.NOT_SENT)
    event = select(runtime, "SELECT actor, sentence FROM event WHERE kind = 'campaign.resolved'")
    assert event == [{"actor": "cli:ann", "sentence": "Resolved as not-sent: 3 people went from unknown to failed."}]


def test_an_echo_that_came_first_wins(runtime, run):
    doubt = resolve.examine(runtime, run, Verdict.NOT_SENT, ENVIRONMENT)
    becomes(runtime, 2, "accepted")
    assert resolve.resolve(runtime, run, doubt, "cli:ann").people == 2
    assert factories.states(runtime, run)[person(2)] == "accepted"
    adds_up(runtime, run)
