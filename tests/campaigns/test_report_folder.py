"""The report's folder: results as CSV and Parquet, the summary, and the page."""

import csv
import json
import re
from datetime import UTC, datetime
from html.parser import HTMLParser

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns import report
from campaigns.errors import InputError, PagecastError, StateError
from campaigns.report import results
from schemas import recipient_list as stored
from schemas.delivery import COUNTED, DUPLICATE, REJECTED
from schemas.plan import Plan
from tests.campaigns.report_factory import NOW, Spring

HOSTILE = "<script>alert('x')</script>"


@pytest.fixture
def spring(tmp_path, dialect):  # noqa: ARG001 - it sets the environment
    return Spring(tmp_path)


def written(spring, **facts):
    with spring.connected() as conn:
        return report.write(conn, spring.folder, 1, spring.folder / "out", NOW, **facts)


def records(spring):
    with (spring.folder / "out/results.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_row_of_the_list_has_one_result_in_its_order(spring):
    spring.person("read", accepted_at=NOW, read_at=NOW + 1, message_ids="m1 m2", request_id="r", attempts=2)
    spring.unusable("damaged_id", "1.78E+16")
    spring.person("skipped", "window_closed", chunk=None)
    spring.double()
    spring.person("unknown", page=2, chunk=2, provider_code="timeout", attempts=1)
    spring.store()
    assert written(spring).rows == 5
    rows = records(spring)
    assert list(rows[0])[: len(results.OWN)] == list(results.OWN)
    assert [(row["line"], row["page"], row["state"], row["reason"]) for row in rows] == [
        ("2", "acme", "read", ""),
        ("3", "", "rejected", "damaged_id"),
        ("4", "acme", "skipped", "window_closed"),
        ("5", "", "duplicate", "duplicate"),
        ("6", "beta", "unknown", "outcome_unknown"),
    ]
    assert rows[0]["message_id"] == "m1 m2"
    assert rows[0]["accepted_at"] == "2026-12-01T14:00:00.000Z"
    assert rows[1]["recipient_id"] == "1.78E+16"
    assert [row["first_name"] for row in rows] == ["Ann 2", "Ann 3", "Ann 4", "Ann 5", "Ann 6"]
    assert [row["attempts"] for row in rows] == ["2", "0", "0", "0", "1"]


def test_without_the_plans_file_the_list_tells_who_is_no_delivery(spring):
    spring.person("accepted", accepted_at=NOW)
    spring.unusable("bad_id", "abc", told=False)
    spring.double(told=False)
    written(spring.store())
    assert [(row["state"], row["reason"]) for row in records(spring)] == [
        ("accepted", ""),
        ("rejected", "bad_id"),
        ("duplicate", "duplicate"),
    ]


def test_a_single_page_is_named_for_rows_that_name_none(spring):
    spring.person()
    spring.unusable("bad_id", "abc")
    written(spring.store(pages=["acme"]))
    assert [row["page"] for row in records(spring)] == ["acme", "acme"]


def test_parquet_keeps_types_and_raw_values(spring):
    spring.person("accepted", accepted_at=NOW, cells={"note": "=1+1"})
    written(spring.store())
    rows = pl.read_parquet(spring.folder / "out/results.parquet")
    assert rows.schema["accepted_at"] == pl.Datetime("ms", "UTC")
    assert rows.schema["recipient_id"] == pl.String
    assert rows.item(0, "accepted_at") == datetime.fromtimestamp(NOW / 1000, tz=UTC)
    assert rows.item(0, "note") == "=1+1"


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@a", "\tx", "\rx", "\nx"])
def test_no_cell_of_the_csv_is_a_formula(spring, cell):
    spring.person("accepted", accepted_at=NOW, reply=cell, cells={"note": cell, "=cmd()": cell})
    spring.unusable("bad_id", "=1+1")
    written(spring.store())
    row, broken = records(spring)
    assert row["note"] == row["reply"] == row["'=cmd()"] == f"'{cell}"
    assert broken["recipient_id"] == "'=1+1"


@pytest.mark.parametrize("reply", ["=cmd|' /C calc'!A0", " =1+1", "\n@a", "\N{FULLWIDTH EQUALS SIGN}1+1"])
def test_no_reply_is_a_formula(spring, reply):
    spring.person("accepted", accepted_at=NOW, replied_at=NOW, reply=reply)
    written(spring.store())
    assert records(spring)[0]["reply"] == f"'{reply}"


@pytest.mark.parametrize("control", ["\x01", "\b", "\x1b", "\x7f", "\x9b"])
def test_control_characters_of_a_reply_reach_no_terminal_and_hide_no_formula(spring, control):
    spring.person("accepted", accepted_at=NOW, replied_at=NOW, reply=f"red{control}[31m")
    spring.person("accepted", accepted_at=NOW, replied_at=NOW, reply=f"{control}=1+1")
    written(spring.store())
    assert [row["reply"] for row in records(spring)] == ["red\ufffd[31m", "\ufffd=1+1"]
    assert control not in (spring.folder / "out/results.csv").read_text(encoding="utf-8")
    assert control in pl.read_parquet(spring.folder / "out/results.parquet").item(0, "reply")


def test_what_came_back_stands_in_its_row(spring):
    spring.person(
        "read", page=2, chunk=2, accepted_at=NOW, delivered_at=NOW + 1, read_at=NOW + 2, replied_at=NOW + 3,
        reply="Yes", variant="b", revision=2,
    )  # fmt: skip
    written(spring.store())
    names = ("accepted_at", "delivered_at", "read_at", "replied_at")
    assert [records(spring)[0][name] for name in names] == [f"2026-12-01T14:00:00.00{i}Z" for i in range(4)]
    assert [records(spring)[0][name] for name in ("reply", "variant", "revision")] == ["Yes", "b", "2"]


@pytest.mark.parametrize("cell", ["1784", "1-2", "a=b", "Ann", "'", 'ä, "b"\nc'])
def test_other_cells_of_the_csv_stay_as_they_are(spring, cell):
    spring.person("accepted", accepted_at=NOW, cells={"note": cell})
    written(spring.store())
    assert records(spring)[0]["note"] == cell


def test_own_columns_that_clash_get_a_prefix(spring):
    cells = {"state": "Texas", "list_state": "Ohio", "recipient_id": "0001"}
    spring.person("accepted", accepted_at=NOW, cells=cells)
    written(spring.store())
    row = records(spring)[0]
    assert (row["state"], row["list_list_state"], row["list_state"], row["list_recipient_id"]) == (
        "accepted",
        "Texas",
        "Ohio",
        "0001",
    )


def test_headers_that_look_the_same_once_they_are_harmless_stay_apart(spring):
    cells = {"a\x01": "first", "a\x02": "second", "=b": "third", "'=b": "fourth"}
    spring.person("accepted", accepted_at=NOW, cells=cells)
    written(spring.store())
    row = records(spring)[0]
    assert {cell: name for name, cell in row.items() if cell in cells.values()} == {
        "first": "a\N{REPLACEMENT CHARACTER}",
        "second": "a\N{REPLACEMENT CHARACTER}_",
        "third": "'=b_",
        "fourth": "'=b",
    }


def test_instagram_shows_no_delivery(spring):
    spring.person("read", accepted_at=NOW, delivered_at=NOW, read_at=NOW)
    spring.person("read", page=2, chunk=2, accepted_at=NOW, delivered_at=NOW, read_at=NOW)
    written(spring.store())
    assert [row["delivered_at"] for row in records(spring)] == ["", "2026-12-01T14:00:00.000Z"]


states = st.lists(st.tuples(st.sampled_from(COUNTED), st.booleans()), min_size=1, max_size=30)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(states=states, size=st.integers(1, 7))
def test_results_are_the_tallies_whatever_the_slices(tmp_path_factory, states, size):
    spring = Spring(tmp_path_factory.mktemp("spring"))
    spring.person()
    for state, told in states:
        if state in {REJECTED, DUPLICATE}:
            spring.unusable("bad_id", "x", told=told) if state == REJECTED else spring.double(told=told)
        else:
            spring.person(state)
    # The ledger's order is the order of sending, not that of the list.
    spring.rows.reverse()
    spring.store()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(results, "_SLICE", size)
        counts = written(spring).status.counts
    rows = records(spring)
    assert [int(row["line"]) for row in rows] == list(range(2, len(rows) + 2))
    assert {state: sum(row["state"] == state for row in rows) for state in counts} == counts
    assert all(row["recipient_id"] == f"1784{int(row['line']):012d}" for row in rows if row["attempts"] != "0")


def test_a_campaign_that_finished_without_one_delivery(spring):
    spring.unusable("bad_id", "abc")
    assert written(spring.store("finished")).summary.equation == "1 row = 1 rejected"


def test_a_draft_has_no_report(spring):
    with pytest.raises(StateError, match="not launched"):
        written(spring.store("draft"))


def test_rows_that_the_tallies_do_not_know_are_an_error_and_leave_no_file(spring):
    spring.person("accepted", accepted_at=NOW)
    spring.store()
    spring.change("UPDATE delivery SET state = 'failed'")
    with pytest.raises(PagecastError, match="accepted: 1 counted, 0 rows; failed: 0 counted, 1 rows"):
        written(spring)
    assert list((spring.folder / "out").iterdir()) == []


def test_an_older_report_is_replaced_and_nothing_else_touched(spring):
    spring.person("accepted", accepted_at=NOW)
    spring.store()
    out = spring.folder / "out"
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    (out / "report.html").write_text("old")
    files = {path.name for path in written(spring).files}
    assert files == {"results.csv", "results.parquet", "summary.json", "report.html"}
    assert {path.name for path in out.iterdir()} == files | {"mine.txt"}
    assert "old" not in (out / "report.html").read_text()[:10]


def test_a_folder_that_cannot_be_written_is_told(spring):
    spring.person()
    spring.store()
    (spring.folder / "out").write_text("a file")
    with pytest.raises(InputError, match="Choose another folder"):
        written(spring)


def told(spring, **facts):
    written(spring, **facts)
    return json.loads((spring.folder / "out/summary.json").read_text())


def test_the_summary_tells_codes_events_pace_and_plan(spring):
    for i in range(11):
        spring.person("accepted", accepted_at=NOW + i * 100, replied_at=NOW if i < 2 else None)
    spring.person("failed", "message_rejected", provider_code="100-2018007")
    spring.person("failed", "message_rejected", provider_code="100-2018007")
    spring.store("finished", finished_at=NOW + 2_000)
    spring.insert(
        "event",
        {"at": NOW, "campaign_id": 1, "page_id": None, "kind": "campaign.launched", "actor": "ann", "sentence": "Go."},
        {"at": NOW, "campaign_id": None, "page_id": 1, "kind": "page.parked", "actor": "worker", "sentence": "Parked."},
        {"at": 5, "campaign_id": None, "page_id": 1, "kind": "page.parked", "actor": "worker", "sentence": "Long ago."},
        {"at": NOW, "campaign_id": 2, "page_id": 1, "kind": "campaign.paused", "actor": "ann", "sentence": "Other."},
    )
    plan = Plan(
        token="t", eligible=13, skipped={}, rejected=0, duplicates=0, total=13, lost=0, finish_at=None,
        lowest_rate=None, latest_start=None, pages=[],
    )  # fmt: skip
    summary = told(spring, plan=plan)
    assert summary["equation"] == "13 rows = 11 accepted + 2 failed"
    assert summary["exit_code"] == 6
    assert summary["pace"]["average"] == 10.0
    assert sum(summary["progress"]["accepted"]) == 11
    assert summary["replied"] == 2
    assert summary["reasons"][0]["codes"] == {"100-2018007": 2}
    assert [event["sentence"] for event in summary["events"]] == ["Go.", "Parked."]
    assert summary["event_counts"] == {"campaign.launched": 1, "page.parked": 1}
    assert summary["plan"]["eligible"] == 13


class Page(HTMLParser):
    """What a page would load, and the tags and words it shows."""

    def __init__(self, text):
        super().__init__()
        self.links, self.tags, self.words = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in {"src", "href", "srcset", "xlink:href", "action"}]

    def handle_data(self, data):
        self.words.append(data)


