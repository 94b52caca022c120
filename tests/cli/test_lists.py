from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

pytestmark = pytest.mark.barren  # they look at lists only, and keep nothing

LIST = """ig_id,first_name,last_inbound_at
17841400000000001,Ann,2026-01-01T00:00:00Z
1.78E+16,Bob,2026-01-01T00:00:00Z
17841400000000001,Ann again,2026-01-01T00:00:00Z
=1+1,Eve,2026-01-01T00:00:00Z
17841400000000004,Kim,2026-01-01T00:00:00
"""


@pytest.fixture
def people(tmp_path: Path) -> Path:
    file = tmp_path / "people.csv"
    file.write_text(LIST)
    return file


def check(pagecast, people, *more):
    return pagecast("check", people, "--column", "recipient_id=ig_id", *more)


def test_json_is_one_document_with_exactly_these_keys(pagecast, people):
    run = check(pagecast, people, "--json")
    assert run.code == 0
    (warning,) = run.document["warnings"]
    assert "without a time zone" in warning
    assert run.document == {
        "rows": 5,
        "usable": 2,
        "rejected": 2,
        "duplicates": 1,
        "columns": {"recipient_id": "ig_id", "last_inbound_at": "last_inbound_at"},
        "warnings": [warning],
    }


def test_people_see_counts_mapping_first_rows_warnings_and_rejects_by_rule(pagecast, people):
    run = check(pagecast, people)
    assert run.code == 0
    assert "5 rows = 2 usable + 2 rejected + 1 duplicates" in run.out
    assert 'recipient_id is in "ig_id"' in run.out
    assert "Variables: first_name" in run.out
    assert "line 2: ig_id = 17841400000000001, first_name = Ann" in run.out
    assert "Warning: 1 time" in run.out
    assert "1 damaged_id: " in run.out
    assert 'First in line 5, column "ig_id", "=1+1".' in run.out
    assert run.err == ""


def test_ids_that_lost_digits_are_counted_apart_from_those_that_lost_none(pagecast, tmp_path):
    file = tmp_path / "list.csv"
    file.write_text("recipient_id\n1.78E+16\n17841400000000023.0\n1.79E+16\n17841400000000001\n")
    shown = pagecast("check", file).out
    assert "2 damaged_id: The id is a number in scientific notation" in shown
    assert "1 damaged_id: A spreadsheet changed the recipient id (scientific or decimal notation)." in shown


def test_people_see_how_many_cells_of_a_column_are_blank(pagecast, tmp_path):
    file = tmp_path / "list.csv"
    file.write_text("recipient_id,name,city\n1,Ann,\n2, ,\n3,Bo,\n")
    assert "Blank cells: name 1, city 3\n" in pagecast("check", file).out
    file.write_text("recipient_id,name\n1,Ann\n")
    assert "Blank" not in pagecast("check", file).out


def test_strict_shows_everything_and_ends_with_3(pagecast, people, tmp_path):
    out = tmp_path / "rejects.csv"
    run = check(pagecast, people, "--strict", "--json", "--rejects", out)
    assert (run.code, run.document["rejected"], run.document["duplicates"]) == (3, 2, 1)
    assert "3 rows are rejected or a duplicate, and strict allows none. Line 3, " in run.err
    assert out.read_text().count("\n") == 4


def test_strict_lets_a_clean_list_pass(pagecast, tmp_path):
    file = tmp_path / "list.csv"
    file.write_text("recipient_id\n17841400000000001\n")
    assert pagecast("check", file, "--strict").code == 0


def test_a_workbook_and_json_lines_are_lists_too(pagecast, tmp_path):
    file = tmp_path / "list.jsonl"
    file.write_text('{"recipient_id": 17841400000000001}\n{"recipient_id": 5}\n')
    assert pagecast("check", file, "--json").document["usable"] == 2
    with xlsxwriter.Workbook(file := tmp_path / "list.xlsx") as book:
        book.add_worksheet().write_column(0, 0, ["recipient_id", "17841400000000001"])
    assert pagecast("check", file, "--json").document["usable"] == 1


def test_nothing_is_stored(pagecast, people, tmp_path):
    check(pagecast, people, "--json")
    assert [file.name for file in tmp_path.iterdir()] == ["people.csv"]


