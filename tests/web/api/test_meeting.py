"""Whether a campaign file was run before, as `pagecast run` asks a server; and drafts that go again."""

import csv
import io

import pytest

from schemas.role import Role
from tests import factories
from tests.factories import people, person

BOTH = pytest.mark.databases("sqlite", "postgresql")


@pytest.fixture
def content(admin, tmp_path):
    """Return a campaign of an uploaded list: three people, one of them too late."""
    rows = [*people(2), *people(1, recipient_id=person(9), last_inbound_at=1_500_000_000)]
    factories.write_list(tmp_path / "people.csv", rows)
    sent = admin("POST", "/lists", content=(tmp_path / "people.csv").read_bytes())
    return lambda **changes: factories.content(list=sent.json()["data"]["id"], **changes)


@pytest.fixture
def launched(admin, content):
    made = admin.post("/campaigns", content(), status=201)
    token = admin.post(f"/campaigns/{made['id']}/plan")["token"]
    admin.post(f"/campaigns/{made['id']}/launch", {"token": token})
    return made["id"]


def rows(runtime, table):
    return factories.select(runtime, f"SELECT count(*) AS n FROM {table}")[0]["n"]


@BOTH
def test_a_file_finds_nothing_its_run_or_the_one_that_ended(admin, content, runtime):
    file = content()
    new = admin.post("/campaigns/meet", file)
    assert (new["meeting"], new["campaign"], rows(runtime, "campaign")) == ("new", None, 0)
    made = admin.post("/campaigns", file, status=201)
    met = admin.post("/campaigns/meet", file)
    assert (met["meeting"], met["campaign"]["id"], met["campaign"]["state"]) == ("unfinished", made["id"], "draft")
    token = admin.post(f"/campaigns/{made['id']}/plan")["token"]
    admin.post(f"/campaigns/{made['id']}/launch", {"token": token})
    differs = admin.post("/campaigns/meet", content(message={"text": "Another"}), status=409)
    assert "the message changed since it began" in differs["message"]
    admin.post(f"/campaigns/{made['id']}/cancel")
    assert admin.post("/campaigns/meet", file)["meeting"] == "finished"
    changed = admin.post("/campaigns/meet", content(message={"text": "Another"}))
    assert (changed["meeting"], changed["overlap"]) == ("changed since", 0)


def test_a_run_that_goes_on_takes_the_present_limits_if_it_is_told_to(admin, content, launched, runtime):
    file = content(limits={"rate": 3})
    assert admin.post("/campaigns/meet", file)["campaign"]["id"] == launched
    assert factories.select(runtime, "SELECT rate FROM campaign") == [{"rate": None}]
    assert admin("POST", "/campaigns/meet", json=file, params={"go_on": True}).status_code == 200
    assert factories.select(runtime, "SELECT rate FROM campaign") == [{"rate": 3.0}]


@pytest.mark.usefixtures("launched")
def test_to_let_a_run_go_on_is_for_senders_and_pages_for_who_may_change_them(caller, content):
    without = content()
    pages = without.pop("pages")
    for role, file, go_on, status in (
        (Role.AUTHOR, without, False, 200),
        (Role.AUTHOR, without, True, 403),
        (Role.SENDER, without, True, 200),
        (Role.SENDER, without | {"pages": pages}, True, 403),
        (Role.VIEWER, without, False, 403),
    ):
        answer = caller(role, f"{role}{go_on}{len(file)}")(
            "POST", "/campaigns/meet", json=file, params={"go_on": go_on}
        )
        assert answer.status_code == status, answer.text


@BOTH
def test_a_draft_goes_with_its_list_and_the_pages_that_it_brought(admin, content, runtime):
    made = admin.post("/campaigns", content(), status=201)
    gone = admin("DELETE", f"/campaigns/{made['id']}")
    assert gone.json()["data"] == {"id": made["id"], "name": "Spring", "pages": ["acme"]}
    assert [rows(runtime, table) for table in ("campaign", "page", "lane", "recipient_list")] == [0, 0, 0, 0]
    assert list((runtime.storage / "lists").iterdir()) == []


def test_a_page_that_was_there_before_the_draft_stays(admin, content):
    first = admin.post("/campaigns", content(), status=201)
    second = admin.post("/campaigns", content(name="Autumn"), status=201)
    assert admin("DELETE", f"/campaigns/{second['id']}").json()["data"]["pages"] == []
    assert admin("DELETE", f"/campaigns/{first['id']}").json()["data"]["pages"] == ["acme"]


def test_what_was_launched_stays(admin, launched, runtime):
    answer = admin("DELETE", f"/campaigns/{launched}")
    assert (answer.status_code, "is no draft any more" in answer.text) == (409, True)
    assert rows(runtime, "page") == rows(runtime, "campaign") == 1


def test_who_would_not_get_a_draft_is_told_row_by_row(admin, content):
    made = admin.post("/campaigns", content(), status=201)
    answer = admin("GET", f"/campaigns/{made['id']}/skipped.csv")
    found = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [(row["recipient_id"].strip("'"), row["reason"]) for row in found] == [(person(9), "window_closed")]


def test_what_would_go_out_and_what_came_back_is_counted(admin, content):
    made = admin.post("/campaigns", content(message={"parts": [{"text": "One"}, {"text": "Two"}]}), status=201)
    load = {"channel": "instagram", "provider": "meta", "messages": 4, "inside": 4}
    assert admin.get(f"/campaigns/{made['id']}/sendings") == [load]
    assert admin.get(f"/campaigns/{made['id']}/answers") == {"people": 0, "opted_out": 0, "sentence": ""}


def test_what_is_left_is_counted_before_it_is_written(admin, launched):
    left = admin.get(f"/campaigns/{launched}/remainder")
    assert left == {"rows": 3, "rejected": 0, "open": 3, "unknown": 0}


def test_how_a_series_stands_is_told_with_its_campaign(admin, runtime, tmp_path):
    again = {"repeat": "FREQ=DAILY", "start": "2035-01-01 09:00 Europe/Paris"}
    made = factories.launched(runtime, tmp_path, people(1), factories.content(schedule=again))
    series = admin.get(f"/campaigns/{made.ref}")["series"]
    assert series == {"zone": "Europe/Paris", "next": "2035-01-01T08:00:00.000Z", "moments": []}
    assert admin.get("/campaigns")[0]["next_at"] == series["next"]
