"""A page that its platform slowed down: the rate that is allowed now, and the sentence that says why."""

import pytest

from campaigns import report
from tests.campaigns.report_factory import NOW, Spring


def status_of(spring):
    with spring.connected() as conn:
        return report.status(conn, 1, NOW)


@pytest.fixture
def sending(tmp_path):
    """Forty of eighty people accepted within the last ten seconds, on a page of 36/s."""
    spring = Spring(tmp_path)
    for i in range(40):
        spring.person("accepted", sent_at=NOW - 200 * i, accepted_at=NOW - 200 * i)
    for _ in range(40):
        spring.person()
    return spring.store()


def slowed(spring, key="sender:1", **facts):
    row = {"key": key, "cap": 36.0, "rate": None, "cut_at": None, "eased_until": None} | facts
    spring.insert("bucket", row)


@pytest.mark.parametrize(
    ("facts", "allowed"),
    [
        ({"rate": 18.0, "cut_at": NOW - 50_000}, 21.6),
        ({"rate": 18.0, "cut_at": NOW - 60_000, "paused_until": NOW - 50_000}, 21.6),
        ({"rate": 18.0, "cut_at": NOW - 250_000}, 36.0),
        ({"eased_until": NOW + 60_000}, 18.0),
        ({"eased_until": NOW - 1}, 36.0),
        ({"rate": 9.0, "cut_at": NOW, "eased_until": NOW + 60_000}, 9.0),
    ],
    ids=["cut", "cut-and-paused", "recovered", "eased", "eased-no-more", "both"],
)
def test_what_is_allowed_now_is_shown_beside_what_was_asked(sending, facts, allowed):
    slowed(sending, **facts)
    status = status_of(sending)
    assert (status.rate.asked, status.rate.allowed) == (36.0, allowed)
    [acme] = [page for page in status.pages if page.name == "acme"]
    assert acme.rate.allowed == allowed
    assert ("for now" in acme.sentence) == ("slowed" in status.sentence) == (allowed < 36)


def test_a_throttled_page_says_why_it_is_slow(sending):
    slowed(sending, rate=18.0, cut_at=NOW - 50_000)
    status = status_of(sending)
    [acme] = [page for page in status.pages if page.name == "acme"]
    assert acme.sentence == "Sending 4.0/s. Meta throttled page acme; sending at 21.6/s of 36/s for now."
    assert status.sentence.endswith("left. Page acme is slowed to 21.6/s of 36/s for now.")


def test_a_page_whose_quota_is_nearly_used_says_so(sending):
    slowed(sending, eased_until=NOW + 60_000)
    [acme] = [page for page in status_of(sending).pages if page.name == "acme"]
    assert "Meta says that most of what page acme may send is used; sending at 18/s of 36/s" in acme.sentence


def test_nobody_speaks_of_the_last_percent(sending):
    slowed(sending, rate=35.8, cut_at=NOW)
    status = status_of(sending)
    assert status.rate.allowed == 35.8
    assert "for now" not in status.sentence + status.pages[0].sentence


def test_a_slowed_bucket_that_is_not_the_smallest_changes_nothing(sending):
    sending.change("UPDATE lane SET asked = 1.2")
    slowed(sending, rate=18.0, cut_at=NOW)
    assert status_of(sending).rate.allowed == 1.2


def test_a_slowed_page_takes_longer(sending):
    before = status_of(sending).eta
    slowed(sending, rate=1.0, cut_at=NOW)
    assert status_of(sending).eta == "2026-12-01T14:00:40.000Z" > before


def test_a_page_that_is_paused_allows_nothing_however_slow_it_is(sending):
    slowed(sending, rate=18.0, cut_at=NOW, paused_until=NOW + 5_000)
    assert status_of(sending).rate.allowed == 0


def test_a_pause_in_the_timeline_is_no_new_start(sending):
    event = {"at": NOW - 100, "campaign_id": 1, "page_id": 1, "kind": "bucket.paused", "actor": "worker"}
    sending.insert("event", event | {"sentence": "Meta asked page acme to slow down: paused."})
    assert status_of(sending).pages[0].sentence == "Sending 4.0/s."
