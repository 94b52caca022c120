"""/metrics for Prometheus, read from the database at each scrape: one truth for all processes and machines.

What can go down again is a gauge, and that is nearly everything: Orbit may take an acceptance back, a retry makes a
failed row pending. Labels are campaigns (by ref), pages (by name) and closed lists; nothing of people.
"""

import platform
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import version

from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from campaigns.access import holds
from campaigns.inbox import Inbox, Refusal
from campaigns.notices import queue
from campaigns.report import tallies as tally
from campaigns.report.gauges import CampaignGauges, Gauges, gauges
from campaigns.runtime import Runtime, now_of
from campaigns.web.api.door import Attempts, Door
from campaigns.web.api.envelope import failed
from schemas.delivery import COUNTED, DUPLICATE, REJECTED
from schemas.notice import NoticeState
from schemas.page import ProviderName
from schemas.right import Right

FRESH = 1.0
"""Seconds for which what was read is told again, and twenty times what reading it took where that is more."""
_REST = 20
_DAY_MS = 24 * 3600 * 1000

Labelled = Iterable[tuple[Sequence[str], float]]
"""Label values, and the value under them."""


def route(runtime: Runtime, inbox: Inbox, attempts: Attempts) -> Route:
    """Return /metrics: for keys that may read, and for nobody else."""
    return Route("/metrics", Door(Metrics(Reading(runtime, inbox)), runtime, attempts))


