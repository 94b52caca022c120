"""Long work over HTTP: promised with 202, looked at, waited for, and the same as if it had been answered at once."""

import hashlib
import threading
from contextlib import contextmanager

import pytest
from starlette.requests import ClientDisconnect

from campaigns import home, uploads
from campaigns.web.api import promise
from tests import factories
from tests.factories import launched, people, submitted
from tests.web.api.promises import LATER, promised, taken
from tests.web.api.test_writing import campaign, written
from workers.jobs import alone

BOTH = pytest.mark.databases("sqlite", "postgresql")


@pytest.fixture
def draft(runtime, tmp_path):
    return submitted(runtime, tmp_path, people(5))


@contextmanager
def working(labour):
    """Do what is asked for as it comes."""
    ending = threading.Event()

    def keep_on():
        while not ending.wait(0.02):
            labour()

    thread = threading.Thread(target=keep_on)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()


def test_small_is_by_size_and_packing():
    assert promise.is_small(promise.SMALL_BYTES, b"recipient_id")
    assert not promise.is_small(promise.SMALL_BYTES + 1, b"recipient_id")
    assert not promise.is_small(promise.SMALL_PACKED + 1, b"PAR1")


@BOTH
def test_a_plan_is_the_same_at_once_and_later(author, draft, labour):
    path = f"/campaigns/{draft.ref}/plan"
    direct = author.post(path)
    job = promised(author, "POST", path)
    assert (job["state"], job["result"], job["error"], job["kind"]) == ("queued", None, None, "plan")
    assert promised(author, "POST", path)["id"] == job["id"], "what is asked for twice is one job"
    assert labour() == 1
    done = author.get(f"/jobs/{job['id']}")
    assert (done["state"], done["actor"], done["result_url"]) == ("done", "key:author", None)
    # What depends on the moment.
    for each in (direct, done["result"]):
        del each["finish_at"], each["pages"]
    assert done["result"] == direct
    assert promised(author, "POST", path)["id"] != job["id"], "another time it is another"


def test_what_is_large_is_a_job_without_being_asked(author, draft, labour, monkeypatch):
    monkeypatch.setattr("campaigns.web.api.promise.SMALL_ROWS", 4)
    for method, path in (("POST", "plan"), ("GET", "preview"), ("GET", "report")):
        assert promised(author, method, f"/campaigns/{draft.ref}/{path}", headers={})["state"] == "queued"
    assert labour() == 3
    plan, preview, report = reversed(author.get("/jobs"))
    assert (plan["state"], preview["state"], report["state"]) == ("done", "done", "failed")
    assert preview["result"] is None, "a list of jobs is without their results"
    samples = author.get(f"/jobs/{preview['id']}")["result"]
    assert [sample["texts"] for sample in samples] == [["Hi Ana0"], ["Hi Ana1"], ["Hi Ana2"]]


def test_what_fails_later_fails_with_the_same_words(author, draft, labour):
    path = f"/campaigns/{draft.ref}/report"
    direct = author("GET", path)
    job = promised(author, "GET", path)
    labour()
    failed = author.get(f"/jobs/{job['id']}")
    assert failed["error"] == direct.json()["error"]
    assert (failed["state"], failed["sentence"]) == ("failed", direct.json()["error"]["message"])
    missing = author("POST", "/campaigns/nothing/plan", headers=LATER)
    assert missing.status_code == 404, "what can be known at once is said at once"


