import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from campaigns.audience import Reading, duplicate_of, headers, read, rejects
from campaigns.audience.census import census, separators_outside_quotes
from campaigns.audience.draft import read_whole
from campaigns.audience.source import Layout
from campaigns.errors import InputError
from schemas.recipient_list import CLOSES_AT, INBOUND_AT, LINE, OWN, PAGE, RECIPIENT, TIMEZONE

NOW = int(datetime(2026, 11, 21, 12, tzinfo=UTC).timestamp() * 1000)
ID = "17841400000000123"

Reader = Callable[..., Reading]


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "lists" / "stored.parquet"


@pytest.fixture
def read_csv(tmp_path: Path, target: Path) -> Reader:
    def reader(content: str | bytes, given: dict[str, str] | None = None, zone: str | None = "UTC") -> Reading:
        source = tmp_path / "list.csv"
        source.write_bytes(content.encode() if isinstance(content, str) else content)
        return read(source, target, given or {}, zone=zone, now_ms=NOW)

    return reader


@pytest.fixture
def read_frame(tmp_path: Path, target: Path) -> Reader:
    def reader(frame: pl.DataFrame) -> Reading:
        frame.write_parquet(tmp_path / "list.parquet")
        return read(tmp_path / "list.parquet", target, {}, zone="UTC", now_ms=NOW)

    return reader


def test_stores_our_columns_then_the_files_as_text(read_csv: Reader, target: Path) -> None:
    reading = read_csv(f"psid,First Name\n{ID},Ann\n 7 ,\n")
    stored = pl.read_parquet(target)
    assert stored.columns == [*OWN, "psid", "First Name"]
    assert stored.select(LINE, RECIPIENT, "psid", "First Name").rows() == [(2, ID, ID, "Ann"), (3, "7", " 7 ", None)]
    assert stored.schema["psid"] == pl.String
    assert (reading.rows, reading.usable, reading.rejected, reading.duplicates) == (2, 2, 0, 0)
    assert reading.columns == ["psid", "First Name"]
    assert reading.mapping == {"recipient_id": "psid"}


@pytest.mark.parametrize(
    ("row", "rule", "offence"),
    [
        (",2026-03-04", "bad_id", ("id", None)),
        ("abc,2026-03-04", "bad_id", ("id", "abc")),
        ("0123,2026-03-04", "bad_id", ("id", "0123")),
        ("1.78E+16,2026-03-04", "damaged_id", ("id", "1.78E+16")),
        ("17841400000000000.0,", "damaged_id", ("id", "17841400000000000.0")),
        ("6,soon", "bad_time", ("last_inbound_at", "soon")),
        ("6", "ragged", ("last_inbound_at", None)),
        ("6,2026-03-04,,surprise", "ragged", ("", "surprise")),
    ],
)
def test_one_bad_row_is_named_and_does_not_sink_the_list(
    read_csv: Reader, target: Path, row: str, rule: str, offence: tuple[str, str | None]
) -> None:
    reading = read_csv(f"id,last_inbound_at\n5,2026-03-04\n{row}\n7,2026-03-04\n")
    assert (reading.rows, reading.usable, reading.rejected) == (3, 2, 1)
    [wrong] = rejects(target).rows(named=True)
    assert (wrong["line"], wrong["rule"]) == (3, rule)
    assert (wrong["column"], wrong["value"]) == offence
    assert wrong["sentence"].endswith(".")


def test_a_time_in_either_order_says_so(read_csv: Reader, target: Path) -> None:
    read_csv("id,last_inbound_at\n5,03/04/2026\n7,2026-03-04\n")
    assert "Day and month" in rejects(target)["sentence"].item()


def test_duplicates_name_the_first_line(read_csv: Reader, target: Path) -> None:
    reading = read_csv("page,id\nacme,5\nbeta,5\nacme, 5\nacme,abc\nacme,5\n")
    assert (reading.rows, reading.usable, reading.rejected, reading.duplicates) == (5, 2, 1, 2)
    wrong = rejects(target)
    assert wrong["line"].to_list() == [4, 5, 6]
    assert wrong["rule"].to_list() == ["duplicate", "bad_id", "duplicate"]
    assert wrong.row(0)[1:3] == ("id", "5")
    assert "line 2" in wrong.row(0)[4]
    assert rejects(target, limit=1).height == 1


