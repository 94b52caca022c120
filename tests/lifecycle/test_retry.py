"""Whom a retry sends to again: only who may be sent to, once, and with every row still counted."""

from collections import Counter

import polars as pl
import pytest

from campaigns.errors import StateError
from campaigns.ledger import chunks
from campaigns.lifecycle import control, reopen, retry
from campaigns.lifecycle.advance import advance
from campaigns.runtime import now_of
from schemas.decision import Scope
from tests import factories
from tests.factories import ENVIRONMENT, content, page, person, select
from tests.lifecycle.aftermath import Breaking, adds_up, becomes, ends, write

pytestmark = pytest.mark.databases("sqlite", "postgresql")


def again(runtime, campaign, scope):
    retrial = retry.examine(runtime, campaign, scope, ENVIRONMENT)
    return retrial, retry.retry(runtime, campaign, retrial, "cli:ann")


@pytest.fixture
def run(runtime, folder):
    pages = {"acme": page(rate=0.05)}
    campaign = factories.launched(runtime, folder, factories.people(5), content(pages=pages))
    for n in range(5):
        becomes(runtime, n, "accepted")
    ends(runtime)
    return campaign


def test_failed_for_a_reason_that_may_pass_is_pending_again(runtime, run):
    becomes(runtime, 1, "failed", "provider_error", tries=1, provider_code="1200", part_open=1)
    becomes(runtime, 2, "failed", "probably_blocked", tries=1)
    retrial, done = again(runtime, run, Scope.FAILED)
    assert (retrial.again, retrial.kept) == ({"provider_error": 1}, {"probably_blocked": 1})
    assert (done.state, done.people) == ("sending", 1)
    states = factories.states(runtime, run)
    assert states[person(1)] == "pending"
    assert states[person(2)] == "failed(probably_blocked)"
    row = factories.rows_of(runtime, run)[1]
    assert (row["tries"], row["part_open"], row["claim"]) == (1, 0, None)
    assert select(runtime, "SELECT state, finished_at, sentence FROM campaign") == [
        {"state": "sending", "finished_at": None, "sentence": ""}
    ]
    with runtime.writing() as conn:
        rung = chunks.ring(conn, run.id, row["page_id"], now_of(conn), 9)
    assert rung == [row["chunk_id"]]
    adds_up(runtime, run)


def test_who_opted_out_or_whose_window_closed_since_stays_failed(runtime, run):
    for n in (0, 1, 2):
        becomes(runtime, n, "failed", "provider_error")
    write(runtime, "INSERT INTO suppression VALUES (:id, 0, 'cli', '', 1)", id=person(0))
    listed = next((runtime.storage / "lists").glob("*.parquet"))
    rows = pl.read_parquet(listed)
    rows.with_columns(_inbound_at=pl.when(pl.col("_line") == 3).then(1).otherwise("_inbound_at")).write_parquet(listed)
    write(runtime, "UPDATE delivery SET closes_at = 1 WHERE recipient_id = :id", id=person(1))
    retrial, _ = again(runtime, run, Scope.FAILED)
    assert retrial.kept == {"opted_out": 1, "window_closed": 1}
    assert factories.states(runtime, run)[person(0)] == "failed(provider_error)"
    assert factories.states(runtime, run)[person(2)] == "pending"
    adds_up(runtime, run)


def test_a_window_that_a_later_message_opened_counts(runtime, run):
    becomes(runtime, 0, "failed", "provider_error", closes_at=factories.now(runtime) + 3_600_000)
    listed = next((runtime.storage / "lists").glob("*.parquet"))
    pl.read_parquet(listed).with_columns(_inbound_at=pl.lit(1, pl.Int64)).write_parquet(listed)
    retrial, _ = again(runtime, run, Scope.FAILED)
    assert retrial.again == {"provider_error": 1}


def test_who_was_set_aside_at_plan_time_gets_a_chunk(runtime, folder):
    rows = factories.people(8)
    pages = {"acme": page(rate=0.05)}
    for n in (2, 3, 4, 5):
        write_off = factories.person(n)
        write(runtime, "INSERT INTO suppression VALUES (:id, 0, 'cli', '', 1)", id=write_off)
    campaign = factories.launched(runtime, folder, rows, content(pages=pages))
    assert Counter(factories.states(runtime, campaign).values())["skipped(opted_out)"] == 4
    ends(runtime)
    write(runtime, "DELETE FROM suppression")
    before = select(runtime, "SELECT max(seq) AS n FROM chunk")[0]["n"]
    _, done = again(runtime, campaign, Scope.SKIPPED)
    assert done.people == 4
    made = select(runtime, "SELECT seq, size, state FROM chunk WHERE seq > :n ORDER BY seq", n=before)
    assert made == [{"seq": before + 1, "size": 3, "state": "ready"}, {"seq": before + 2, "size": 1, "state": "ready"}]
    adds_up(runtime, campaign)


