"""One page of a table: what is shown of what was found, and where the next one begins."""

import pytest

from campaigns.web.dashboard.table import Slice, counted


@pytest.mark.parametrize(
    ("found", "rows", "following"), [("", [], None), ("ab", ["A", "B"], None), ("abc", ["A", "B"], "b")]
)
def test_one_more_than_the_limit_says_that_there_is_another_page(found, rows, following):
    made = Slice.of(list(found), 2, lambda last: last, show=str.upper)
    assert (made.rows, made.next) == (rows, following)


def test_what_is_counted_goes_on_behind_all_that_was_shown():
    fetch = counted(lambda start, most, filters: filters["of"][start : start + most])
    assert fetch(None, 2, {"of": "abcde"}) == Slice(["a", "b"], 2)
    assert fetch(2, 2, {"of": "abcde"}) == Slice(["c", "d"], 4)
    assert fetch(4, 2, {"of": "abcde"}) == Slice(["e"])


def test_what_was_found_is_shown_as_it_is_unless_said_otherwise():
    assert Slice.of([3, 2, 1], 2, lambda last: last) == Slice([3, 2], 2)
