"""Asking again: what is done about every answer, step by step, without a wire or a clock."""

import httpx
import pytest

from campaigns.client import UnreachableError, flow
from campaigns.client.call import Call
from campaigns.client.calls import campaigns, pages, reports
from campaigns.client.flow import TRIES, Wait, Work
from campaigns.errors import InputError, PagecastError, StateError, UsageError

URL = "https://pagecast.example/api/v1"
META = {"request_id": "req_1", "timestamp": "2026-12-01T08:00:00.000Z"}
PANIC = {"paused": 3}


def said(data, status=200, **headers):
    return httpx.Response(status, json={"data": data, "meta": META}, headers=headers)


def refused(status, code, message="No.", **headers):
    fault = {"code": code, "message": message, "status": status}
    return httpx.Response(status, json={"error": fault, "meta": META}, headers=headers)


def job(state, **rest):
    known = {"id": "job_1", "kind": "plan", "state": state, "sentence": "", "actor": "key:x", "created_at": ""}
    return said(known | {"started_at": None, "finished_at": None} | rest, 202 if state == "queued" else 200)


class Told:
    """Drives a flow with what comes; `asked` are the calls that it made, `waited` the seconds between them."""

    def __init__(self, steps, *came):
        self.asked, self.waited = [], []
        self.came = list(came)
        self.steps = steps

    def value(self):
        answer = None
        while True:
            try:
                step = self.steps.send(answer)
            except StopIteration as end:
                assert not self.came
                return end.value
            if isinstance(step, Wait):
                self.waited.append(step.seconds)
                answer = None
            elif isinstance(step, Work):
                answer = step.do()
            else:
                self.asked.append(step)
                answer = self.came.pop(0)


def done(call, *came):
    told = Told(flow.done(call, URL), *came)
    return told.value(), told


def test_an_answer_is_what_was_asked_for():
    found, told = done(campaigns.panic(), said(PANIC))
    assert (found.paused, told.waited) == (3, [])


@pytest.mark.parametrize(
    "first",
    [
        pytest.param(httpx.ConnectError("refused"), id="refused"),
        pytest.param(httpx.ConnectTimeout("slow"), id="no connection"),
        pytest.param(httpx.ReadTimeout("slow"), id="no answer: the word makes it safe"),
        pytest.param(refused(503, "unavailable"), id="503"),
        pytest.param(httpx.Response(503, text="upstream"), id="503 of a proxy"),
    ],
)
def test_what_may_come_right_is_asked_again_under_the_same_word(first):
    found, told = done(campaigns.panic(), first, said(PANIC))
    assert found.paused == 3
    assert told.asked[0] == told.asked[1]
    assert told.asked[0].headers["Idempotency-Key"]
    assert 0.1 <= told.waited[0] <= 0.2


@pytest.mark.parametrize(("status", "code"), [(503, "unavailable"), (429, "too_many"), (409, "request_in_progress")])
def test_who_is_put_off_waits_as_long_as_is_said(status, code):
    first = refused(status, code, **{"Retry-After": "7"})
    assert done(campaigns.panic(), first, said(PANIC))[1].waited == [7.0]


@pytest.mark.parametrize(
    ("call", "first", "error"),
    [
        (campaigns.panic(), refused(429, "too_many_attempts"), StateError),
        (campaigns.panic(), refused(429, "too_many_attempts", **{"Retry-After": "60"}), StateError),
        (campaigns.panic(), refused(409, "conflict", **{"Retry-After": "1"}), StateError),
        (campaigns.panic(), refused(500, "internal_error"), PagecastError),
        (campaigns.panic(), refused(401, "unauthorized"), UsageError),
        (pages.remove("acme"), httpx.ReadTimeout("slow"), UnreachableError),
        (Call("POST", "/lists", dict), httpx.ReadError("reset"), UnreachableError),
    ],
)
def test_what_could_be_done_twice_or_stays_refused_is_asked_once(call, first, error):
    told = Told(flow.done(call, URL), first)
    with pytest.raises(error) as raised:
        told.value()
    assert (type(raised.value), len(told.asked), told.waited) == (error, 1, [])


def test_it_gives_up():
    told = Told(flow.done(campaigns.panic(), URL), *[httpx.ConnectError("refused")] * TRIES)
    with pytest.raises(UnreachableError, match=rf"^Nothing answers at {URL}\. Check the address"):
        told.value()
    assert len(told.asked) == TRIES
    assert sorted(told.waited) == told.waited
    assert sum(told.waited) < 7


def test_a_job_is_waited_for():
    plan = {"token": "abc", "eligible": 1, "skipped": {}, "rejected": 0, "duplicates": 0, "total": 1, "lost": 0}
    plan |= {"finish_at": None, "lowest_rate": None, "latest_start": None, "pages": []}
    came = [job("queued"), job("working"), refused(503, "unavailable"), job("working"), job("done", result=plan)]
    found, told = done(campaigns.plan("k7"), *came)
    assert found.token == "abc"
    assert [call.path for call in told.asked] == ["/campaigns/k7/plan", *["/jobs/job_1"] * 4]
    assert len(told.waited) == 4


def test_a_job_that_failed_is_the_error_that_it_met():
    fault = {"code": "invalid_input", "message": "The list is empty.", "status": 422}
    with pytest.raises(InputError, match=r"^The list is empty\.$"):
        done(campaigns.plan("k7"), job("queued"), job("failed", error=fault))


@pytest.mark.parametrize("where", ["/api/v1/jobs/job_1/file", "https://elsewhere.example/api/v1/jobs/job_1/file"])
def test_the_file_of_a_job_is_fetched_from_the_same_server(where):
    call = reports.results("k7")
    file = httpx.Response(200, content=b"line")
    told = Told(flow.opened(call, URL), job("queued"), job("done", result_url=where), file)
    assert told.value() is file
    assert [(each.path, each.streamed) for each in told.asked][-1] == ("/jobs/job_1/file", True)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json={}),
        httpx.Response(200, json=[]),
        said({"paused": "many"}),
        httpx.Response(202, json={"data": None}),
    ],
)
def test_an_answer_of_another_shape_is_a_sentence(answer):
    with pytest.raises(PagecastError, match=r"cannot read\. Use the same version here and on the server"):
        done(campaigns.panic(), answer)


def test_pages_lead_to_the_next_one():
    call = campaigns.listed(limit=2)
    rest = {"request_id": "req_1", "timestamp": "", "pagination": {"cursor": "abc", "has_more": True}}
    came = httpx.Response(200, json={"data": [], "meta": rest})
    assert Told(flow.page(call, URL), came).value() == ([], "abc")
    assert dict(call.after("abc").params) == {"limit": 2, "cursor": "abc"}
