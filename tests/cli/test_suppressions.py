import polars as pl
import pytest

from campaigns import suppression
from campaigns.audience import read
from campaigns.errors import InputError

ANN, BOB, CID, EVE = (f"1784140000000000{n}" for n in (1, 2, 3, 4))


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
    counts = {"rows": 3, "added": 1, "known": 1, "left": 0, "rejected": 0, "dry_run": False}
    assert run.document == counts | {"columns": {"ids": ["who"], "status": [], "page": None}}
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


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize(
    ("lines", "rejected"),
    [
        ([ANN, BOB, ANN, CID], []),
        ([f"instagram:{ANN}", f"facebook:{BOB}", CID], []),
        (["sep=;", f'="{ANN}"', f"'{BOB}", "", CID], []),
        ([ANN, BOB, "nobody", f"{CID},x", CID], [3]),
        (["1.78E+16", ANN, BOB, CID], [1]),
    ],
    ids=["plain", "schemes", "wrapped", "faulty", "damaged"],
)
def test_a_list_of_ids_alone_needs_no_header(pagecast, tmp_path, *, encoding, lines, rejected):
    file = tmp_path / "stop.txt"
    file.write_text("\n".join(lines) + "\n", encoding=encoding)
    run = pagecast("suppress", "import", file, "--json")
    assert run.code == 0, run.err
    assert set(listed(pagecast)) == {ANN, BOB, CID}
    assert "Ids from a list without a header; every row counts" in run.err
    assert (encoding.startswith("utf-16")) == ("as UTF-16" in run.err)
    assert [line for line in rejected if f"The first is line {line}: " in run.err] == rejected


@pytest.mark.parametrize("more", [[], ["--dry-run"]])
@pytest.mark.parametrize("scheme", ["", "instagram:"])
def test_ids_that_a_spreadsheet_has_probably_changed_are_told(pagecast, tmp_path, *, more, scheme):
    rounded = "".join(f"{scheme}178414{n:03}00000000\n" for n in range(100, 130))
    run, _ = imported(pagecast, tmp_path, f"urn\n{rounded}", *more)
    assert '30 ids of 30 in "urn" end in zeros after the 15th digit' in run.err
    run, _ = imported(pagecast, tmp_path, rounded.replace("00000000\n", "12345678\n"), *more)
    assert "zeros" not in run.err


def test_of_a_list_without_a_header_nobody_is_lost_as_one(pagecast, count, tmp_path):
    pagecast("migrate")
    for name, content, more in (
        ("one.txt", f"{ANN}\n{BOB}\n", ["--column", ANN]),
        ("two.csv", f"{ANN},Ann\n{BOB},Bob\n", []),
        ("two.csv", f"{ANN},Ann\n{BOB},Bob\n", ["--column", ANN]),
    ):
        (tmp_path / name).write_text(content)
        run = pagecast("suppress", "import", tmp_path / name, *more)
        assert (run.code, run.out) == (3, "")
        assert "The first line of the list holds a person and no names of columns. Put a line such as" in run.err
    pl.DataFrame({ANN: [BOB]}).write_parquet(tmp_path / "ids.parquet")
    assert "holds a person" in pagecast("suppress", "import", tmp_path / "ids.parquet").err
    (tmp_path / "one.txt").write_text(f"{ANN}\n")
    assert "no such column" in pagecast("suppress", "import", tmp_path / "one.txt", "--status", "blocked").err
    assert count("suppression") == count("event") == 0


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
    assert len(shown.out.splitlines()) == 1_001
    assert "and more; --json shows all" in shown.err


def imported(pagecast, tmp_path, content, *more, name="export.csv"):
    file = tmp_path / name
    file.write_text(content, encoding="utf-8")
    run = pagecast("suppress", "import", file, *more, "--json")
    assert run.code == 0, run.err
    return run, {each["recipient_id"]: each["page"] for each in pagecast("suppress", "list", "--json").document}


