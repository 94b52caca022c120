"""A run of a chunk is one line in the log: it agrees with the ledger, names its place, and tells nothing of people."""

import asyncio
from collections import Counter

import pytest
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from campaigns.lifecycle import control
from schemas.bucket import Pace
from schemas.outcome import Outcome, Verdict
from schemas.reason import Reason
from tests import factories
from tests.factories import person
from workers.observe import Seen


@pytest.fixture
def said(bench):
    """Let a campaign run, and return its lines: those of runs, and everything that was said."""

    def lines(work=bench.finish, **rest):
        with capture_logs([merge_contextvars]) as logged:
            work(**rest)
        return [line for line in logged if line["event"] == "chunk.run"], logged

    return lines


def test_the_line_agrees_with_the_ledger(bench, said):
    bench.platform.change(
        codes={
            person(1): "no_such_person",
            person(2): "4-2018354",
            person(3): "window_closed",
            person(4): "1",
        }
    )
    campaign = bench.launch(30)
    bench.write("UPDATE lane SET proven = true")
    runs, _ = said()
    assert bench.counts() == {"accepted": 26, "failed": 2, "pending": 1, "unknown": 1}
    total = {name: sum(line[name] for line in runs) for name in ("claimed", "accepted", "parts", "deferred", "unknown")}
    unused = sum(sum(line["forfeited"].values()) for line in runs)
    assert total == {"claimed": 30 + unused, "accepted": 26, "parts": 26, "deferred": 1, "unknown": 1}
    assert sum(map(Counter, (line["failed"] for line in runs)), Counter()) == {"no_such_person": 1, "window_closed": 1}
    assert (runs[-1]["why"], runs[-1]["until"]) == ("done", None)
    line = runs[0]
    assert (line["campaign"], line["chunk"], line["page"], line["log_level"]) == (campaign.ref, 1, "acme", "info")
    assert line["worker"].count(":") == 1
    assert line["bytes"] / sum(line[name] for name in ("parts", "deferred", "unknown")) > 100
    assert line["rate_asked"] == 400
    assert line["rate_allowed"] == pytest.approx(400)
    assert 0 < line["wire_p50_seconds"] <= line["wire_max_seconds"] < line["seconds"] < 20
    assert 0 < line["slots_seconds"] < line["seconds"]


def test_a_message_of_two_parts_counts_a_person_once(bench, said):
    bench.launch(3, message={"parts": [{"text": "Hi {{ first_name }}"}, {"text": "and bye"}]})
    runs, _ = said()
    assert sum(line["accepted"] for line in runs) == 3
    assert sum(line["parts"] for line in runs) == 6


def test_nothing_is_said_of_a_single_message_and_nothing_of_a_person(bench, said):
    bench.platform.change(codes={person(1): "no_such_person", person(2): "613@1,ok"})
    bench.launch(20)
    runs, logged = said()
    told = [line for line in logged if line["log_level"] != "debug"]
    assert [line["event"] for line in told] == ["chunk.run"] * len(runs)
    text = str(told)
    assert not any(person(n) in text or f"Ana{n}" in text for n in range(20))
    assert not any(token in text for token in factories.ENVIRONMENT.values())
    answers = [line for line in logged if line["event"] == "answer"]
    assert {(line["code"], line["chunk"], line["page"]) for line in answers} == {
        ("100-2534014", 1, "acme"),
        ("613", 1, "acme"),
    }


def test_each_chunk_has_a_line_of_its_own(bench, said):
    bench.launch(8, pages={"acme": factories.page(bench.platform.meta_url, rate=0.05)})
    bench.repace(400)
    runs, _ = said()
    assert sum(line["accepted"] for line in runs) == 8
    assert {line["chunk"] for line in runs} == {1, 2, 3}


def test_a_throttled_run_says_until_when(bench, said):
    bench.platform.change(codes={person(3): "613@30"})
    bench.launch(40, pages={"acme": factories.page(bench.platform.meta_url, rate=100)})
    runs, _ = said(bench.work)
    assert runs[-1]["why"] == "throttled"
    assert runs[-1]["throttled"] >= 1
    assert runs[-1]["until"].endswith("Z")


def test_a_parked_page_ends_a_run_as_parked(bench, said):
    bench.platform.change(codes={person(0): "190"})
    bench.launch(5)
    runs, _ = said(bench.work)
    assert (runs[0]["why"], runs[0]["page_refused"]) == ("parked", 1)


def paused(bench):
    control.pause(bench.runtime, bench.campaign, "test")


def taken(bench):
    bench.write("UPDATE chunk SET fence = fence + 1")


@pytest.mark.parametrize(
    ("act", "why"),
    [(paused, "paused"), (taken, "lease_lost"), (lambda bench: bench.kit.draining.set(), "draining")],
    ids=["paused", "lease_lost", "draining"],
)
def test_why_it_ended(bench, said, eventually, act, why):
    bench.launch(200, pages={"acme": factories.page(bench.platform.meta_url, rate=60)})

    async def interfere(kit):
        bench.kit = kit
        await eventually(lambda: bench.platform.stats()["accepted"] > 5, "some are out")
        await asyncio.to_thread(act, bench)

    runs, _ = said(bench.work, during=interfere)
    assert [line["why"] for line in runs] == [why]


def test_a_crash_is_the_reason(bench, said, monkeypatch):
    async def broken(_self, _request, _read):
        raise RuntimeError("broken")

    monkeypatch.setattr("workers.sender.wire.Wire.call", broken)
    bench.launch(3)
    runs, logged = said(bench.work)
    assert runs[0]["why"] == "crashed"
    assert runs[0]["unknown"] == bench.counts()["unknown"] > 0
    crash = next(line for line in logged if line["event"] == "call.crashed")
    assert (crash["chunk"], crash["page"]) == (1, "acme")


def test_refusals_without_a_reason_have_one():
    seen = Seen(0.0, Pace("k", "page acme", 10.0))
    seen.answered(Outcome(Verdict.REFUSED_MESSAGE), last=True, seconds=0.1, size=100)
    assert seen.facts(1.0)["failed"] == {Reason.MESSAGE_REJECTED: 1}
