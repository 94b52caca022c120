"""Opt-outs and people as files: what comes in, and what goes out."""

import io

import polars as pl
import pytest

from campaigns import contacts
from campaigns.contacts import Heard
from campaigns.runtime import now_of
from campaigns.web.api import imports
from tests import factories
from tests.factories import ACCOUNT, people, person, submitted

BOTH = pytest.mark.databases("sqlite", "postgresql")
HOUR = 3_600_000
FILE = "igsid,status\n{},unsubscribed\n{},active\n{},blocked\nnobody,blocked\n".format(*map(person, range(3)))


@pytest.fixture
def heard(runtime, tmp_path):
    """Three people have written to acme: 20, 10 and 30 hours ago."""
    submitted(runtime, tmp_path, people(1))
    with runtime.writing() as conn:
        now = now_of(conn)
        for n, hours in enumerate((20, 10, 30)):
            at = now - hours * HOUR
            contacts.hear(
                conn, [Heard("instagram", ACCOUNT, person(n), at, 24 * HOUR, "message", f"m{n}", "webhook")], now
            )


@BOTH
def test_a_file_of_opt_outs_is_told_first_and_taken_then(sender, runtime):
    for dry_run in (True, False):
        answer = sender("POST", "/suppressions/import", content=FILE.encode(), params={"dry_run": dry_run})
        assert answer.status_code == 200, answer.text
        done = answer.json()["data"]
        assert (done["rows"], done["added"], done["known"], done["rejected"], done["left"]) == (4, 2, 0, 1, 1)
        assert done["columns"] == {"ids": ["igsid"], "status": ["status"], "page": None}
        assert done["words"] == {"blocked": 2, "unsubscribed": 1}
        assert any("line 5" in remark for remark in done["remarks"])
        assert len(sender.get("/suppressions")) == (0 if dry_run else 2)
    again = sender("POST", "/suppressions/import", content=FILE.encode()).json()["data"]
    assert (again["added"], again["known"]) == (0, 2)
    events = factories.select(runtime, "SELECT actor FROM event WHERE kind = 'suppression.imported'")
    assert events == [{"actor": "key:sender"}] * 2


def test_what_is_no_file_of_opt_outs_is_refused(sender, monkeypatch):
    assert sender("POST", "/suppressions/import", content=b"").status_code == 422
    answer = sender("POST", "/suppressions/import", content=FILE.encode(), params={"column": "nothing"})
    assert "no such column" in answer.json()["error"]["message"]
    both = {"status": "status", "every_row": True}
    assert sender("POST", "/suppressions/import", content=FILE.encode(), params=both).status_code == 400
    assert sender("POST", "/suppressions/import", content=FILE.encode(), params={"page": "x"}).status_code == 404
    monkeypatch.setattr(imports, "_LARGEST", 10)
    assert sender("POST", "/suppressions/import", content=FILE.encode()).status_code == 413


@BOTH
def test_who_is_suppressed_comes_out_and_goes_in_again(sender, admin, runtime, tmp_path):
    submitted(runtime, tmp_path, people(1))
    sender.post("/suppressions", {"recipient_id": person(0), "note": "=a letter"}, status=201)
    sender.post("/suppressions", {"recipient_id": person(1), "page": "acme"}, status=201)
    file = sender("GET", "/suppressions/export.csv")
    assert file.headers["content-type"] == "text/csv; charset=utf-8"
    assert [line.split(",")[:5] for line in file.text.splitlines()] == [
        ["recipient_id", "page", "opted_out", "source", "note"],
        [person(0), "", "true", "api", "'=a letter"],
        [person(1), "acme", "true", "api", ""],
    ]
    rows = pl.read_parquet(io.BytesIO(sender("GET", "/suppressions/export.parquet").content))
    assert rows["recipient_id"].to_list() == [person(0), person(1)]
    for n in range(2):
        admin("DELETE", f"/suppressions/{person(n)}")
    back = sender("POST", "/suppressions/import", content=file.content).json()["data"]
    assert back["added"] == 2
    assert [each["page"] for each in sender.get("/suppressions")] == [None, "acme"]


@BOTH
@pytest.mark.usefixtures("heard")
def test_people_of_a_page_come_out_as_a_list(sender):
    lines = sender("GET", "/contacts/export.csv", params={"page": "acme"}).text.splitlines()
    assert lines[0] == "recipient_id,page,last_inbound_at,window_closes_at"
    assert [line.split(",")[0] for line in lines[1:]] == [person(2), person(0), person(1)]
    open_ = sender("GET", "/contacts/export.parquet", params={"page": "acme", "open": True}).content
    assert pl.read_parquet(io.BytesIO(open_))["recipient_id"].to_list() == [person(0), person(1)]
    left = sender("GET", "/contacts/export.csv", params={"page": "acme", "min_left": "6h"}).text.splitlines()
    assert [line.split(",")[0] for line in left[1:]] == [person(1)]
    uploaded = sender("POST", "/lists", content="\n".join(lines).encode())
    assert uploaded.json()["data"]["usable"] == 3


def test_nobody_of_no_page_comes_out(sender):
    assert sender("GET", "/contacts/export.csv", params={"page": "nowhere"}).status_code == 404
    assert sender("GET", "/contacts/export.xlsx", params={"page": "acme"}).status_code == 422
    assert len(sender("GET", "/suppressions/export.csv").text.splitlines()) == 1
    assert pl.read_parquet(io.BytesIO(sender("GET", "/suppressions/export.parquet").content)).height == 0