def test_ids_beyond_64_bits_are_told_apart() -> None:
    ids = ["18446744073709551616", "18446744073709551617", "18446744073709551616", None, None, "5", "5"]
    frame = pl.LazyFrame({LINE: range(2, 9), RECIPIENT: ids, "account": [1] * 6 + [2]})
    assert duplicate_of(frame, ["account"]).collect()["_first_line"].to_list() == [2, 3, 2, 5, 6, 7, 8]
    assert duplicate_of(frame, []).collect()["_first_line"].to_list() == [2, 3, 2, 5, 6, 7, 7]


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfid;page\r\n5;acme\r\n",
        b"id\tpage\n5\tacme",
        b'"id","page"\n"5","acme"\n\n\n',
        b"id,page\n\n5,acme\n",
        b"id,page,\n5,acme,\n",
        b"id,page\n5,acme,,\n",
        b'id,page\n5,"acme"\n6,a"b\n7,c"d\n',
    ],
    ids=["bom, crlf, semicolon", "tab, no newline", "empty lines", "empty line", "no name", "commas", "stray quotes"],
)
def test_reads_what_programs_write(read_csv: Reader, target: Path, content: bytes) -> None:
    read_csv(content)
    stored = pl.read_parquet(target)
    assert stored.row(0, named=True)[RECIPIENT] == "5"
    assert stored.row(0, named=True)[PAGE] == "acme"
    assert stored[RECIPIENT].to_list() == ["5", "6", "7"][: stored.height]
    assert rejects(target).is_empty()


def test_an_empty_line_is_no_row_but_counts_as_a_line(read_csv: Reader, target: Path) -> None:
    assert read_csv("id,page\n5,acme\n\n6,acme\n").rows == 2
    assert pl.read_parquet(target)[LINE].to_list() == [2, 4]


def test_stray_quotes_swallow_nobody(read_csv: Reader, target: Path) -> None:
    assert read_csv('id,size,page\n1,5" nail,x\n2,6" nail,y\n').usable == 2
    assert pl.read_parquet(target)["size"].to_list() == ['5" nail', '6" nail']


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"id,page\n", "no rows"),
        (b"id,page,page\n5,a,b\n", '2 columns named "page": columns 2 and 3'),
        (b"id,_line\n5,6\n", "_line"),
        (b"name\nAnn\n", "No column holds the recipient ids"),
        (b"PK\x03\x04rest", "no Excel workbook"),
        (b"PAR1rest", "damaged Parquet"),
        (b"id,page\nabc,acme\n", 'Line 2, column "id", "abc"'),
        (b'id,name\n5,"Ann\n6,Ben\n7,Cleo\n', "in line 2"),
        (b"id,last_inbound_at\n5,25/03/2026\n6,03/04/2026\n", '"03/04/2026" may be 3 April or 4 March'),
    ],
)
def test_refuses_and_leaves_nothing_behind(read_csv: Reader, target: Path, content: bytes, words: str) -> None:
    with pytest.raises(InputError) as refused:
        read_csv(content)
    assert words in str(refused.value)
    assert not target.parent.exists() or not list(target.parent.iterdir())


def test_refuses_a_file_that_is_not_there_and_a_zone_that_is_none(tmp_path: Path, read_csv: Reader) -> None:
    with pytest.raises(InputError, match="cannot be opened"):
        headers(tmp_path / "missing.csv")
    with pytest.raises(InputError, match="Mars/Olympus"):
        read_csv("id\n5\n", zone="Mars/Olympus")