def page_of(spring, **facts):
    written(spring, **facts)
    text = (spring.folder / "out/report.html").read_text(encoding="utf-8")
    return text, Page(text)


def test_the_page_asks_the_network_for_nothing(spring):
    spring.person("accepted", accepted_at=NOW)
    text, page = page_of(spring.store())
    assert page.links == ["data:,"]
    assert re.findall(r"url\(|@import|https?:", text) == []
    assert "default-src 'none'" in text
    assert "script" not in page.tags


def test_what_comes_from_outside_is_escaped(spring):
    spring.person("accepted", accepted_at=NOW)
    spring.person("failed", "message_rejected", provider_code=HOSTILE)
    spring.person("pending")
    spring.unusable(HOSTILE, "x")
    spring.store(name=HOSTILE, pages=[HOSTILE])
    spring.change("UPDATE page SET parked_at = 1, parked_sentence = :s", s=f"{HOSTILE} `{HOSTILE}`")
    spring.insert("event", {"at": NOW, "campaign_id": 1, "kind": HOSTILE, "actor": HOSTILE, "sentence": f"`{HOSTILE}`"})
    text, page = page_of(spring)
    assert "script" not in page.tags
    assert "".join(page.words).count(HOSTILE) >= 8
    assert HOSTILE not in text


