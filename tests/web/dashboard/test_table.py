"""One page of a table: what is shown of what was found, and where the next one begins."""

import pytest

from campaigns.web.dashboard.table import Slice


@pytest.mark.parametrize(
    ("found", "rows", "following"), [("", [], None), ("ab", ["A", "B"], None), ("abc", ["A", "B"], "b")]
)
def test_one_more_than_the_limit_says_that_there_is_another_page(found, rows, following):
    made = Slice.of(list(found), 2, lambda last: last, show=str.upper)
    assert (made.rows, made.next) == (rows, following)


def test_what_was_found_is_shown_as_it_is_unless_said_otherwise():
    assert Slice.of([3, 2, 1], 2, lambda last: last) == Slice([3, 2], 2)