def test_a_refused_file_leaves_the_stored_list_as_it_was(read_csv: Reader, target: Path) -> None:
    read_csv("id\n5\n")
    before = target.read_bytes()
    with pytest.raises(InputError):
        read_csv("id\nabc\n")
    assert target.read_bytes() == before


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("id,last_inbound_at\n5,2026-11-20T05:00:00\n6,2026-11-20T05:00:00Z\n", ["1 time in", "read as UTC"]),
        ("id,last_inbound_at\n5,2026-11-22T05:00:00Z\n", ["1 time in", "in the future, first in line 2"]),
        ("id,opted_out\n5,no\n6,stopped\n7,STOP\n", ["2 values", '"stopped"', "opted out"]),
        ("id,timezone\n5,Europe/Paris\n6,Paris\n", ["1 value", '"Paris"']),
        ("id\n" + "".join(f"178414{n:03}00000000\n" for n in range(100, 120)), ["20 ids of 20", "15th digit"]),
    ],
)
def test_warns_once_about_a_column(read_csv: Reader, content: str, words: list[str]) -> None:
    [warning] = read_csv(content, zone=None).warnings
    assert all(word in warning for word in words)


def test_zeros_at_chance_are_no_finding(read_csv: Reader) -> None:
    by_chance = "id\n" + "".join(f"{1784140000000000 + n}\n" for n in range(300))
    too_few = "id\n" + "".join(f"178414{n:03}00000000\n" for n in range(100, 119))
    assert read_csv(by_chance).warnings == []
    assert read_csv(too_few).warnings == []


def test_warns_where_the_clocks_change(read_csv: Reader) -> None:
    times = ["2026-10-25T02:30:00", "2026-03-29 02:30", "2026-10-25T02:30:00Z", "2026-03-28T02:30:00", "2026-03-29"]
    rows = "".join(f"{n},{time}\n" for n, time in enumerate(times, 1))
    [warning] = read_csv(f"id,last_inbound_at\n{rows}", zone="Europe/Paris").warnings
    assert warning.startswith("2 times")


def test_opted_out_and_zones_are_kept(read_csv: Reader, target: Path) -> None:
    read_csv("id,opted_out,timezone\n1,YES,Europe/Paris\n2,,\n3,f,Mars\n4,perhaps, Asia/Tokyo \n")
    stored = pl.read_parquet(target)
    assert stored["_opted_out"].to_list() == [True, False, False, True]
    assert stored[TIMEZONE].to_list() == ["Europe/Paris", None, None, "Asia/Tokyo"]


def test_the_digest_knows_bytes_and_how_they_are_read(read_csv: Reader) -> None:
    content = "id,psid\n5,6\n"
    first = read_csv(content).digest
    assert read_csv(content).digest == first
    others = [
        read_csv(content + "7,8\n"),
        read_csv(content, {"recipient_id": "id"}),
        read_csv(content, zone="Asia/Tokyo"),
    ]
    assert len({first, *(other.digest for other in others)}) == 4


def test_parquet_keeps_what_text_would_lose(read_frame: Reader, target: Path) -> None:
    noon = datetime(2026, 3, 4, 12, tzinfo=UTC)
    frame = pl.DataFrame(
        {
            "id": pl.Series([17841400000000123, 9007199254740993], dtype=pl.Int64),
            "last_inbound_at": pl.Series([noon, None]).dt.convert_time_zone("Asia/Tokyo"),
            "window_closes_at": [None, date(2026, 3, 5)],
            "points": [120.0, 0.5],
            "tags": [["a"], []],
            "": ["x", ""],
        }
    )
    reading = read_frame(frame)
    stored = pl.read_parquet(target)
    assert stored[RECIPIENT].to_list() == ["17841400000000123", "9007199254740993"]
    assert stored[INBOUND_AT].to_list() == [1772625600000, None]
    assert stored[CLOSES_AT].to_list() == [None, 1772668800000]
    assert stored["points"].to_list() == ["120", "0.5"]
    assert stored["column_6"].to_list() == ["x", None]
    assert stored[LINE].to_list() == [2, 3]
    assert ["tags" in warning for warning in reading.warnings] == [True]
    assert json.dumps(reading.columns)


def test_parquet_ids_as_fractions_are_refused(read_frame: Reader) -> None:
    with pytest.raises(InputError, match="decimal numbers"):
        read_frame(pl.DataFrame({"id": [1.7841400000000123e16]}))


