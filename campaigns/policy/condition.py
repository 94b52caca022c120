"""The condition that a campaign file puts on its audience: one SQL expression over the columns of the list.

It is read word by word before polars sees it, and every word must be known: a column, a function of one row, a keyword
or a type. What is not on these lists (files, subqueries, aggregates, windows, comments) cannot be written.
"""

import difflib
import re
from collections.abc import Sequence

import polars as pl

from campaigns.errors import InputError

_KEYWORDS = frozenset(
    (
        *("AND", "OR", "NOT", "IN", "IS", "NULL", "LIKE", "ILIKE", "BETWEEN", "TRUE", "FALSE"),
        *("CASE", "WHEN", "THEN", "ELSE", "END", "AS", "CAST", "TRY_CAST"),
    )
)
_TYPES = frozenset(("INT", "INTEGER", "BIGINT", "DOUBLE", "FLOAT", "REAL", "VARCHAR", "TEXT", "STRING", "BOOLEAN"))
_FUNCTIONS = frozenset(
    (
        *("LOWER", "UPPER", "LENGTH", "TRIM", "LTRIM", "RTRIM", "LEFT", "RIGHT", "SUBSTR", "REPLACE", "CONCAT"),
        *("COALESCE", "NULLIF", "IFNULL", "STARTS_WITH", "ENDS_WITH", "REGEXP_LIKE"),
        *("ABS", "ROUND", "FLOOR", "CEIL", "MOD", "GREATEST", "LEAST"),
    )
)
_KNOWN = _KEYWORDS | _TYPES | _FUNCTIONS

# A comment would let polars read as words what is read as a string here; so would a prefix such as E'…'.
_TOKEN = re.compile(
    r"""(?P<space>\s+)
    | (?P<string>(?<!\w)'(?:[^']|'')*')
    | (?P<quoted>(?<!\w)"(?:[^"]|"")+")
    | (?P<number>\d+(?:\.\d+)?(?!\w))
    | (?P<word>[^\W\d]\w*)
    | (?P<sign>(?!--|/\*|//)(?:<=|>=|<>|!=|\|\||[=<>+\-*/%(),~]))""",
    re.VERBOSE,
)
_CALL = re.compile(r"\s*\(")
_KEY = "audience.where"
_AS_NUMBERS = "Cells are text; to compare numbers write CAST(column AS DOUBLE) > 5."


def condition(sql: str, columns: Sequence[str]) -> pl.Expr:
    """Return a Boolean over a list with these String columns, never null: a blank cell makes no comparison true.

    A cell that CAST cannot read counts as blank. Raises InputError.
    """
    words = "".join(_word(token, columns) for token in _tokens(sql))
    sample = pl.DataFrame({column: [""] for column in columns})
    try:
        found = pl.sql_expr(words)
        judged = sample.select(found.alias(_KEY)).to_series()
    except pl.exceptions.PolarsError as error:
        said = str(error).partition("\n")[0].rstrip(":. ")
        raise InputError(f"{_KEY} = {sql!r} cannot be used: {said}. {_AS_NUMBERS}") from error
    if judged.dtype != pl.Boolean:
        raise InputError(f"{_KEY} = {sql!r} is not true or false. Compare something, as in city = 'Rome'.")
    return found.fill_null(value=False)


def _tokens(sql: str) -> list[re.Match[str]]:
    found, at = [], 0
    while at < len(sql):
        token = _TOKEN.match(sql, at)
        if token is None:
            raise InputError(
                f"{_KEY} cannot be read at {sql[at : at + 10]!r}. Write one comparison of columns, texts in single "
                "quotes, as in city = 'Rome' AND plan <> 'free'."
            )
        found.append(token)
        at = token.end()
    return found


def _word(token: re.Match[str], columns: Sequence[str]) -> str:
    """Return a token as polars shall read it; raises InputError for a word that is none of ours."""
    said = token[0]
    if token.lastgroup == "quoted":
        check_column(said[1:-1].replace('""', '"'), columns)
    if token.lastgroup != "word":
        return said
    if _CALL.match(token.string, token.end()):
        return _function(said)
    if said in columns:
        return f'"{said}"'
    if said.upper() not in _KEYWORDS | _TYPES:
        check_column(said, columns)
    return said


def _function(said: str) -> str:
    name = said.upper()
    if name == "CAST":
        # One odd cell among a million must not stop the campaign.
        return "TRY_CAST"
    if name not in _KNOWN:
        near = difflib.get_close_matches(name, _FUNCTIONS, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"These may be used: {', '.join(sorted(_FUNCTIONS))}."
        raise InputError(f"{_KEY} uses {said}(…), which is not there. {hint}")
    return said


def check_column(name: str, columns: Sequence[str], key: str = _KEY) -> None:
    """Raise InputError, with the nearest name, where `key` of a campaign file names no column of the list."""
    if name in columns:
        return
    lower = {column.lower(): column for column in columns}
    near = difflib.get_close_matches(name.lower(), lower, n=1, cutoff=0.5)
    hint = f"Did you mean {lower[near[0]]!r}?" if near else f"Its columns: {', '.join(columns)}."
    raise InputError(f"{key} names {name!r}, which is no column of the list. {hint}")