def test_a_cancelled_campaign_goes_on_and_the_clock_leaves_it_alone(runtime, folder):
    campaign = factories.launched(runtime, folder, factories.people(5))
    control.cancel(runtime, campaign, "cli:ann")
    _, done = again(runtime, campaign, Scope.CANCELLED)
    assert (done.state, done.people) == ("sending", 5)
    with runtime.writing() as conn:
        advance(conn, now_of(conn))
    assert set(factories.states(runtime, campaign).values()) == {"pending"}
    adds_up(runtime, campaign)


def test_a_paused_campaign_stays_paused(runtime, run):
    becomes(runtime, 0, "failed", "provider_error")
    becomes(runtime, 1, "pending")
    write(runtime, "UPDATE campaign SET state = 'paused', sentence = 'x'")
    _, done = again(runtime, run, Scope.FAILED)
    assert (done.state, done.people) == ("paused", 1)
    assert select(runtime, "SELECT state FROM campaign")[0]["state"] == "paused"


def test_nobody_to_retry_changes_nothing(runtime, run):
    _, done = again(runtime, run, Scope.FAILED)
    assert (done.state, done.people) == ("finished", 0)
    assert select(runtime, "SELECT * FROM event WHERE kind = 'campaign.retried'") == []


def test_a_second_retry_finds_nobody(runtime, run):
    becomes(runtime, 0, "failed", "provider_error")
    retrial, _ = again(runtime, run, Scope.FAILED)
    assert retry.retry(runtime, run, retrial, "cli:ann").people == 0
    adds_up(runtime, run)


def test_a_retry_is_an_event_with_before_and_after(runtime, run):
    becomes(runtime, 0, "failed", "provider_error")
    becomes(runtime, 1, "failed", "no_such_person")
    again(runtime, run, Scope.FAILED)
    event = select(runtime, "SELECT actor, sentence FROM event WHERE kind = 'campaign.retried'")[0]
    assert event["actor"] == "cli:ann"
    assert event["sentence"] == (
        "Retry: 1 failed people are pending again (1 provider_error); 1 stay failed (1 no_such_person). "
        "The campaign was finished and is sending."
    )


def test_who_was_settled_as_not_sent_is_sent_to_again(runtime, run):
    becomes(runtime, 0, "failed", "outcome_unknown")
    becomes(runtime, 1, "unknown")
    retrial, _ = again(runtime, run, Scope.FAILED)
    assert (retrial.again, retrial.kept) == ({"outcome_unknown": 1}, {})


def test_what_a_filter_decided_stays(runtime, run):
    becomes(runtime, 0, "skipped", "holdout")
    retrial, _ = again(runtime, run, Scope.SKIPPED)
    assert (retrial.again, retrial.kept) == ({}, {"holdout": 1})


@pytest.mark.parametrize("state", ["draft", "scheduled", "awaiting_approval"])
def test_what_has_not_begun_is_not_retried(runtime, run, state):
    write(runtime, "UPDATE campaign SET state = :state", state=state)
    with pytest.raises(StateError, match=state):
        retry.examine(runtime, run, Scope.FAILED, ENVIRONMENT)


def test_after_not_after_nobody_is_retried(runtime, run):
    write(runtime, "UPDATE campaign SET not_after = 1")
    with pytest.raises(StateError, match="remainder"):
        retry.examine(runtime, run, Scope.FAILED, ENVIRONMENT)


def test_a_retry_that_is_killed_leaves_a_paused_campaign_that_says_so(runtime, folder, monkeypatch):
    monkeypatch.setattr(reopen, "_SLICE", 2)
    campaign = factories.launched(runtime, folder, factories.people(5))
    control.cancel(runtime, campaign, "cli:ann")
    retrial = retry.examine(runtime, campaign, Scope.CANCELLED, ENVIRONMENT)

    with pytest.raises(InterruptedError):
        retry.retry(Breaking(runtime.settings, runtime.engine, [1]), campaign, retrial, "cli:ann")
    assert select(runtime, "SELECT state, sentence FROM campaign") == [
        {"state": "paused", "sentence": reopen._BROKE_OFF}
    ]
    assert Counter(factories.states(runtime, campaign).values()) == {"pending": 2, "cancelled(cancelled)": 3}
    adds_up(runtime, campaign)