def test_an_instagram_page_never_says_delivered(spring):
    spring.person("read", accepted_at=NOW, read_at=NOW)
    spring.person("accepted", accepted_at=NOW)
    text, page = page_of(spring.store("finished", pages=["acme"]))
    words = " ".join(page.words)
    assert "2 of 2 rows accepted by Instagram" in words
    assert "Accepted and seen" in words
    assert "Read" not in page.words
    assert "delivered" not in text.lower()


def test_the_numbers_of_the_page_are_the_counts(spring):
    spring.person("accepted", accepted_at=NOW)
    spring.person("unknown")
    spring.person("failed", "message_rejected")
    text, page = page_of(spring.store("finished"))
    assert "No receipt and no answer has come in." in text
    assert "3 rows = 1 accepted + 1 failed + 1 unknown" in page.words
    assert text.count('class="unknown" x=') == 1
    assert "The platform refused the message itself." in page.words


@pytest.mark.parametrize("state", ["pending", "skipped"])
def test_a_page_without_one_acceptance_has_no_chart(spring, state):
    spring.person(state)
    _, page = page_of(spring.store())
    assert "Progress over time" not in page.words


def test_the_stored_lists_own_columns_are_all_left_out(spring):
    spring.person(_page="acme")
    written(spring.store())
    assert not set(records(spring)[0]) & set(stored.OWN)
