"""Reports by HTTP: the same numbers and rows as the files of `pagecast report`."""

import csv
import io
from zipfile import ZipFile

import polars as pl
import pytest

from campaigns import report
from tests import factories
from tests.factories import launched, people, person


@pytest.fixture
def sent(runtime, tmp_path):
    """A launched campaign of four: three to come, one whose name is what a spreadsheet would run, and blank nowhere."""
    rows = people(4, opted_out="")
    rows[1]["first_name"], rows[2]["opted_out"] = "=1+1", "yes"
    return launched(runtime, tmp_path, rows)


@pytest.mark.databases("sqlite", "postgresql")
def test_the_numbers_are_those_of_the_folder(sent, runtime, viewer, tmp_path):
    told = viewer.get(f"/campaigns/{sent.ref}/report")
    with runtime.reading() as conn:
        written = report.write(conn, runtime.storage, sent.id, tmp_path / "out", factories.now(runtime)).summary
    assert told["status"]["counts"] == written.status.counts
    assert told["equation"] == written.equation


def test_results_come_as_three_kinds_of_file(sent, viewer):
    path = f"/campaigns/{sent.ref}/results"
    answer = viewer("GET", f"{path}.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert int(answer.headers["content-length"]) == len(answer.content)
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["recipient_id"] for row in rows] == [person(n) for n in range(4)]
    assert (rows[1]["first_name"], rows[2]["reason"]) == ("'=1+1", "opted_out")
    exact = pl.read_parquet(io.BytesIO(viewer("GET", f"{path}.parquet").content))
    assert exact["first_name"].to_list()[1] == "=1+1"
    with ZipFile(io.BytesIO(viewer("GET", f"{path}.xlsx").content)) as book:
        assert "xl/worksheets/sheet1.xml" in book.namelist()
    assert viewer("GET", f"{path}.pdf").status_code == 422


def test_the_page_is_whole(sent, viewer):
    answer = viewer("GET", f"/campaigns/{sent.ref}/report.html")
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.text.rstrip().endswith("</html>")


def test_the_remainder_is_the_next_list(sent, sender, viewer):
    path = f"/campaigns/{sent.ref}/remainder.csv"
    assert viewer("GET", path).status_code == 403
    answer = sender("GET", path)
    assert [row["first_name"] for row in csv.DictReader(io.StringIO(answer.text))] == ["Ana0", "=1+1", "Ana2", "Ana3"]


def test_before_the_launch_there_is_nothing_to_report(runtime, tmp_path, sender):
    draft = factories.submitted(runtime, tmp_path, people(1))
    for way in ("report", "report.html", "results.csv", "remainder.csv"):
        answer = sender("GET", f"/campaigns/{draft.ref}/{way}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "conflict"), way


def test_nothing_stays_behind(sent, viewer, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    viewer("GET", f"/campaigns/{sent.ref}/results.csv")
    assert list((tmp_path / "scratch").iterdir()) == []
