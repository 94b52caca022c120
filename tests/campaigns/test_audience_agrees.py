"""The streaming reader against one that a person would write in ten minutes."""

import csv
import io
import re
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
from hypothesis import given, settings

from campaigns.audience import FIRST_LINE, duplicate_of, read, rejects
from schemas.recipient_list import INBOUND_AT, LINE, OPTED_OUT, PAGE, RECIPIENT, RULE
from tests.strategies import lists

NO = {"", "false", "0", "no", "n", "f"}


def naive_rule(row: list[str], width: int) -> str | None:
    if len(row) < width or any(cell.strip() for cell in row[width:]):
        return "ragged"
    recipient = row[0].strip()
    if not re.fullmatch(r"[1-9][0-9]{0,31}", recipient):
        damaged = re.fullmatch(r"[+-]?[0-9]+([.,][0-9]*)?([eE][+-]?[0-9]+)?", recipient)
        return "damaged_id" if damaged and not recipient.isdigit() else "bad_id"
    return None if not row[2].strip() or naive_time(row[2]) is not None else "bad_time"


def naive_time(text: str) -> int | None:
    text = text.strip()
    if re.fullmatch(r"\d{9,14}", text):
        return int(text) * (1000 if len(text) < 12 else 1)
    if not re.match(r"\d{4}-", text):
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return round((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp() * 1000)


def naive(content: bytes) -> list[tuple]:
    """Line, rule, recipient, page, time, opted out, first line of every row."""
    text = content.decode("utf-8-sig")
    separator = next(s for s in ",;\t" if s in text.splitlines()[0])
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    header = next(reader)
    seen: dict[tuple, int] = {}
    answer, last = [], 1
    for row in reader:
        line, last = last + 1, reader.line_num
        if not row:
            continue
        rule = naive_rule(row, len(header))
        recipient = row[0].strip() if rule in {None, "bad_time"} else None
        page = (row[1].strip() or None) if len(row) > 1 else None
        first = seen.setdefault((page, recipient), line) if rule is None else line
        time = naive_time(row[2]) if len(row) > 2 else None
        out = row[3].strip().lower() not in NO if len(row) > 3 else False
        answer.append((line, rule, recipient, page, time, out, first))
    return answer


@settings(max_examples=150, deadline=None)
@given(content=lists())
def test_agrees_with_the_naive_reader(content: bytes) -> None:
    with TemporaryDirectory() as folder:
        source, target = Path(folder) / "list.csv", Path(folder) / "stored.parquet"
        source.write_bytes(content)
        reading = read(source, target, {}, zone="UTC", now_ms=2_000_000_000_000)
        names = (LINE, RULE, RECIPIENT, PAGE, INBOUND_AT, OPTED_OUT, FIRST_LINE)
        stored = duplicate_of(pl.scan_parquet(target), [PAGE]).select(names).collect().rows()
        wrong = rejects(target)["line"].to_list()
    expected = naive(content)
    repeated = [row[0] for row in expected if row[6] != row[0]]
    rejected = [row[0] for row in expected if row[1]]
    assert stored == expected
    assert (reading.rows, reading.rejected, reading.duplicates) == (len(expected), len(rejected), len(repeated))
    assert reading.rows == reading.usable + reading.rejected + reading.duplicates
    assert wrong == sorted(rejected + repeated)
