"""Double clicks: what eight ask for at the same moment is done once, and each of them is told the same.

Over a socket, with a thread for each: a server has its requests at the same time, and databases their transactions.
"""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from campaigns import keys, uploads
from campaigns.runtime import now_of
from schemas.api_key import Role
from tests import factories
from tests.factories import content, people, submitted
from tests.web.api.test_writing import written

BOTH = pytest.mark.databases("sqlite", "postgresql")
EIGHT = 8
WORD = {"Idempotency-Key": "double-click"}


@pytest.fixture
def at_once(serve, runtime):
    """Send one request eight times at the same moment; return the answers."""
    with runtime.writing() as conn:
        key = keys.create(conn, "impatient", Role.ADMIN, now=now_of(conn), actor="test").secret
    with serve(**factories.ENVIRONMENT) as site, ThreadPoolExecutor(EIGHT) as threads:

        def asked(path, *, headers=None, **body):
            ready = Barrier(EIGHT)

            def ask(_):
                ready.wait(20)
                return site.http.post(f"/api/v1{path}", headers={"X-API-Key": key, **(headers or {})}, **body)

            return list(threads.map(ask, range(EIGHT)))

        yield asked


@pytest.fixture
def draft(runtime, tmp_path):
    return submitted(runtime, tmp_path, people(5))


def counted(runtime, what):
    return factories.select(runtime, f"SELECT count(*) AS n FROM {what}")[0]["n"]


def test_under_one_word_one_campaign_is_made(at_once, draft, runtime):
    path, body = f"/campaigns/{draft.ref}/clone", {"name": "Copy"}
    first = at_once(path, headers=WORD, json=body)
    assert {answer.status_code for answer in first} <= {201, 409}
    assert {answer.json()["error"]["code"] for answer in first if answer.status_code == 409} <= {"request_in_progress"}
    made = {answer.json()["data"]["id"] for answer in first if answer.status_code == 201}
    later = at_once(path, headers=WORD, json=body)
    assert {answer.json()["data"]["id"] for answer in later} == made
    assert {answer.headers["idempotent-replayed"] for answer in later} == {"true"}
    assert counted(runtime, "campaign WHERE name = 'Copy'") == len(made) == 1


@BOTH
def test_the_same_campaign_is_one_without_a_word(at_once, runtime):
    listed = {answer.json()["data"]["id"] for answer in at_once("/lists", content=written(people(5)))}
    answers = at_once("/campaigns", json=content(list=listed.pop()))
    assert {answer.status_code for answer in answers} == {201}, [answer.text for answer in answers]
    made = {answer.json()["data"]["id"] for answer in answers}
    assert made == {row["ref"] for row in factories.select(runtime, "SELECT ref FROM campaign")}
    assert (len(made), counted(runtime, "page")) == (1, 1)


def test_a_list_is_one(at_once, runtime):
    answers = at_once("/lists", content=written(people(500)), params={"name": "people.csv"})
    assert {answer.status_code for answer in answers} == {201}, [answer.text for answer in answers]
    (listed,) = {answer.json()["data"]["id"] for answer in answers}
    assert uploads.find(runtime.storage, listed).reading.rows == 500
    kept = [path.name for path in uploads.folder(runtime.storage).iterdir()]
    assert len(kept) == 1, kept


@BOTH
def test_a_launch_is_one(at_once, draft, runtime):
    (token,) = {answer.json()["data"]["token"] for answer in at_once(f"/campaigns/{draft.ref}/plan")}
    answers = at_once(f"/campaigns/{draft.ref}/launch", json={"token": token})
    assert {answer.status_code for answer in answers} == {200}, [answer.text for answer in answers]
    assert {answer.json()["data"]["state"] for answer in answers} == {"sending"}
    assert (counted(runtime, "delivery"), counted(runtime, "event WHERE kind = 'campaign.launched'")) == (5, 1)


def test_a_job_is_one(at_once, draft, runtime):
    answers = at_once(f"/campaigns/{draft.ref}/plan", headers={"Prefer": "respond-async"})
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["data"]["id"] for answer in answers}) == counted(runtime, "job") == 1