def test_who_waits_gets_the_answer_as_if_direct(author, draft, labour, runtime, tmp_path):
    sent = launched(runtime, tmp_path, people(2), factories.content(name="Sent"))
    wait = {"Prefer": "respond-async, wait=20"}
    with working(labour):
        plan = author("POST", f"/campaigns/{draft.ref}/plan", headers=wait)
        refused = author("GET", f"/campaigns/{draft.ref}/results.csv", headers=wait)
        file = author("GET", f"/campaigns/{sent.ref}/results.csv", headers=wait)
    assert (plan.status_code, plan.json()["data"]["eligible"]) == (200, 5)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "conflict")
    assert (file.status_code, file.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    assert file.content == author("GET", f"/campaigns/{sent.ref}/results.csv").content
    for answer in (plan, refused, file):
        assert answer.headers["preference-applied"] == "respond-async, wait=20"


def test_who_waits_in_vain_gets_the_job(author, draft):
    answer = author("POST", f"/campaigns/{draft.ref}/plan", headers={"Prefer": "respond-async; wait, wait=0"})
    assert answer.status_code == 200, "a preference that nobody knows counts for nothing"
    answer = author("POST", f"/campaigns/{draft.ref}/plan", headers={"Prefer": "wait=1, respond-async"})
    assert (answer.status_code, answer.json()["data"]["state"]) == (202, "queued")


def test_a_file_is_fetched_from_its_job(author, labour, runtime, tmp_path):
    path = f"/campaigns/{launched(runtime, tmp_path, people(3)).ref}/results"
    for kind in ("csv", "xlsx"):
        direct = author("GET", f"{path}.{kind}")
        job = promised(author, "GET", f"{path}.{kind}")
        early = author("GET", f"/jobs/{job['id']}/file")
        assert (early.status_code, early.json()["error"]["code"]) == (409, "conflict")
        labour()
        done = author.get(f"/jobs/{job['id']}")
        assert (done["result"], done["result_url"]) == (None, f"/api/v1/jobs/{job['id']}/file")
        file = author("GET", f"/jobs/{job['id']}/file")
        assert file.headers["content-disposition"] == direct.headers["content-disposition"]
        assert file.headers["content-type"] == direct.headers["content-type"]
        if kind == "csv":
            assert file.content == direct.content


@BOTH
def test_a_job_is_seen_by_its_key_and_by_admins(author, viewer, admin, draft):
    job = promised(author, "POST", f"/campaigns/{draft.ref}/plan")
    for path in (f"/jobs/{job['id']}", f"/jobs/{job['id']}/file"):
        assert viewer("GET", path).status_code == 404
    assert viewer.get("/jobs") == []
    assert [each["id"] for each in admin.get("/jobs")] == [job["id"]]
    assert admin.get(f"/jobs/{job['id']}")["id"] == job["id"]
    limited = admin.post("/keys", {"name": "reader", "role": "admin", "scopes": ["read"]}, status=201)
    answer = admin("GET", f"/jobs/{job['id']}", headers={"X-API-Key": limited["key"]})
    assert answer.status_code == 404, "whose key may only read gets no file of somebody else"
    assert viewer("POST", f"/campaigns/{draft.ref}/plan", headers=LATER).status_code == 403
    assert viewer("GET", f"/campaigns/{draft.ref}/remainder.csv", headers=LATER).status_code == 403


def test_a_job_says_what_it_waits_for(author, draft, runtime):
    for campaign_file in ("plan", "plan?n=1"):
        author("POST", f"/campaigns/{draft.ref}/{campaign_file}", headers=LATER)
    first = promised(author, "GET", f"/campaigns/{draft.ref}/report")
    assert first["sentence"] == "No process takes jobs: start `pagecast up`."
    with alone(runtime.settings.home, threading.Event()):
        assert home.takes_jobs(runtime.settings.home)
        assert author.get(f"/jobs/{first['id']}")["sentence"] == "Waiting: 1 other is before it."
        taken(runtime)
        assert author.get(f"/jobs/{first['id']}")["sentence"] == "Waiting: it is the next."
        taken(runtime)
        assert author.get(f"/jobs/{first['id']}")["sentence"].startswith("Under way since ")


def test_a_key_has_so_many_open_and_no_more(author, draft, monkeypatch):
    monkeypatch.setattr("campaigns.jobs.MOST_OPEN", 1)
    promised(author, "POST", f"/campaigns/{draft.ref}/plan")
    answer = author("GET", f"/campaigns/{draft.ref}/report", headers=LATER)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "conflict")


def test_a_word_that_comes_again_gets_the_same_job(author, draft, labour):
    headers = LATER | {"Idempotency-Key": "order-17"}
    job = promised(author, "POST", f"/campaigns/{draft.ref}/plan", headers=headers)
    labour()
    assert promised(author, "POST", f"/campaigns/{draft.ref}/plan", headers=headers) == job


@pytest.mark.usefixtures("author")
def test_from_a_long_list_to_a_launch(admin, labour, runtime, monkeypatch):
    monkeypatch.setattr("campaigns.web.api.promise.SMALL_BYTES", 100)
    body = written(people(5))
    job = promised(admin, "POST", "/lists", content=body, params={"name": "people.csv"}, headers={})
    listed = f"lst_{hashlib.sha256(body).hexdigest()[:32]}"
    assert admin("GET", f"/lists/{listed}").status_code == 404, "nobody has read it yet"
    labour()
    checked = admin.get(f"/jobs/{job['id']}")["result"]
    assert checked == admin.get(f"/lists/{listed}")
    assert (checked["id"], checked["usable"], checked["name"]) == (listed, 5, "people.csv")
    made = promised(admin, "POST", "/campaigns", json=campaign(listed))
    labour()
    draft = admin.get(f"/jobs/{made['id']}")["result"]
    token = admin.post(f"/campaigns/{draft['id']}/plan")["token"]
    launch = promised(admin, "POST", f"/campaigns/{draft['id']}/launch", json={"token": token})
    labour()
    assert admin.get(f"/jobs/{launch['id']}")["result"]["state"] == "sending"
    (event,) = factories.select(runtime, "SELECT actor FROM event WHERE kind = 'campaign.launched'")
    assert event["actor"] == "key:admin"


