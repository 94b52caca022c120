import polars as pl
import pytest

from campaigns import suppression
from campaigns.audience import read
from campaigns.errors import InputError

ANN, BOB = "17841400000000001", "17841400000000002"


def listed(pagecast):
    return [each["recipient_id"] for each in pagecast("suppress", "list", "--json").document]


def add_page(pagecast, name="acme"):
    facts = ["--channel", "instagram", "--provider", "meta", "--account-id", "17841400000000000"]
    assert pagecast("pages", "add", name, *facts, "--token", "@{secret:T}").code == 0


def test_a_suppressed_person_is_listed_with_why_and_since_when(pagecast, count):
    run = pagecast("suppress", "add", ANN, "--note", "wrote STOP", "--json")
    assert (run.code, run.document["added"]) == (0, True)
    (row,) = pagecast("suppress", "list", "--json").document
    assert row.pop("at").endswith("Z")
    assert row == {"recipient_id": ANN, "page": None, "source": "cli", "note": "wrote STOP"}
    assert ANN in pagecast("suppress", "list").out
    again = pagecast("suppress", "add", ANN, "--json")
    assert (again.code, again.document["added"]) == (0, False)
    assert count("suppression") == count("event") == 1


def test_a_person_may_be_suppressed_for_one_page(pagecast):
    add_page(pagecast)
    assert pagecast("suppress", "add", ANN, "--page", "acme").code == 0
    (row,) = pagecast("suppress", "list", "--json").document
    assert row["page"] == "acme"


@pytest.mark.parametrize("bad", ["", "ann", "1.78E+16", "17841400000000000.0", "017841400000000000", "@ann", "1" * 33])
def test_an_id_that_can_be_no_ones_is_refused_as_lists_refuse_it(pagecast, count, tmp_path, bad):
    pagecast("migrate")
    for verb in ("add", "remove"):
        run = pagecast("suppress", verb, bad)
        assert (run.code, run.out) == (3, "")
    assert count("suppression") == count("event") == 0
    file = tmp_path / "list.csv"
    file.write_text(f"recipient_id,x\n{bad},y\n")
    with pytest.raises(InputError):
        read(file, tmp_path / "out.parquet", {}, zone=None, now_ms=0)


@pytest.mark.parametrize("good", [ANN, f" {ANN} ", "7", "1" * 32])
def test_an_id_that_lists_take_is_taken(tmp_path, good):
    file = tmp_path / "list.csv"
    file.write_text(f"recipient_id,x\n{good},y\n")
    assert read(file, tmp_path / "out.parquet", {}, zone=None, now_ms=0).usable == 1
    assert suppression.person(good) == good.strip()


def test_an_unknown_page_stores_nothing(pagecast, count):
    run = pagecast("suppress", "add", ANN, "--page", "acme")
    assert (run.code, run.out) == (3, "")
    assert 'There is no page "acme"' in run.err
    assert count("suppression") == 0


def test_removing_lifts_every_suppression_of_the_person(pagecast, count):
    add_page(pagecast)
    pagecast("suppress", "add", ANN)
    pagecast("suppress", "add", ANN, "--page", "acme")
    pagecast("suppress", "add", BOB)
    assert pagecast("suppress", "remove", ANN).code == 0
    assert listed(pagecast) == [BOB]
    before = count("event")
    run = pagecast("suppress", "remove", ANN)
    assert run.code == 3
    assert "is not suppressed" in run.err
    assert count("event") == before


@pytest.fixture(params=["csv", "parquet"])
def opted_out(request, tmp_path):
    people = pl.DataFrame({"who": [ANN, BOB, ANN], "first_name": ["Ann", "Bob", "Ann"]})
    file = tmp_path / f"stop.{request.param}"
    if request.param == "csv":
        people.write_csv(file)
    else:
        people.with_columns(pl.col("who").cast(pl.UInt64)).write_parquet(file)
    return file


def test_a_file_of_people_is_imported_with_exact_ids(pagecast, opted_out, count):
    pagecast("suppress", "add", BOB)
    run = pagecast("suppress", "import", opted_out, "--column", "who", "--json")
    assert run.code == 0, run.err
    assert run.document == {"rows": 3, "added": 1, "known": 1, "rejected": 0, "dry_run": False}
    assert sorted(listed(pagecast)) == [ANN, BOB]
    assert count("event") == 2


def test_a_person_with_an_unreadable_time_is_suppressed_all_the_same(pagecast, tmp_path):
    file = tmp_path / "stop.csv"
    file.write_text(f"recipient_id,last_inbound_at\n{ANN},2026-01-01T00:00:00Z\n{BOB},yesterday\n")
    assert pagecast("suppress", "import", file, "--json").document["rejected"] == 0
    assert sorted(listed(pagecast)) == [ANN, BOB]


def test_lines_without_a_usable_id_are_told(pagecast, tmp_path):
    file = tmp_path / "stop.csv"
    file.write_text(f"recipient_id,x\n1.78E+16,a\n{ANN},b\n")
    run = pagecast("suppress", "import", file, "--json")
    assert (run.code, run.document["rejected"]) == (0, 1)
    assert "Lines without a usable id: 1. Those people are NOT suppressed" in run.err
    assert "line 2" in run.err


@pytest.mark.parametrize(
    ("content", "more", "sentence"),
    [
        (None, [], "cannot be opened"),
        ("name\nAnn\n", [], "No column holds the recipient ids"),
        (f"recipient_id\n{ANN}\n", ["--column", "who"], "no such column"),
        ("recipient_id\nabc\n", [], "No row of the list can be used"),
    ],
)
def test_a_file_that_cannot_be_used_stores_nothing(pagecast, count, tmp_path, *, content, more, sentence):
    pagecast("migrate")
    file = tmp_path / "stop.csv"
    if content is not None:
        file.write_text(content)
    run = pagecast("suppress", "import", file, *more)
    assert (run.code, run.out) == (3, "")
    assert sentence in run.err
    assert count("suppression") == count("event") == 0


def test_dry_runs_change_nothing(pagecast, opted_out, count):
    run = pagecast("suppress", "import", opted_out, "--column", "who", "--dry-run", "--json")
    assert (run.code, run.document["added"]) == (0, 2)
    assert pagecast("suppress", "add", ANN, "--dry-run", "--json").document["added"] is True
    assert count("suppression") == count("event") == 0
    pagecast("suppress", "add", ANN)
    assert pagecast("suppress", "remove", ANN, "--dry-run").code == 0
    assert listed(pagecast) == [ANN]


def test_a_long_list_is_cut_for_people_and_whole_for_programs(pagecast, tmp_path):
    file = tmp_path / "stop.csv"
    pl.DataFrame({"id": [str(10**15 + n) for n in range(1_005)]}).write_csv(file)
    pagecast("suppress", "import", file)
    assert len(listed(pagecast)) == 1_005
    shown = pagecast("suppress", "list")
    assert "and 5 more" in shown.err