def test_rejects_csv_names_every_unusable_line_and_runs_no_formula(pagecast, people, tmp_path):
    out = tmp_path / "rejects.csv"
    run = check(pagecast, people, "--rejects", out, "--json")
    assert run.document["rejected"] + run.document["duplicates"] == 3
    rows = pl.read_csv(out, infer_schema=False)
    assert rows.columns == ["line", "column", "value", "rule", "sentence"]
    assert rows["line"].to_list() == ["3", "4", "5"]
    assert rows["rule"].to_list() == ["damaged_id", "duplicate", "bad_id"]
    assert rows["value"].to_list() == ["1.78E+16", "17841400000000001", "'=1+1"]
    assert "Wrote 3 lines" in run.err


def test_rejects_parquet_keeps_values_as_they_are(pagecast, people, tmp_path):
    out = tmp_path / "rejects.parquet"
    assert check(pagecast, people, "--rejects", out).code == 0
    assert pl.read_parquet(out)["value"].to_list()[-1] == "=1+1"


def test_a_list_without_rejects_writes_the_header_alone(pagecast, tmp_path):
    good, out = tmp_path / "good.csv", tmp_path / "rejects.csv"
    good.write_text("recipient_id\n17841400000000001\n")
    assert pagecast("check", good, "--rejects", out).code == 0
    assert out.read_text() == "line,column,value,rule,sentence\n"


def test_cells_cannot_steer_the_terminal(pagecast, tmp_path):
    file = tmp_path / "list.csv"
    file.write_text("recipient_id,name\n17841400000000001,\x1b]0;owned\x07[/red]\n")
    run = pagecast("check", file)
    assert run.code == 0
    assert "\x1b" not in run.out
    assert "[/red]" in run.out


def test_a_zone_reads_times_that_name_none(pagecast, people):
    assert check(pagecast, people, "--zone", "Europe/Paris", "--json").document["warnings"] == []


def test_a_header_may_hold_an_equals_sign(pagecast, tmp_path):
    file = tmp_path / "list.csv"
    file.write_text("a=b,name\n17841400000000001,Ann\n")
    run = pagecast("check", file, "--column", "recipient_id=a=b", "--json")
    assert run.document["columns"] == {"recipient_id": "a=b"}


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["--column", "recipient_id"], 2, "is not NAME=HEADER"),
        (["--column", "recipient_id=ig_id", "--column", "recipient_id=first_name"], 2, "recipient_id twice"),
        (["--column", "recipient=ig_id"], 3, 'nearest is "recipient_id"'),
        (["--column", "recipient_id=ig"], 3, 'nearest is "ig_id"'),
        ([], 3, ", or --column recipient_id="),
        (["--column", "recipient_id=ig_id", "--zone", "Mars/North"], 3, "is no time zone"),
        (["--column", "recipient_id=ig_id", "--rejects", "rejects.xlsx"], 2, "neither .csv nor .parquet"),
        (["--column", "recipient_id=ig_id", "--rejects", "no/such/folder.csv"], 3, "Cannot write"),
        (["--column", "recipient_id=ig_id", "--rejects", "people.csv"], 2, "is the list itself"),
    ],
)
def test_bad_input_is_a_sentence_and_leaves_nothing(
    pagecast, people, tmp_path, monkeypatch, *, arguments, code, sentence
):
    monkeypatch.chdir(tmp_path)
    run = pagecast("check", people, *arguments)
    assert (run.code, run.out) == (code, "")
    assert sentence in run.err
    assert "Traceback" not in run.err
    assert [file.name for file in tmp_path.iterdir()] == ["people.csv"]
    assert people.read_text() == LIST


@pytest.mark.parametrize(("content", "sentence"), [(None, "cannot be opened"), ("recipient_id\nabc\n", "No row")])
def test_a_list_that_cannot_be_used_exits_3(pagecast, tmp_path, content, sentence):
    file = tmp_path / "list.csv"
    if content is not None:
        file.write_text(content)
    run = pagecast("check", file, "--json")
    assert (run.code, run.out) == (3, "")
    assert sentence in run.err
