"""Every ugly list: the rows add up, each unusable one has its line and its rule, and what was guessed is said."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from campaigns.audience import FIRST_LINE, duplicate_of, read, rejects
from campaigns.errors import InputError
from schemas.recipient_list import LINE, PAGE, RECIPIENT, RULE
from tests.campaigns import ugly

NOW = int(datetime(2026, 11, 21, 12, tzinfo=UTC).timestamp() * 1000)
FATES = {each.name: each for each in ugly.ALL}
READABLE = [name for name, each in FATES.items() if each.refused is None]
REFUSED = [name for name, each in FATES.items() if each.refused is not None]


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "lists" / "stored.parquet"


def written(name: str, folder: Path) -> Path:
    source = folder / name
    source.write_bytes(FATES[name].content)
    return source


def usable(target: Path) -> pl.DataFrame:
    rows = duplicate_of(pl.scan_parquet(target), [PAGE])
    return rows.filter(pl.col(RULE).is_null(), pl.col(FIRST_LINE) == pl.col(LINE)).collect()


@pytest.mark.parametrize("name", READABLE)
def test_every_row_has_its_fate(name: str, tmp_path: Path, target: Path) -> None:
    fate = FATES[name]
    reading = read(written(name, tmp_path), target, {}, zone=None, now_ms=NOW)
    wrong, right = rejects(target), usable(target)
    assert dict(wrong.select("line", "rule").iter_rows()) == fate.rejected
    assert right[RECIPIENT].to_list() == list(fate.usable)
    assert reading.rows == len(fate.usable) + len(fate.rejected)
    assert reading.duplicates == list(fate.rejected.values()).count("duplicate")
    assert reading.rows == reading.usable + reading.rejected + reading.duplicates
    if fate.names is not None:
        assert right["name"].to_list() == list(fate.names)
    assert all(sentence.endswith(".") for sentence in wrong["sentence"])


@pytest.mark.parametrize("name", READABLE)
def test_what_was_guessed_is_said(name: str, tmp_path: Path, target: Path) -> None:
    warnings = read(written(name, tmp_path), target, {}, zone=None, now_ms=NOW).warnings
    assert len(warnings) == len(FATES[name].warned), warnings
    for warning, words in zip(warnings, FATES[name].warned, strict=True):
        assert words in warning


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_decided_is_refused_and_leaves_nothing(name: str, tmp_path: Path, target: Path) -> None:
    with pytest.raises(InputError) as refused:
        read(written(name, tmp_path), target, {}, zone=None, now_ms=NOW)
    assert FATES[name].refused in str(refused.value)
    assert str(refused.value).endswith(".")
    assert list(target.parent.iterdir()) == []


@pytest.mark.parametrize("name", READABLE)
def test_strict_refuses_exactly_the_lists_with_a_row_too_many(name: str, tmp_path: Path, target: Path) -> None:
    fate = FATES[name]
    source = written(name, tmp_path)
    if not fate.rejected:
        assert read(source, target, {}, zone=None, now_ms=NOW, strict=True).usable == len(fate.usable)
        return
    with pytest.raises(InputError, match=f"Line {min(fate.rejected)}\\b"):
        read(source, target, {}, zone=None, now_ms=NOW, strict=True)
    assert list(target.parent.iterdir()) == []


def test_the_lists_can_be_written_for_people(tmp_path: Path) -> None:
    script = Path(ugly.__file__)
    subprocess.run([sys.executable, script, tmp_path / "lists"], check=True, capture_output=True)
    assert len(list((tmp_path / "lists").iterdir())) == len(ugly.ALL) >= 40
