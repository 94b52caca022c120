"""The condition on an audience: which rows it keeps, and everything that it may not be."""

import polars as pl
import pytest

from campaigns.errors import InputError
from campaigns.policy.condition import _FUNCTIONS, condition

COLUMNS = ["city", "age", "First City", "left"]
ROWS = pl.DataFrame(
    {
        "city": ["Rome", "Oslo", None],
        "age": ["31", "many", ""],
        "First City": ["Ulm", "it's", "Bonn"],
        "left": ["a", "b", "c"],
    }
)


def kept(sql):
    return ROWS.select(condition(sql, COLUMNS)).to_series().to_list()


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("city = 'Rome'", [True, False, False]),
        ("NOT city = 'Rome'", [False, True, False]),
        ("city IS NULL", [False, False, True]),
        ("city in ('Rome', 'Oslo') AND \"First City\" = 'it''s'", [False, True, False]),
        ("CAST(age AS INT) > 30", [True, False, False]),
        ("upper(city) LIKE 'R%'", [True, False, False]),
        ("city ~ '^O'", [False, True, False]),
        ("left = 'b' OR LEFT(city, 1) = 'R'", [True, True, False]),
        ("CASE WHEN city = 'Rome' THEN false ELSE true END", [False, True, True]),
        ("'-- no comment' <> '/* nor this; */'", [True]),
    ],
)
def test_a_condition_keeps_the_rows_for_which_it_is_true(sql, rows):
    assert kept(sql) == rows


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("citi = 'Rome'", "Did you mean 'city'?"),
        ("\"first city\" = 'x'", "Did you mean 'First City'?"),
        ("zzzzz = 'x'", "Its columns: city, age, First City, left."),
        ("city", "not true or false"),
        ("age > 30", "CAST\\(column AS DOUBLE\\)"),
        ("", "cannot be used"),
        ("city =", "cannot be used"),
        ("city ~ '('", "regex"),
        ("COUNT(*) > 1", "uses COUNT"),
        ("MAX(age) = age", "uses MAX"),
        ("SUM(CAST(age AS INT)) OVER (PARTITION BY city) > 1", "uses SUM"),
        ("city IN (SELECT city FROM frame)", "names 'SELECT'"),
        ("EXISTS (SELECT 1)", "uses EXISTS"),
        ("city IN (read_csv('/etc/passwd'))", "uses read_csv"),
        ("COLUMNS('.*') = 'x'", "uses COLUMNS"),
        ("LEN(city) > 1", "Did you mean LENGTH?"),
        ("city = 'x'; DROP TABLE frame", "cannot be read at .; DROP"),
        ("city = 'x' -- '", "cannot be read at .--"),
        ("city /* ' */ = 'x'", "cannot be read at ./\\*"),
        ("city = E'x'", "cannot be read at"),
        ("frame.city = 'x'", "cannot be read at"),
        ("age::int > 3", "cannot be read at .::int"),
    ],
)
def test_everything_else_is_refused_with_a_sentence(sql, says):
    with pytest.raises(InputError, match=says):
        condition(sql, COLUMNS)


@pytest.mark.parametrize("function", sorted(_FUNCTIONS))
def test_every_function_on_the_list_works_on_one_row(function):
    for arguments in (
        "city",
        "city, 1",
        "city, 'R'",
        "city, 'R', 'B'",
        "CAST(age AS DOUBLE)",
        "CAST(age AS DOUBLE), 2",
    ):
        try:
            assert len(kept(f"{function}({arguments}) IS NOT NULL")) == ROWS.height
        except InputError:
            continue
        return
    pytest.fail(f"{function} cannot be called")
