"""Status, equation and exit code: what the tallies say, in numbers and in sentences."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from campaigns import report
from campaigns.errors import InputError, PagecastError
from campaigns.moments import clock, lasting
from campaigns.report.charts import chart
from schemas.delivery import COUNTED, DUPLICATE, REJECTED, DeliveryState
from schemas.lane import LaneState
from schemas.reason import Reason
from schemas.summary import Interval
from tests.campaigns.report_factory import NOW, Spring

REASONED = {DeliveryState.SKIPPED, DeliveryState.FAILED}


@pytest.fixture
def spring(tmp_path, dialect):  # noqa: ARG001 - it sets the environment
    return Spring(tmp_path)


def status_of(spring, now=NOW, **paused):
    with spring.connected() as conn:
        return report.status(conn, 1, now, **paused)


def acme(status):
    return next(page for page in status.pages if page.name == "acme")


def sending(spring, n=40, **facts):
    """Four messages a second since ten seconds ago, and as many people left."""
    for i in range(n):
        spring.person("accepted", sent_at=NOW - 250 * i, accepted_at=NOW - 250 * i, **facts)
    for _ in range(n):
        spring.person()
    return spring.store()


rows = st.lists(
    st.tuples(st.sampled_from(COUNTED), st.sampled_from([None, *Reason]), st.sampled_from([1, 2]), st.booleans()),
    max_size=40,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=rows)
def test_counts_are_the_rows_and_add_up(tmp_path_factory, rows):
    spring = Spring(tmp_path_factory.mktemp("spring"))
    spring.person("accepted", accepted_at=NOW)
    for state, reason, page, planned in rows:
        if state == REJECTED:
            spring.unusable(reason or "bad_id", "x")
        elif state == DUPLICATE:
            spring.double()
        else:
            spring.person(state, reason if state in REASONED else None, page=page, chunk=page if planned else None)
    spring.store()
    status = status_of(spring)
    with spring.connected() as conn:
        counted = dict(conn.execute(text("SELECT state, COUNT(*) FROM delivery GROUP BY state")).all())
    assert list(status.counts) == [str(state) for state in COUNTED]
    assert sum(status.counts.values()) == status.total == len(rows) + 1
    assert {state: n for state, n in status.counts.items() if n and state not in {REJECTED, DUPLICATE}} == counted
    assert report.equation(status).startswith(f"{status.total:,} row")
    assert sum(status.failures.values()) <= status.counts["failed"]
    assert sum(sum(page.counts.values()) for page in status.pages) == sum(counted.values())


def test_the_equation_shows_every_term_that_is_not_zero(spring):
    for _ in range(1_234):
        spring.person("accepted", accepted_at=NOW)
    spring.person("unknown")
    spring.person("assumed_sent")
    spring.unusable("bad_id", "x")
    spring.double()
    equation = report.equation(status_of(spring.store()))
    assert equation == "1,238 rows = 1 rejected + 1 duplicate + 1,234 accepted + 1 unknown + 1 assumed sent"


def test_an_equation_that_does_not_hold_is_an_error(spring):
    spring.person()
    status = status_of(spring.store(total=2))
    with pytest.raises(PagecastError, match="do not add up: 2 rows against 1 pending"):
        report.equation(status)


def test_an_unknown_campaign_is_refused(spring):
    with pytest.raises(InputError):
        status_of(spring)


def test_rates_count_the_last_ten_seconds(spring):
    status = status_of(sending(spring))
    assert acme(status).rate.achieved == status.rate.achieved == 4.0
    assert (status.rate.asked, status.rate.allowed) == (36.0, 36.0)
    assert status.sentence == "Sending 4.0/s: 40 of 80 accepted, about 10 s left."
    assert status.eta == "2026-12-01T14:00:10.000Z"


def test_old_acceptances_are_no_rate(spring):
    spring.person("accepted", sent_at=NOW - 11_000, accepted_at=NOW - 11_000)
    spring.person()
    assert status_of(spring.store()).rate.achieved == 0


@pytest.mark.parametrize(("state", "fence"), [("done", 1), ("running", 1), ("draining", 1), ("ready", 1)])
def test_chunks_that_were_worked_on_lately_count_for_the_rate(spring, state, fence):
    sending(spring)
    spring.change("UPDATE chunk SET state = :state, fence = :fence", state=state, fence=fence)
    assert status_of(spring).rate.achieved == 4.0


def test_time_spent_paused_does_not_slow_the_eta(spring):
    for i in range(20):
        spring.person("accepted", sent_at=NOW - 100 * i, accepted_at=NOW - 100 * i)
    for _ in range(100):
        spring.person()
    spring.store()
    spring.insert("bucket", {"key": "sender:1", "paused_until": NOW - 4_000})
    assert status_of(spring).eta == "2026-12-01T14:00:20.000Z"


def test_a_slow_page_is_measured_over_more_than_ten_seconds(spring):
    for i in range(2):
        spring.person("accepted", sent_at=NOW - 20_000 * i, accepted_at=NOW - 20_000 * i)
    spring.person()
    spring.store()
    spring.change("UPDATE lane SET asked = 0.05")
    status = status_of(spring)
    assert status.rate.achieved == 0.03
    assert acme(status).state is LaneState.SENDING


@pytest.mark.parametrize(
    ("key", "said", "sentence"),
    [
        ("sender:1", "", "Waiting: Meta asked page acme to slow down until 14:02:10 UTC."),
        ("sender:1", "asked page acme to slow down", "Waiting: Meta asked page acme to slow down until 14:02:10 UTC."),
        ("app:meta:graph.facebook.com", "", "Waiting: Meta asked this app to slow down until 14:02:10 UTC."),
        ("host:graph.facebook.com", "", "Waiting until 14:02:10 UTC: graph.facebook.com cannot be reached."),
        ("sender:1", "does not answer", "Waiting until 14:02:10 UTC: Meta does not answer."),
    ],
)
def test_a_paused_bucket_is_told_in_words(spring, key, said, sentence):
    sending(spring)
    spring.insert("bucket", {"key": key, "paused_until": NOW + 130_000, "sentence": said})
    status = status_of(spring)
    assert status.sentence == acme(status).sentence == sentence
    assert acme(status).state is LaneState.WAITING
    assert acme(status).until == "2026-12-01T14:02:10.000Z"
    assert (status.rate.asked, status.rate.allowed) == (36.0, 0.0)
    assert status.eta is not None
    assert report.exit_code(status) == 0


def test_the_limiter_may_know_of_a_pause_before_the_database(spring):
    status = status_of(sending(spring), paused={"sender:1": NOW + 5_000})
    assert status.sentence == "Waiting: Meta asked page acme to slow down until 14:00:05 UTC."


def test_a_parked_page_needs_a_person_and_the_other_goes_on(spring):
    spring.person(page=2, chunk=2)
    sending(spring)
    spring.change(
        "UPDATE page SET parked_at = 1, parked_sentence = 'The token of page beta is not accepted.' WHERE id = 2"
    )
    status = status_of(spring)
    beta = next(page for page in status.pages if page.name == "beta")
    assert beta.state is LaneState.PARKED
    assert beta.sentence == (
        "Parked: the token of page beta is not accepted. Set a new token; one message tries it within a minute, "
        "and the page goes on. For anything else: mend it, then run `pagecast pages resume beta`."
    )
    assert beta.until is None
    assert status.sentence.endswith("left. Page beta is parked.")
    assert report.exit_code(status) == 5


def test_a_page_that_a_person_paused_waits_for_a_person(spring):
    sending(spring)
    spring.change("UPDATE page SET parked_at = 1, parked_code = 'paused', parked_sentence = 'Paused by ann.'")
    assert acme(status_of(spring)).sentence == "Parked: Paused by ann. To go on, run `pagecast pages resume acme`."


def test_where_no_worker_runs_it_says_so_at_once(spring):
    sending(spring)
    at_work, alone = status_of(spring, staffed=True), status_of(spring, staffed=False)
    assert at_work.sentence.startswith("Sending")
    assert alone.sentence == "Waiting: nobody sends, because no worker runs here; start `pagecast up`."
    assert acme(alone).state is LaneState.WAITING
    assert alone.eta is None


def test_a_parked_page_that_tries_one_message_waits_for_nobody(spring):
    sending(spring)
    spring.change("UPDATE page SET parked_at = 1, probe_at = 1 WHERE id = 1")
    acme = status_of(spring).pages[0]
    assert acme.state is LaneState.WAITING
    assert acme.sentence == "Waiting: page acme was parked and tries one message now."
    spring.change("UPDATE page SET probe_at = NULL WHERE id = 1")
    assert status_of(spring).pages[0].state is LaneState.PARKED


def test_all_pages_parked(spring):
    spring.person()
    spring.person(page=2, chunk=2)
    spring.store()
    spring.change("UPDATE page SET parked_at = 1")
    status = status_of(spring)
    assert status.sentence == "Stopped: all 2 pages with people left are parked; each page says why."
    assert (status.eta, status.rate.allowed) == (None, 0.0)


def test_a_page_that_nobody_works_on_says_so(spring):
    spring.person()
    spring.store()
    spring.change("UPDATE chunk SET state = 'ready', fence = 0")
    status = status_of(spring)
    assert status.sentence == (
        "Waiting: no progress for 10 min, because neither clock nor workers run; start `pagecast up`."
    )
    assert status.eta is None


@pytest.mark.parametrize("state", ["running", "draining"])
def test_a_page_that_went_silent_says_so(spring, state):
    spring.person("accepted", sent_at=NOW - 45_000, accepted_at=NOW - 45_000)
    spring.person()
    spring.store()
    spring.change("UPDATE chunk SET state = :state", state=state)
    status = status_of(spring)
    assert acme(status).sentence == status.sentence
    assert status.sentence == "Waiting: no progress for 45 s, and no reason is known here; see the worker's log."


def test_people_who_were_put_off_are_waited_for(spring):
    spring.person()
    spring.store()
    spring.change("UPDATE chunk SET state = 'ready', due_at = :due", due=NOW + 60_000)
    assert status_of(spring).sentence == "Waiting: the next of 1 person is due at 14:01:00 UTC."


@pytest.mark.parametrize(("code", "why"), [(None, "it is quiet time by their own clocks; "), ("613", "")])
def test_people_whom_their_own_night_holds_back_are_waited_for_with_the_reason(spring, code, why):
    spring.person(due_at=NOW + 60_000, provider_code=code)
    spring.store()
    spring.change("UPDATE chunk SET state = 'ready', due_at = :due", due=NOW + 60_000)
    assert status_of(spring).sentence == f"Waiting: {why}the next of 1 person is due at 14:01:00 UTC."


def test_people_wait_a_while_where_worker_after_worker_died(spring):
    spring.person()
    spring.store()
    said = "3 workers died, one after the other, before any answer came"
    spring.change("UPDATE chunk SET state = 'ready', due_at = :due, sentence = :said", due=NOW + 60_000, said=said)
    assert status_of(spring).sentence == f"Waiting: {said}; the next of 1 person is due at 14:01:00 UTC."


def test_who_waits_after_such_deaths_does_not_speak_for_the_rest_of_the_page(spring):
    for chunk in (1, 2):
        spring.person(chunk=chunk)
    spring.store()
    spring.change("UPDATE chunk SET state = 'ready', fence = 0")
    spring.change("UPDATE chunk SET due_at = :due, sentence = '3 workers died' WHERE id = 1", due=NOW + 60_000)
    assert "died" not in status_of(spring).sentence


def test_a_part_that_crashed_too_often_needs_a_person(spring):
    spring.person()
    spring.store()
    spring.change("UPDATE chunk SET state = 'stopped', sentence = 'It crashed.'")
    status = status_of(spring)
    assert acme(status).sentence == "Stopped: It crashed."
    assert report.exit_code(status) == 5


@pytest.mark.parametrize(
    ("state", "facts", "sentence", "code"),
    [
        ("draft", {}, "Draft: not launched yet.", 0),
        ("scheduled", {"start_at": NOW + 86_400_000},
         "Scheduled: sending to 1 person starts at 2026-12-02 14:00:00 UTC.", 0),
        ("scheduled", {"start_at": NOW - 15_000}, "Scheduled: sending to 1 person starts at 13:59:45 UTC.", 0),
        ("scheduled", {"start_at": NOW - 3_600_000},
         "Scheduled: its start at 13:00:00 UTC passed while nothing ran. `pagecast up` does what late_start says.", 0),
        ("awaiting_approval", {}, "Waiting: somebody has to approve this campaign.", 0),
        ("paused", {"sentence": "Paused by ann."}, "Paused by ann. 1 still in flight.", 5),
        ("cancelled", {}, "Cancelled: 1 accepted. 1 still in flight.", 0),
    ],
)  # fmt: skip
def test_each_state_of_a_campaign_has_its_sentence(spring, state, facts, sentence, code):
    spring.person("accepted", accepted_at=NOW)
    if "in flight" in sentence:
        spring.person("sending")
    spring.person("pending")
    status = status_of(spring.store(state, **facts))
    assert status.sentence == sentence
    assert status.in_flight == int("in flight" in sentence)
    assert status.rate.allowed == 0
    assert report.exit_code(status) == code


def test_a_finished_campaign_says_what_became_of_everyone(spring):
    for state, reason in (("accepted", None), ("read", None), ("skipped", "window_closed"), ("unknown", None)):
        spring.person(state, reason)
    status = status_of(spring.store("finished"))
    assert status.sentence == "Finished: 2 accepted, 1 skipped, 1 unknown."
    assert status.reasons == {"outcome_unknown": 1, "window_closed": 1}
    assert status.rate.asked == 0
    assert all(page.state is LaneState.DONE for page in status.pages)


@pytest.mark.parametrize(
    ("state", "reason", "code"),
    [
        ("accepted", None, 0),
        ("failed", "probably_blocked", 0),
        ("failed", "window_closed", 0),
        ("failed", "message_rejected", 6),
        ("failed", "provider_error", 6),
        ("failed", "token_invalid", 6),
        ("failed", None, 6),
        ("unknown", None, 6),
        ("skipped", "text_too_long", 0),
        ("skipped", "policy_refused", 0),
        ("cancelled", None, 0),
    ],
)
def test_the_exit_code_of_an_end(spring, state, reason, code):
    spring.person("accepted", accepted_at=NOW)
    spring.person(state, reason)
    assert report.exit_code(status_of(spring.store("finished"))) == code


def test_five_beats_six(spring):
    spring.person("unknown")
    spring.person("pending")
    spring.store()
    spring.change("UPDATE page SET parked_at = 1")
    assert report.exit_code(status_of(spring)) == 5


def test_durations_and_moments_read_well():
    assert [lasting(ms) for ms in (400, 41_000, 7_500_000, 90_000_000)] == ["0 s", "41 s", "2 h 5 min", "1 d 1 h"]
    assert clock(NOW, NOW) == "14:00:00 UTC"
    assert clock(NOW + 86_400_000, NOW) == "2026-12-02 14:00:00 UTC"


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=60).filter(any))
def test_every_bar_fits_the_chart(values):
    drawn = chart(Interval(start="2026-12-01T14:00:00.000Z", seconds=5, accepted=values))
    assert drawn.top >= max(values)
    assert drawn.top % 2 == 0
    assert all(0 <= bar.y <= 100 and bar.height <= 100 for bar in drawn.bars)
    assert drawn.line.split()[-1] == "100.000,0.000"
    assert drawn.each == "5 seconds"