class Metrics:
    """Answers one who has come in, in the format that they ask for."""

    def __init__(self, reading: "Reading") -> None:
        self._reading = reading

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a GET or HEAD."""
        answer = await self._answer(Request(scope))
        await answer(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        key = request.state.key
        if not holds(key, Right.READ):
            return failed(403, "forbidden", f"The key {key.name} lacks the right {Right.READ}.")
        if request.method not in {"GET", "HEAD"}:
            return failed(405, "method_not_allowed", "Metrics are read with GET.", headers={"Allow": "GET, HEAD"})
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        body = await run_in_threadpool(encode, self._reading)
        return Response(body, headers={"Content-Type": content_type})


class Reading(Collector):
    """What the database says, read at most once in FRESH seconds. Whoever asks while it is read gets the same."""

    def __init__(self, runtime: Runtime, inbox: Inbox) -> None:
        self._runtime = runtime
        self._inbox = inbox
        self._lock = threading.Lock()
        self._until = 0.0
        self._families: list[Metric] = []

    def collect(self) -> Iterator[Metric]:
        """Yield every metric."""
        with self._lock:
            began = time.monotonic()
            if began >= self._until:
                self._families = list(self._read())
                ended = time.monotonic()
                self._until = ended + max(FRESH, _REST * (ended - began))
            found = self._families
        yield from found

    def _read(self) -> Iterator[Metric]:
        with self._runtime.reading() as conn:
            now = now_of(conn)
            found = gauges(conn, now, staffed=self._runtime.staffed)
            told = queue.counts(conn)
        yield _build(self._runtime.engine.dialect.name)
        yield from _campaigns(found)
        yield from _people(found)
        yield from _pages(found)
        yield from _webhooks(self._inbox, now)
        yield _notices(told.values())
        jobs = "Long work that somebody asked for and that is not done: it waits, or is being worked on."
        yield _gauge("pagecast_jobs", jobs, "jobs", ("state",), (((state,), n) for state, n in found.jobs.items()))


def _build(database: str) -> Metric:
    labels = {"version": version("pagecast"), "python": platform.python_version(), "database": database}
    help_ = "The program that answers, always 1."
    return _gauge("pagecast_build_info", help_, "1", labels, [(tuple(labels.values()), 1)])


def _campaigns(found: Gauges) -> Iterator[Metric]:
    yield _gauge(
        "pagecast_campaign_info",
        "A campaign that is unfinished or ended within the last day, always 1.",
        "1",
        ("campaign", "name", "state"),
        (((each.campaign.ref, each.campaign.name, each.campaign.state), 1) for each in found.campaigns),
    )
    yield _gauge(
        "pagecast_campaigns_left_out",
        "Campaigns that no other metric tells of, because there are too many.",
        "campaigns",
        (),
        [((), found.left_out)],
    )


def _people(found: Gauges) -> Iterator[Metric]:
    names = {page.id: page.name for page in found.pages} | {0: ""}
    yield _gauge(
        "pagecast_deliveries",
        "Rows of a campaign's list by where they stand and why; they add up to the list.",
        "people",
        ("campaign", "page", "state", "reason"),
        (sample for each in found.campaigns for sample in _deliveries(each, names)),
    )
    yield _gauge(
        "pagecast_sends",
        "People sent to, by what the platform answered; delivered and read ones were accepted.",
        "people",
        ("campaign", "page", "outcome"),
        (sample for each in found.campaigns for sample in _sends(each, names)),
    )
    yield _gauge(
        "pagecast_unknowns_waiting",
        "People of whom nobody knows whether they got the message, until it is resolved.",
        "people",
        ("campaign",),
        (((each.campaign.ref,), tally.counts(each.tallies)["unknown"]) for each in found.campaigns),
    )
    yield _gauge(
        "pagecast_window_losses",
        "People whose messaging window closed, or closes, before their turn.",
        "people",
        ("campaign", "reason"),
        (((each.campaign.ref, reason), n) for each in found.campaigns for reason, n in each.lost.items()),
    )


def _deliveries(each: CampaignGauges, names: dict[int, str]) -> Labelled:
    ref = each.campaign.ref
    # A state that nobody is in is told as well: an alert must see the difference between none and no answer.
    own = [state for state in COUNTED if state not in {REJECTED, DUPLICATE}]
    found = {(page, state, tally.IMPLIED.get(state, "")): 0 for page in each.pages for state in own}
    for row in each.tallies:
        place = (row.page_id, row.state, row.reason or tally.IMPLIED.get(row.state, ""))
        found[place] = found.get(place, 0) + row.n
    return [((ref, names.get(page, ""), state, reason), n) for (page, state, reason), n in found.items()]


def _sends(each: CampaignGauges, names: dict[int, str]) -> Labelled:
    for page in each.pages:
        counts = tally.counts(each.tallies, page)
        outcomes = {
            "accepted": counts["accepted"] + counts["delivered"] + counts["read"],
            "refused": counts["failed"],
            "unknown": counts["unknown"],
        }
        for outcome, n in outcomes.items():
            yield (each.campaign.ref, names.get(page, ""), outcome), n


def _pages(found: Gauges) -> Iterator[Metric]:
    lanes = [(each.campaign.ref, standing) for each in found.campaigns for standing in each.standings]
    for rate, about in (
        ("asked", "What a page was configured to send for a campaign"),
        ("allowed", "What the limiter allows a page for a campaign now"),
        ("achieved", "What the platform accepted from a page for a campaign lately"),
    ):
        yield _gauge(
            f"pagecast_{rate}_messages_per_second",
            f"{about}.",
            "messages per second",
            ("campaign", "page"),
            [((ref, standing.status.name), getattr(standing.status.rate, rate)) for ref, standing in lanes],
        )
    yield _gauge(
        "pagecast_queue_age_seconds",
        "For how long people who are due have waited while their page sent nothing that it might have sent.",
        "seconds",
        ("campaign", "page"),
        [((ref, standing.status.name), standing.overdue / 1000) for ref, standing in lanes],
    )
    yield _gauge(
        "pagecast_page_parked",
        "1 where a page cannot send until somebody did something, with the reason; else 0.",
        "1",
        ("page", "reason"),
        (((page.name, page.parked), bool(page.parked)) for page in found.pages),
    )
    names = {page.id: page.name for page in found.pages}
    throttles = CounterMetricFamily(
        "pagecast_throttles",
        "How often a platform asked a page to slow down; refusals of one moment count once. (times)",
        labels=("campaign", "page"),
    )
    for each in found.campaigns:
        for page in each.pages:
            throttles.add_metric((each.campaign.ref, names.get(page, "")), each.slowed.get(page, 0))
    yield throttles


def _webhooks(inbox: Inbox, now: int) -> Iterator[Metric]:
    backlog = inbox.backlog()
    age = max(0, now - backlog.since) / 1000 if backlog.since is not None else 0
    waiting = "Webhook bodies that are kept and not applied yet."
    yield _gauge("pagecast_webhook_bodies_waiting", waiting, "bodies", (), [((), backlog.bodies)])
    yield _gauge("pagecast_webhook_lag_seconds", "Age of the oldest of them.", "seconds", (), [((), age)])
    today = now - now % _DAY_MS
    refused = {(provider.value, reason.value): 0 for provider in ProviderName for reason in Refusal}
    for row in inbox.refusals(today):
        refused[row.provider.value, row.reason.value] += row.n
    told = CounterMetricFamily(
        "pagecast_webhooks_refused",
        "Webhook requests that were not let in; the counter begins anew each day at midnight UTC. (requests)",
        labels=("provider", "reason"),
    )
    for labels, n in refused.items():
        told.add_metric(labels, n)
    yield told


def _notices(told: Iterable[dict[str, int]]) -> Metric:
    states = (NoticeState.QUEUED, NoticeState.DEAD)
    totals = dict.fromkeys(states, 0)
    for counts in told:
        for state in states:
            totals[state] += counts[state]
    about = "Notices that have not arrived: queued ones are tried again, dead ones only when somebody replays them."
    return _gauge("pagecast_notices", about, "notices", ("state",), (((state,), n) for state, n in totals.items()))


def _gauge(name: str, about: str, unit: str, labels: Iterable[str], samples: Labelled) -> Metric:
    family = GaugeMetricFamily(name, f"{about} ({unit})", labels=tuple(labels))
    for values, value in samples:
        family.add_metric([str(each) for each in values], value)
    return family
