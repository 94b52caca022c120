from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.audience.instants import both_readings, instant


def read(text: str, zone: str = "UTC") -> str | None:
    at = pl.DataFrame({"text": [text]}).select(instant(pl.col("text"), zone)).item()
    return None if at is None else datetime.fromtimestamp(at / 1000, UTC).isoformat()


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-04T05:06:07Z",
        "2026-03-04T05:06:07",
        "2026-03-04 05:06:07",
        "2026-03-04 05:06:07 UTC",
        "2026-03-04t05:06:07z",
        "2026-03-04T06:06:07+01:00",
        "2026-03-04 00:06:07 -0500",
        "2026-03-04T10:36:07.000+05:30",
        "1772600767",
        "1772600767000",
        "1772600767.0",
    ],
)
def test_reads_every_way_to_write_it(text: str) -> None:
    assert read(text) == "2026-03-04T05:06:07+00:00"


def test_reads_less_than_seconds_and_more() -> None:
    assert read("2026-03-04") == "2026-03-04T00:00:00+00:00"
    assert read("2026-03-04T05:06") == "2026-03-04T05:06:00+00:00"
    assert read("2026-03-04T05:06:07,25Z") == "2026-03-04T05:06:07.250000+00:00"


@pytest.mark.parametrize(
    "text",
    [
        "03/04/2026",
        "4.3.2026",
        "soon",
        "20260304",
        "2026-02-30",
        "2026-03-04T25:00:00Z",
        "1.7E+12",
        "-1772600767",
        "2026-3-4T05:06:07Z",
        "1772600767000000",
        "2026-03-04T05:06:07+25:00",
    ],
)
def test_does_not_guess(text: str) -> None:
    assert read(text) is None


def test_without_a_zone_the_given_one_counts() -> None:
    assert read("2026-07-04T05:06:07", "Europe/Paris") == "2026-07-04T03:06:07+00:00"
    assert read("2026-07-04T05:06:07Z", "Europe/Paris") == "2026-07-04T05:06:07+00:00"
    assert read("2026-07-04", "Asia/Kolkata") == "2026-07-03T18:30:00+00:00"


def test_an_hour_that_comes_twice_is_the_first() -> None:
    assert read("2026-10-25 02:30:00", "Europe/Paris") == "2026-10-25T00:30:00+00:00"


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("2026-03-29T02:30:00", "Europe/Paris", "2026-03-29T01:30:00+00:00"),
        ("2026-10-04T02:15:00", "Australia/Lord_Howe", "2026-10-03T15:45:00+00:00"),
        ("2011-12-30T10:00", "Pacific/Apia", "2011-12-30T20:00:00+00:00"),
    ],
)
def test_an_hour_that_is_skipped_is_read_as_later(text: str, zone: str, expected: str) -> None:
    assert read(text, zone) == expected


@given(
    st.lists(st.datetimes(min_value=datetime(1980, 1, 1), max_value=datetime(2100, 1, 1)), min_size=1, max_size=5),  # noqa: DTZ001 - a wall clock
    st.data(),
)
def test_a_mixed_column_reads_like_its_cells(walls: list[datetime], data: st.DataObject) -> None:
    forms = st.sampled_from(["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S+0000", "%s"])
    cells = [wall.replace(microsecond=0, tzinfo=UTC).strftime(data.draw(forms)) for wall in walls]
    got = pl.DataFrame({"text": cells}).select(instant(pl.col("text"), "UTC"))["text"].to_list()
    assert got == [int(wall.replace(microsecond=0, tzinfo=UTC).timestamp()) * 1000 for wall in walls]


def test_names_both_readings() -> None:
    assert both_readings("03/04/2026") == '"03/04/2026" may be 3 April or 4 March'