RAPIDPRO = f"""Contact UUID,Name,Status,URN:Tel,URN:Facebook,URN:Instagram
a,Ann,Active,,,{ANN}
b,Bob,Stopped,,,{BOB}
c,Cid,blocked,,{CID},
d,Dan,Stopped,+15550100,,
e,Eve,Archived,,,{EVE}
"""
URNS = f"""urn,status
instagram:{ANN},stopped
facebook:{BOB},blocked
tel:+15550100,stopped
instagram:{CID},active
"""
MANYCHAT = f"""Contact ID,Full name,Opted out
{ANN},Ann,Yes
{BOB},Bob,No
{CID},Cid,
{EVE},Eve,2026-01-02 10:00
"""
CHATWOOT = f"""id,name,identifier,psid,blocked
1,Ann,,{ANN},true
2,Bob,,{BOB},false
3,Cid,,,true
"""
BRAZE = f"""external_id,subscription_state,opted_in
{ANN},Unsubscribed,true
{BOB},opted_in,TRUE
{CID},Subscribed,false
{EVE},subscribed,
"""
MAILCHIMP = f"""IGSID,UNSUB_TIME
{ANN},2026-03-04 05:06:07
{BOB},2026-03-05 05:06:07
"""


@pytest.mark.parametrize(
    ("content", "who", "ids", "status", "left"),
    [
        (RAPIDPRO, {BOB, CID}, ["URN:Instagram", "URN:Facebook"], ["Status"], 3),
        (URNS, {ANN, BOB}, ["urn"], ["status"], 2),
        (MANYCHAT, {ANN, EVE}, ["Contact ID"], ["Opted out"], 2),
        (CHATWOOT, {ANN}, ["psid"], ["blocked"], 2),
        (BRAZE, {ANN, CID}, ["external_id"], ["opted_in", "subscription_state"], 2),
        (MAILCHIMP, {ANN, BOB}, ["IGSID"], ["UNSUB_TIME"], 0),
    ],
    ids=["rapidpro", "urns", "manychat", "chatwoot", "braze", "mailchimp"],
)
def test_of_another_tools_export_only_those_who_opted_out_count(pagecast, tmp_path, *, content, who, ids, status, left):
    run, suppressed = imported(pagecast, tmp_path, content)
    assert set(suppressed) == who
    assert run.document["columns"] == {"ids": ids, "status": status, "page": None}
    assert (run.document["added"], run.document["left"], run.document["rejected"]) == (len(who), left, 0)
    for header in [*ids, *status]:
        assert f'"{header}"' in run.err


def test_a_dry_run_says_what_it_would_take_and_takes_nothing(pagecast, tmp_path, count):
    run, suppressed = imported(pagecast, tmp_path, URNS, "--dry-run")
    assert (run.document["added"], run.document["dry_run"], suppressed) == (2, True, {})
    assert "stopped 1, blocked 1" in run.err or "blocked 1, stopped 1" in run.err
    assert count("consent") == count("suppression") == count("event") == 0


@pytest.mark.parametrize("header", ["subscriber_id", "Contact Id", "id", "external id"])
def test_ids_that_may_be_the_other_tools_own_are_told(pagecast, tmp_path, header):
    run, suppressed = imported(pagecast, tmp_path, f"{header},x\n{ANN},y\n")
    assert set(suppressed) == {ANN}
    assert "may be the other tool's own ids" in run.err


@pytest.mark.parametrize("header", ["recipient_id", "psid", "IGSID", "to"])
def test_the_platforms_ids_come_before_others_and_without_a_doubt(pagecast, tmp_path, header):
    run, suppressed = imported(pagecast, tmp_path, f"id,{header}\n7,{ANN}\n")
    assert set(suppressed) == {ANN}
    assert "other tool" not in run.err


def test_a_person_with_an_id_in_two_columns_is_suppressed_by_both(pagecast, tmp_path):
    run, suppressed = imported(pagecast, tmp_path, f"psid,igsid\n{ANN},{BOB}\n{CID},\n")
    assert set(suppressed) == {ANN, BOB, CID}
    assert (run.document["rows"], run.document["rejected"]) == (2, 0)


def test_a_status_that_nobody_knows_counts_as_an_opt_out_and_is_told(pagecast, tmp_path):
    run, suppressed = imported(pagecast, tmp_path, f"psid,status\n{ANN},active\n{BOB},Muted Forever\n{CID},stopped\n")
    assert set(suppressed) == {BOB, CID}
    assert "Not known, so taken for opt-outs: mutedforever." in run.err