def test_a_long_list_of_no_use_is_not_kept(author, labour, runtime):
    job = promised(author, "POST", "/lists", content=b"name\nAnn\n")
    labour()
    error = author.get(f"/jobs/{job['id']}")["error"]
    assert (error["status"], error["code"]) == (422, "invalid_input")
    assert list(uploads.folder(runtime.storage).iterdir()) == []


@pytest.fixture
def begun(author):
    """Return what begins an upload of some bytes: its path, and the answer."""

    def begin(body, who=author, **changes):
        facts = {"name": "people.csv", "size": len(body), "sha256": hashlib.sha256(body).hexdigest()} | changes
        found = who.post("/lists/uploads", facts, status=201)
        return f"/lists/uploads/{found['id']}", found

    return begin


def sent(caller, path, body, at, **rest):
    return caller("PATCH", path, content=body, headers={"Upload-Offset": str(at)}, **rest)


def test_a_list_comes_in_pieces(author, begun, runtime):
    body = written(people(20))
    path, first = begun(body)
    assert (first["offset"], first["size"], first["list"]) == (0, len(body), None)
    answer = sent(author, path, body[:100], 0)
    assert (answer.status_code, answer.json()["data"]["offset"]) == (200, 100)
    assert answer.headers["upload-offset"] == "100"
    assert begun(body)[1]["offset"] == 100, "who begins again goes on"
    assert author("HEAD", path).headers["upload-offset"] == "100"
    gap = sent(author, path, body[:100], 0)
    assert (gap.status_code, gap.json()["error"]["code"]) == (409, "conflict")
    assert "begins at 100" in gap.json()["error"]["message"]
    span = f"bytes 100-{len(body) - 1}/{len(body)}"
    whole = author("PUT", path, content=body[100:], headers={"Content-Range": span})
    assert (whole.status_code, whole.json()["data"]["usable"]) == (201, 20)
    assert whole.json()["data"] == author.get(f"/lists/{whole.json()['data']['id']}")
    assert len(list(uploads.folder(runtime.storage).iterdir())) == 1
    again, known = begun(body)
    assert (known["offset"], known["list"]) == (len(body), whole.json()["data"])
    other = sent(author, again, b"", len(body), params={"column": "recipient_id=first_name"})
    assert other.status_code == 422, "read again with other columns, of which it has no use"
    assert author("GET", f"/lists/{known['list']['id']}").status_code == 200


def test_a_piece_that_breaks_off_stays(author, begun):
    body = written(people(20))
    path, _ = begun(body)

    async def breaks():
        yield body[:50]
        raise ClientDisconnect

    with pytest.raises(AssertionError):  # of the client: nobody answers who is gone
        sent(author, path, breaks(), 0)
    assert author.get(path)["offset"] == 50
    assert sent(author, path, body[50:], 50).status_code == 201


def test_bytes_that_are_others_than_announced_are_dropped(author, begun, runtime):
    body = written(people(3))
    path, _ = begun(body, sha256="0" * 64)
    answer = sent(author, path, body, 0)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_input")
    assert list(uploads.folder(runtime.storage).iterdir()) == []
    path, _ = begun(body, size=10)
    assert sent(author, path, body, 0).status_code in {413, 422}


def test_nobody_sends_into_anothers_upload(author, sender, begun):
    body = written(people(3))
    path, mine = begun(body)
    sent(author, path, body[:10], 0)
    assert sender("GET", path).status_code == 404
    assert sent(sender, path, body[10:], 10).status_code == 404
    _, theirs = begun(body, who=sender)
    assert (theirs["offset"], theirs["id"] != mine["id"]) == (0, True)


def test_a_file_is_known_by_its_hash(author):
    body = written(people(3))
    sha256 = hashlib.sha256(body).hexdigest()
    assert author.get("/lists", sha256=sha256) == []
    listed = author("POST", "/lists", content=body).json()["data"]
    assert author.get("/lists", sha256=sha256) == [listed]
    assert author("HEAD", f"/lists/{listed['id']}").status_code == 200
    assert author("GET", "/lists", params={"sha256": "x"}).status_code == 422


def test_jobs_are_documented_where_they_can_come(operations):
    late = {name for name, operation in operations.items() if "202" in operation["responses"]}
    assert {("POST", "/lists"), ("POST", "/campaigns/{ref}/plan"), ("GET", "/campaigns/{ref}/results.{kind}")} <= late
    for name in late:
        content = operations[name]["responses"]["202"]["content"]["application/json"]
        assert content["schema"]["$ref"].endswith("/Answer_Job_"), name
        assert "Location" in operations[name]["responses"]["202"]["headers"], name
