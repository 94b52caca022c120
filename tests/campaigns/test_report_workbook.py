"""results.xlsx: what results.parquet says, with ids as text and nothing that a spreadsheet would run."""

import zipfile
from xml.etree import ElementTree as ET

import polars as pl
import pytest

from campaigns import report
from campaigns.report import workbook
from tests.campaigns.report_factory import NOW, Spring

python_calamine = pytest.importorskip("python_calamine")


@pytest.fixture
def spring(tmp_path):
    made = Spring(tmp_path)
    made.person("accepted", recipient_id="17841400000000001", accepted_at=NOW, attempts=1, cells={"code": "=1+1"})
    made.person("failed", "no_such_person", cells={"code": "007"})
    made.person("pending", cells={"code": "x" * 40_000})
    made.person("pending", cells={"code": "bell \a, tab\t and 😀"})
    return made.store()


def sheets(spring):
    with spring.connected() as conn:
        report.write(conn, spring.folder, 1, spring.folder / "out", NOW, xlsx=True)
    book = python_calamine.CalamineWorkbook.from_path(str(spring.folder / "out/results.xlsx"))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def test_cells_are_what_the_parquet_has(spring):
    (header, *rows) = sheets(spring)["results"]
    frame = pl.read_parquet(spring.folder / "out/results.parquet")
    assert header == frame.columns
    first = dict(zip(header, rows[0], strict=True))
    assert first["recipient_id"] == "17841400000000001"
    assert first["code"] == "=1+1"
    assert first["accepted_at"].isoformat() == "2026-12-01T14:00:00"
    assert (first["attempts"], first["read_at"]) == (1, "")
    assert [row[header.index("recipient_id")] for row in rows] == frame["recipient_id"].to_list()
    codes = [row[header.index("code")] for row in rows]
    assert codes[1] == "007"
    assert len(codes[2]) == 32_767
    assert "😀" in codes[3]


def test_no_cell_is_a_formula(spring):
    sheets(spring)
    with zipfile.ZipFile(spring.folder / "out/results.xlsx") as book:
        inside = b"".join(book.read(name) for name in book.namelist() if name.startswith("xl/worksheets/"))
    assert b"<f>" not in inside
    assert b"=1+1" in inside


@pytest.mark.parametrize(
    "reply", ["=cmd|' /C calc'!A0", "{=1+1}", "\x01\x1b[31m=1+1", "<f>1+1</f>", "_x0041_", "http://a"]
)
def test_no_reply_does_harm(tmp_path, reply):
    made = Spring(tmp_path)
    made.person("accepted", accepted_at=NOW, replied_at=NOW, reply=reply)
    (header, row) = sheets(made.store())["results"]
    assert row[header.index("reply")] == reply
    with zipfile.ZipFile(tmp_path / "out/results.xlsx") as book:
        (sheet,) = [book.read(name) for name in book.namelist() if name.startswith("xl/worksheets/sheet")]
        assert not [name for name in book.namelist() if "rels" in name and b"hyperlink" in book.read(name)]
    assert not list(ET.fromstring(sheet).iter("{*}f"))


def test_more_rows_than_a_sheet_takes_go_into_the_next(spring, monkeypatch):
    monkeypatch.setattr(workbook, "SHEET", 3)
    found = sheets(spring)
    assert {name: len(rows) for name, rows in found.items()} == {"results": 4, "results 2": 2}
    assert found["results"][0] == found["results 2"][0]


def test_without_being_asked_there_is_none(spring):
    with spring.connected() as conn:
        report.write(conn, spring.folder, 1, spring.folder / "out", NOW)
    assert not (spring.folder / "out/results.xlsx").exists()