def test_a_status_of_something_else_is_not_looked_at_unless_it_is_told_to_be(pagecast, tmp_path):
    content = f"psid,status\n{ANN},shipped\n{BOB},\n"
    run, suppressed = imported(pagecast, tmp_path, content, "--dry-run")
    assert (run.document["added"], run.document["columns"]["status"]) == (2, [])
    assert '"status" holds no word about consent' in run.err
    run, suppressed = imported(pagecast, tmp_path, content, "--status", "status")
    assert set(suppressed) == {ANN}


def test_every_row_counts_where_somebody_says_so(pagecast, tmp_path):
    run, suppressed = imported(pagecast, tmp_path, CHATWOOT, "--every-row", "--column", "psid")
    assert set(suppressed) == {ANN, BOB}
    assert run.document["columns"]["status"] == []
    assert pagecast("suppress", "import", tmp_path / "export.csv", "--every-row", "--status", "blocked").code == 2


def test_the_accounts_of_an_export_are_kept_apart(pagecast, tmp_path):
    add_page(pagecast)
    content = f"psid,page\n{ANN},acme\n{BOB},17841400000000000\n{CID},nobody's\n{EVE},\n"
    run, suppressed = imported(pagecast, tmp_path, content)
    assert suppressed == {ANN: "acme", BOB: "acme", CID: None, EVE: None}
    assert 'No page is "nobody\'s": those people are suppressed on every page.' in run.err
    assert run.document["columns"]["page"] == "page"


def test_an_import_may_be_for_one_page(pagecast, tmp_path):
    add_page(pagecast)
    run, suppressed = imported(pagecast, tmp_path, f"psid,page\n{ANN},other\n", "--page", "acme")
    assert suppressed == {ANN: "acme"}
    assert pagecast("suppress", "import", tmp_path / "export.csv", "--page", "nobody").code == 3
    run, _ = imported(pagecast, tmp_path, f"psid,page\n{ANN},other\n", "--page", "acme")
    assert (run.document["added"], run.document["known"]) == (0, 1)


def test_a_torn_line_is_told_and_its_cells_are_not_believed(pagecast, tmp_path):
    run, suppressed = imported(pagecast, tmp_path, f"psid,status\n{ANN},stopped\n{BOB},active,{CID}\n")
    assert set(suppressed) == {ANN}
    assert run.document["rejected"] == 1
    assert "The first is line 3" in run.err


def test_nobody_of_a_file_without_opt_outs_is_suppressed(pagecast, tmp_path):
    run, suppressed = imported(pagecast, tmp_path, f"psid,blocked\n{ANN},false\n{BOB},\n")
    assert (run.document["added"], run.document["left"], suppressed) == (0, 2, {})


def test_the_history_tells_every_change_and_who_made_it(pagecast, tmp_path, count):
    add_page(pagecast)
    pagecast("suppress", "add", ANN, "--page", "acme", "--note", "called us")
    pagecast("suppress", "add", ANN, "--page", "acme")
    pagecast("suppress", "remove", ANN)
    imported(pagecast, tmp_path, f"psid\n{ANN}\n{ANN}\n{BOB}\n")
    rows = pagecast("suppress", "history", ANN, "--json").document
    assert [(row["kind"], row["source"], row["page"], row["evidence"]) for row in rows] == [
        ("opted_out", "cli", "acme", "called us"),
        ("opted_in", "cli", None, ""),
        ("opted_out", "import", None, "from export.csv"),
    ]
    assert all(row["actor"].startswith("cli:") and row["at"].endswith("Z") for row in rows)
    assert sorted(row["at"] for row in rows) == [row["at"] for row in rows]
    shown = pagecast("suppress", "history", ANN).out
    assert "called us" in shown
    assert "every page" in shown
    assert count("consent") == 4


def test_the_history_of_somebody_unknown_is_empty(pagecast):
    run = pagecast("suppress", "history", ANN)
    assert (run.code, run.out) == (0, "")
    assert "never opted out or in" in run.err
    assert pagecast("suppress", "history", ANN, "--json").document == []
    assert pagecast("suppress", "history", "ann").code == 3