def test_many_rows_keep_their_order(read_csv: Reader, target: Path) -> None:
    ids = [str(10**15 + n * 7919 % 300_007) for n in range(300_000)]
    content = "id,note\n" + "".join(f"{one},n\n" for one in ids)
    read_csv(content)
    assert pl.read_parquet(target)[RECIPIENT].to_list() == ids
    read_csv(content + "5\n")
    stored = pl.read_parquet(target)
    assert stored[RECIPIENT].to_list() == [*ids, None]
    assert stored[LINE].to_list() == list(range(2, 300_003))


def test_stray_quotes_swallow_nobody_in_a_long_list_either(read_csv: Reader) -> None:
    rows = "".join(f'{n},{n}" nail,x\n' for n in range(1, 50_001))
    assert read_csv(f"id,size,page\n{rows}").usable == 50_000


def test_more_zeros_than_chance_are_no_finding_until_they_are_many(read_csv: Reader) -> None:
    def ids(zeros: int) -> str:
        return "id\n" + "".join(f"{178414000000 + n}000{0 if n < zeros else 5}\n" for n in range(1000))

    assert read_csv(ids(250)).warnings == []
    [warning] = read_csv(ids(350)).warnings
    assert warning.startswith("350 ids of 1000")
    assert "about 100" in warning


def test_separators_are_counted_outside_quotes_across_blocks(tmp_path: Path) -> None:
    source = tmp_path / "list.csv"
    source.write_text('id,note\n5,"' + "a,b\n" * 300_000 + '"\n6,x\n')
    assert separators_outside_quotes(source, ",") == 3


def test_a_reading_with_fewer_rows_than_lines_is_not_believed(tmp_path: Path) -> None:
    source = tmp_path / "list.csv"
    source.write_text("id,page\n5,acme\n6,acme\n")
    short, whole = tmp_path / "short.parquet", tmp_path / "whole.parquet"
    pl.DataFrame({"id": ["5"], "page": ["acme"]}).write_parquet(short)
    pl.DataFrame({"id": ["5", "6"], "page": ["acme", "acme"]}).write_parquet(whole)
    layout, lines = Layout(source, ",", records=1, lines=1), census(source).lines
    assert not read_whole(short, ["id", "page"], layout, lines)
    assert read_whole(whole, ["id", "page"], layout, lines)


def test_what_a_killed_reading_left_is_removed_after_a_day(read_csv: Reader, target: Path) -> None:
    target.parent.mkdir()
    old, fresh, other = (target.parent / name for name in (".reading-a", f".{'a' * 32}.parquet", ".keep"))
    old_file = target.parent / f".{'b' * 32}.parquet"
    old.mkdir()
    for file in (old / "list.parquet", fresh, other, old_file):
        file.write_text("x")
    for stale in (old, other, old_file):
        os.utime(stale, (NOW / 1000 - 90_000,) * 2)
    os.utime(fresh, (NOW / 1000 - 80_000,) * 2)
    read_csv("id\n5\n")
    assert sorted(each.name for each in target.parent.iterdir()) == sorted([fresh.name, ".keep", "stored.parquet"])


def test_a_reading_after_a_killed_one_gives_the_same_list(tmp_path: Path, target: Path) -> None:
    source = tmp_path / "list.csv"
    source.write_text("id\n" + "".join(f"{n}\n" for n in range(1, 200_001)))
    code = (
        "import sys; from pathlib import Path; from campaigns.audience import read\n"
        "print(flush=True); read(Path(sys.argv[1]), Path(sys.argv[2]), {}, zone=None, now_ms=0)"
    )
    with subprocess.Popen([sys.executable, "-c", code, source, target], stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        while process.poll() is None and not list(target.parent.glob(".reading-*/*")):
            pass
        process.kill()
    again = [read(source, target, {}, zone=None, now_ms=NOW) for _ in range(2)]
    assert again[0] == again[1]
    assert pl.read_parquet(target).height == again[0].usable == 200_000


def test_ids_that_are_whole_in_every_kind_are_one_list(read_csv: Reader, target: Path) -> None:
    stored = []
    for content in (f"id\n{ID}\n", f'{{"id": {ID}}}\n', f'id\n="{ID}"\n', f"id\n'{ID}\n"):
        read_csv(content)
        stored.append(pl.read_parquet(target)[RECIPIENT].to_list())
    assert stored == [[ID]] * 4
