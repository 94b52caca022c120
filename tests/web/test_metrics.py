"""Metrics say what status and ledger say, to whoever may read, in a form that Prometheus takes."""

import asyncio
import re

import httpx
import pytest
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families as parsed

from campaigns import events, keys, pages, report
from campaigns.access import allowed
from campaigns.inbox import Inbox, Raw, Refusal
from campaigns.lifecycle.control import cancel, pause
from campaigns.report import gauges as measured
from campaigns.runtime import now_of
from campaigns.web import metrics
from campaigns.web.api.door import ATTEMPTS
from campaigns.web.app import application
from schemas.api_key import Role
from schemas.notice import NoticeKind
from schemas.page import ProviderName
from schemas.right import Right
from tests import factories

BOTH = pytest.mark.databases("sqlite", "postgresql")
DAY_MS = 86_400_000


@pytest.fixture
def site(runtime):
    return application(runtime, factories.ENVIRONMENT)


@pytest.fixture
def key(runtime):
    def made(role, name="prometheus", **rest):
        with runtime.writing() as conn:
            return keys.create(conn, name, Role(role), now=now_of(conn), actor="test", **rest).secret

    return made


def ask(site, method="GET", path="/metrics", **headers):
    """Send one request, with header names in snake case."""

    async def send():
        transport = httpx.ASGITransport(app=site, client=("10.0.0.1", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://pagecast") as http:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            return await http.request(method, path, headers=named)

    return asyncio.run(send())


@pytest.fixture
def scrape(site, key, monkeypatch):
    """Return every sample of a fresh look: (name, labels as a frozen set) → value."""
    monkeypatch.setattr(metrics, "FRESH", 0.0)
    monkeypatch.setattr(metrics, "_REST", 0)
    secret = key(Role.VIEWER)

    def scraped():
        answer = ask(site, x_api_key=secret)
        assert answer.status_code == 200, answer.text
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in parsed(answer.text)
            for sample in family.samples
        }

    return scraped


def value(samples, metric, /, **labels):
    return samples[f"pagecast_{metric}", frozenset(labels.items())]


def of(samples, metric, /, **labels):
    """Return the samples of a metric that have these labels among theirs."""
    return {own: n for (name, own), n in samples.items() if name == f"pagecast_{metric}" and labels.items() <= set(own)}


def shift(runtime, statement, **facts):
    with runtime.writing() as conn:
        conn.execute(factories.text(statement), facts)


def move(runtime, recipient, state, reason=None):
    """Move a pending row, and its tally with it."""
    row = factories.select(runtime, "SELECT * FROM delivery WHERE recipient_id = :who", who=recipient)[0]
    shift(
        runtime,
        "UPDATE delivery SET state = :state, reason = :reason, sent_at = :now, accepted_at = :then WHERE id = :id",
        state=state, reason=reason, id=row["id"], now=factories.now(runtime),
        then=factories.now(runtime) if state == "accepted" else None,
    )  # fmt: skip
    place = {name: row[name] for name in ("campaign_id", "page_id", "chunk_id")}
    where = "campaign_id = :campaign_id AND page_id = :page_id AND chunk_id = :chunk_id"
    shift(runtime, f"UPDATE tally SET n = n - 1 WHERE {where} AND state = 'pending'", **place)
    shift(
        runtime,
        "INSERT INTO tally VALUES (:campaign_id, :page_id, :chunk_id, :state, :reason, 1) "
        "ON CONFLICT (campaign_id, page_id, chunk_id, state, reason) DO UPDATE SET n = tally.n + 1",
        state=state, reason=reason or "", **place,
    )  # fmt: skip


@pytest.fixture
def under_way(runtime, tmp_path):
    """A campaign of nine: two accepted, one failed, one unknown, one whose window closed, one left out, three to go."""
    rows = factories.people(9, opted_out="")
    rows[8]["opted_out"] = "yes"
    campaign = factories.launched(runtime, tmp_path, rows)
    shift(runtime, "UPDATE campaign SET state = 'sending', started_at = :then", then=factories.now(runtime) - 60_000)
    shift(runtime, "UPDATE event SET at = at - 120000")
    shift(runtime, "UPDATE chunk SET state = 'running', fence = 1, owner = 'w', lease_until = :then",
          then=factories.now(runtime) + 60_000)  # fmt: skip
    for n, state, reason in (
        (0, "accepted", None), (1, "accepted", None), (2, "failed", "no_such_person"), (3, "unknown", None),
        (4, "skipped", "window_closed"),
    ):  # fmt: skip
        move(runtime, factories.person(n), state, reason)
    return campaign


def agrees(runtime, campaign, samples):
    """Compare what was scraped with status and ledger."""
    ref = campaign.ref
    with runtime.reading() as conn:
        status = report.status(conn, campaign.id, now_of(conn), staffed=runtime.staffed)
        factories.tallies_add_up(conn, campaign.id)
    for state, n in status.counts.items():
        assert sum(of(samples, "deliveries", campaign=ref, state=state).values()) == n, state
    for reason, n in status.reasons.items():
        assert sum(of(samples, "deliveries", campaign=ref, reason=reason).values()) == n, reason
    assert sum(of(samples, "deliveries", campaign=ref).values()) == status.total
    rows = "SELECT state, count(*) AS n FROM delivery WHERE campaign_id = :id GROUP BY state"
    for row in factories.select(runtime, rows, id=campaign.id):
        assert sum(of(samples, "deliveries", campaign=ref, state=row["state"]).values()) == row["n"]
    assert value(samples, "unknowns_waiting", campaign=ref) == status.counts["unknown"]
    for page in status.pages if of(samples, "asked_messages_per_second", campaign=ref) else []:
        for rate in ("asked", "allowed"):
            own = value(samples, f"{rate}_messages_per_second", campaign=ref, page=page.name)
            assert own == getattr(page.rate, rate)
    return status


@BOTH
def test_the_numbers_are_those_of_status_and_ledger(runtime, under_way, scrape):
    samples, ref = scrape(), under_way.ref
    assert agrees(runtime, under_way, samples).state == "sending"
    assert value(samples, "campaign_info", campaign=ref, name="Spring", state="sending") == 1
    outcomes = {o: value(samples, "sends", campaign=ref, page="acme", outcome=o) for o in ("accepted", "refused")}
    assert outcomes == {"accepted": 2, "refused": 1}
    assert value(samples, "deliveries", campaign=ref, page="acme", state="failed", reason="no_such_person") == 1
    assert value(samples, "deliveries", campaign=ref, page="acme", state="read", reason="") == 0
    assert value(samples, "window_losses", campaign=ref, reason="window_closed") == 1
    assert value(samples, "window_losses", campaign=ref, reason="closes_before_turn") == 0
    assert value(samples, "achieved_messages_per_second", campaign=ref, page="acme") > 0
    assert value(samples, "queue_age_seconds", campaign=ref, page="acme") < 5


@BOTH
@pytest.mark.parametrize("verb", [pause, cancel])
def test_they_are_after_a_verb_too(runtime, under_way, scrape, verb):
    verb(runtime, under_way, "test")
    samples = scrape()
    state = agrees(runtime, under_way, samples).state
    assert value(samples, "campaign_info", campaign=under_way.ref, name="Spring", state=state) == 1
    assert set(of(samples, "allowed_messages_per_second").values()) <= {0}
    assert set(of(samples, "queue_age_seconds").values()) <= {0}


def test_drafts_and_what_ended_long_ago_are_not_measured(runtime, tmp_path, under_way, scrape):
    factories.submitted(runtime, tmp_path, factories.people(2), factories.content(name="Draft"))
    for ended, shown in ((DAY_MS - 60_000, True), (DAY_MS + 60_000, False)):
        moment = factories.now(runtime) - ended
        shift(runtime, "UPDATE campaign SET state = 'finished', finished_at = :at WHERE state <> 'draft'", at=moment)
        samples = scrape()
        assert bool(of(samples, "campaign_info", campaign=under_way.ref)) is shown
        assert bool(of(samples, "deliveries")) is shown
        assert not of(samples, "campaign_info", name="Draft")
        assert not of(samples, "asked_messages_per_second")


def test_a_cancelled_campaign_is_measured_for_a_day(runtime, under_way, scrape):
    cancel(runtime, under_way, "test")
    shift(runtime, "UPDATE campaign SET finished_at = NULL")
    assert of(scrape(), "campaign_info", state="cancelled")
    shift(runtime, "UPDATE event SET at = at - :day", day=DAY_MS)
    assert not of(scrape(), "campaign_info")


def test_what_is_too_much_is_counted(runtime, tmp_path, scrape, monkeypatch):
    monkeypatch.setattr(measured, "MOST", 1)
    for name in ("One", "Two"):
        factories.launched(runtime, tmp_path, factories.people(2), factories.content(name=name))
    samples = scrape()
    assert [dict(labels)["name"] for labels in of(samples, "campaign_info")] == ["Two"]
    assert value(samples, "campaigns_left_out") == 1


PARKED = {
    "190-460": "token_invalid",
    "190-999": "token_invalid",
    "368": "sender_restricted",
    "http-502": "provider_error",
    "secret": "token_invalid",
}


def test_a_parked_page_says_why_in_one_word_of_a_closed_list(runtime, under_way, scrape):
    assert value(scrape(), "page_parked", page="acme", reason="") == 0
    for code, reason in PARKED.items():
        shift(runtime, "UPDATE page SET parked_at = NULL")
        with runtime.writing() as conn:
            pages.park(conn, 1, code, "It cannot send.", now_of(conn))
        samples = scrape()
        assert of(samples, "page_parked") == {frozenset({("page", "acme"), ("reason", reason)}): 1}
    assert value(samples, "queue_age_seconds", campaign=under_way.ref, page="acme") == 0


def test_a_page_that_a_person_paused_is_told_apart(runtime, under_way, scrape):
    assert under_way.id
    with runtime.writing() as conn:
        pages.pause(conn, pages.named(conn, "acme"), now_of(conn), "ann")
    assert value(scrape(), "page_parked", page="acme", reason="paused") == 1


def test_a_wish_to_slow_down_is_counted_and_other_pauses_are_not(runtime, under_way, scrape):
    ref = under_way.ref
    assert value(scrape(), "throttles_total", campaign=ref, page="acme") == 0
    for said in (
        "Meta asked page acme to slow down: paused until 12:00:00.",
        "Meta asked page acme to slow down: paused until 12:05:00; from then on at most 8/s of 10/s.",
        "Paused until 12:00:00: The platform cannot be reached.",
        "Paused until 12:00:00: Meta does not say what became of messages of page acme; one more is tried then.",
    ):
        with runtime.writing() as conn:
            events.record(conn, now_of(conn), "bucket.paused", "worker", said, campaign_id=under_way.id, page_id=1)
    assert value(scrape(), "throttles_total", campaign=ref, page="acme") == 2


def test_who_waits_without_need_is_told_for_how_long(runtime, under_way, scrape):
    shift(runtime, "UPDATE delivery SET sent_at = sent_at - 45000 WHERE sent_at IS NOT NULL")
    shift(runtime, "UPDATE chunk SET state = 'ready'")
    age = {"campaign": under_way.ref, "page": "acme"}
    assert 44 < value(scrape(), "queue_age_seconds", **age) < 50
    # Deferred people wait only from when they are due.
    shift(runtime, "UPDATE chunk SET due_at = :due", due=factories.now(runtime) - 7_000)
    assert 6 < value(scrape(), "queue_age_seconds", **age) < 12
    shift(runtime, "UPDATE chunk SET due_at = :due", due=factories.now(runtime) + 7_000)
    assert value(scrape(), "queue_age_seconds", **age) == 0


@BOTH
def test_webhooks_that_wait_or_were_refused(runtime, scrape):
    samples = scrape()
    assert (value(samples, "webhook_bodies_waiting"), value(samples, "webhook_lag_seconds")) == (0, 0)
    now = factories.now(runtime)
    with Inbox.opened(runtime) as inbox:
        inbox.keep([Raw(ProviderName.META, now - 30_000, b"{}"), Raw(ProviderName.META, now, b"{}")])
        inbox.refused(ProviderName.META, Refusal.WRONG_SIGNATURE, now, 3)
        inbox.refused(ProviderName.META, Refusal.WRONG_SIGNATURE, now - DAY_MS, 5)
    samples = scrape()
    assert value(samples, "webhook_bodies_waiting") == 2
    assert 29 < value(samples, "webhook_lag_seconds") < 40
    assert value(samples, "webhooks_refused_total", provider="meta", reason="wrong_signature") == 3
    assert value(samples, "webhooks_refused_total", provider="orbit", reason="wrong_signature") == 0


def test_notices_and_jobs_that_wait(runtime, scrape):
    assert value(scrape(), "notices", state="dead") == 0
    for n, state in enumerate(("queued", "dead", "dead", "sent")):
        shift(runtime, "INSERT INTO notice (key, target_id, event_id, kind, body, state, attempts, created_at, due_at, "
              "last_error) VALUES ('k', :n, 1, :kind, '', :state, 0, 0, 0, '')",
              n=n, state=state, kind=NoticeKind.PARKED.value)  # fmt: skip
    shift(runtime, "INSERT INTO job (ref, kind, arguments, key_id, actor, state, owner, lease_until, tries, created_at)"
          " VALUES ('j', 'plan', '{}', 1, 'test', 'queued', '', 0, 0, 0)")  # fmt: skip
    samples = scrape()
    assert {state: value(samples, "notices", state=state) for state in ("queued", "dead")} == {"queued": 1, "dead": 2}
    assert not of(samples, "notices", state="sent")
    assert (value(samples, "jobs", state="queued"), value(samples, "jobs", state="working")) == (1, 0)


def test_whoever_may_read_may_scrape_by_either_header(site, key):
    for role in Role:
        assert allowed(role, Right.READ)
        secret = key(role, name=role.value)
        for headers in ({"x_api_key": secret}, {"authorization": f"Bearer {secret}"}):
            answer = ask(site, **headers)
            assert answer.status_code == 200
            assert "pagecast_build_info" in answer.text
            assert secret not in answer.text
    assert ask(site, "POST", x_api_key=secret).status_code == 405


def test_a_key_that_may_not_read_may_not_scrape(site, key):
    answer = ask(site, x_api_key=key(Role.ADMIN, scopes=[Right.LAUNCH]))
    assert answer.status_code == 403
    assert "pagecast_" not in answer.text
    assert "lacks the right read" in answer.json()["error"]["message"]


STRANGERS = [{}, {"x_api_key": "wrong"}, {"authorization": "Bearer wrong"}, {"authorization": "Basic cGM6cGM="}]


def test_a_stranger_gets_401_and_nothing_else(site, under_way):
    assert under_way.ref
    for headers in STRANGERS:
        for method in ("GET", "HEAD", "POST", "DELETE"):
            answer = ask(site, method, **headers)
            assert answer.status_code == 401, headers
            assert not re.search(r"pagecast_|acme|Spring", answer.text)


def test_wrong_keys_are_counted_with_those_of_the_api(site):
    for _ in range(ATTEMPTS):
        ask(site, path="/api/v1/me", x_api_key="wrong")
    assert ask(site, x_api_key="wrong").status_code == 429


def test_prometheus_can_take_it(site, key, under_way):
    assert under_way.ref
    secret = key(Role.VIEWER)
    plain = ask(site, x_api_key=secret)
    assert plain.headers["content-type"].startswith("text/plain; version=0.0.4")
    families = list(parsed(plain.text))
    assert len({family.name for family in families}) == len(families) > 15
    for family in families:
        assert re.fullmatch(r"pagecast(_[a-z]+)+", family.name)
        assert re.search(r"\. \((1|seconds|[a-z ]+)\)$", family.documentation), family.name
        assert family.type in {"gauge", "counter"}
        for sample in family.samples:
            assert sample.name.endswith("_total") == (family.type == "counter"), sample.name
            assert set(sample.labels) <= {
                "campaign", "name", "page", "state", "reason", "outcome", "provider", "version", "python", "database",
            }  # fmt: skip
    open_ = ask(site, x_api_key=secret, accept="application/openmetrics-text; version=1.0.0")
    assert open_.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    same = {family.name for family in openmetrics.text_string_to_metric_families(open_.text)}
    assert same == {family.name.removesuffix("_total") for family in families}


def test_people_and_pages_are_not_named_by_their_ids(site, key, under_way):
    text = ask(site, x_api_key=key(Role.VIEWER)).text
    assert under_way.ref in text
    assert factories.ACCOUNT not in text
    assert not any(factories.person(n) in text for n in range(9))


def test_a_second_look_within_a_second_costs_the_database_nothing(site, key, runtime, under_way):
    secret = key(Role.VIEWER)
    before = ask(site, x_api_key=secret).text
    pause(runtime, under_way, "test")
    assert ask(site, x_api_key=secret).text == before
