"""What a text may say, what a blank cell does to it, and that polars writes what Jinja writes."""

import unicodedata

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from campaigns import template
from campaigns.errors import InputError
from campaigns.template.expression import WHITESPACE, present


def test_variables_stand_in_order_of_first_use():
    compiled = template.compile("{{ b }} {{ a | default(c) }} {{ b | upper }} {{ a }}")
    assert compiled.variables == ("b", "a", "c")


@pytest.mark.parametrize(
    ("text", "optional"),
    [
        ("{{ a | default('x') }} {{ b }}", ("a",)),
        ("{{ a | default('x') }} {{ a }}", ()),
        ("{{ a | default(b) }}", ("a",)),
        ("{{ a | default(b) | default('x') }}", ("a", "b")),
        ("{% if a %}x{% else %}y{% endif %}", ("a",)),
        ("{% if a is defined and not b %}x{% endif %}y", ("a", "b")),
        ("{% if a == 'gold' %}x{% endif %}y", ()),
        ("{% if a %}{{ a }}{% endif %}y", ()),
    ],
)
def test_optional_variables_are_those_that_may_be_blank_everywhere(text, optional):
    assert template.compile(text).optional == optional


@pytest.mark.parametrize("blank", [None, "", "  ", "\t\n", "\u00a0", "\u001f"])
def test_a_blank_cell_takes_the_default_or_stops_the_text(blank):
    assert template.compile("Hi {{ name | default('there') }}").render([blank]) == "Hi there"
    with pytest.raises(template.Blank) as caught:
        template.compile("Hi {{ first }} {{ last }}").render(["Ann", blank])
    assert caught.value.variable == "last"


def test_cells_are_written_as_they_are():
    assert template.compile("<{{ a }}>").render(["  x <b> {{ y }} "]) == "<  x <b> {{ y }} >"


def test_a_text_that_comes_out_blank_counts_as_blank():
    compiled = template.compile("{{ a | default('') }} {{ b | default(' ') }}")
    assert compiled.render(["x", None]).startswith("x")
    with pytest.raises(template.Blank) as caught:
        compiled.render([None, None])
    assert caught.value.variable == "a"


def test_a_blank_cell_is_false_in_a_condition():
    compiled = template.compile(
        "{% if name %}Hi {{ name }}{% elif nick is defined %}{{ nick }}{% else %}Hello{% endif %}"
    )
    assert [compiled.render(row) for row in (["Ann", None], [" ", "A."], [None, None])] == ["Hi Ann", "A.", "Hello"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Hi\n{{ name", r"line 2, '\{\{ name': `\{\{` is not closed with `\}\}`\.$"),
        ("Hi {{ name, how are\nyou?", r"line 1, .*: `\{\{` is not closed with `\}\}`\.$"),
        ("Hi {{ name } of {{ city }}", r"`\{\{` is not closed with `\}\}`\.$"),
        ("Hi {% if name }you{% endif %}", r"`\{%` is not closed with `%\}`\.$"),
        ("Hi {{ first name }}", r"one variable, written as one word, and filters after `\|`\.$"),
        ("Hi {% if name %}you", r"needs to be closed is 'if'\.$"),
        ("Hi {{ name | uper }}", r"\(did you mean 'upper'\?\)\.$"),
        ("{{ name | pprint }}", "use one of"),
        ("{{ name.__class__ }}", "not allowed"),
        ("{{ name['x'] }}", "not allowed"),
        ("{{ name() }}", "not allowed"),
        ("{{ 'x' * 9 }}", "not allowed"),
        ("{% for c in name %}x{% endfor %}", "not allowed"),
        ("{% set a = 'b' %}", "not allowed"),
        ("{% include 'x' %}", "not allowed"),
        ("{% filter upper %}x{% endfilter %}", "not allowed"),
        ("{{ name is odd }}", "no test 'odd'"),
        ("{{ self }}", "rename the column"),
        ("{{ _line }}", "rename the column"),
        ("{{ name | upper | default('x') }}", "directly after the variable"),
        ("{{ name | default }}", "takes default_value"),
        ("{{ name | default(3) }}", "text in quotes or another variable"),
        ("{{ name | default(nick | upper) }}", "text in quotes or another variable"),
        ("{{ name | upper(1) }}", "takes no arguments"),
        ("{{ name | upper(*x) }}", "not allowed|takes no arguments"),
        ("{{ name | truncate(width) }}", "fixed values"),
        ("{{ name | truncate(2) }}", "not below the length"),
        ("{{ name | truncate('9') }}", "whole number"),
        ("{{ name | truncate(9, length=8) }}", "takes length"),
        ("{{ name | replace('', 'x') }}", "not empty"),
        ("{{ name | replace('a') }}", "takes old, new"),
        ("{{ 'x' if name }}", "no else"),
        ("{% if age > '3' %}x{% endif %}", "only == and !="),
        ("{% if age == 3 %}x{% endif %}", "in quotes"),
        ("{{ " + "(" * 3000 + "a" + ")" * 3000 + " }}", "too deeply"),
    ],
)
def test_what_is_no_text_is_refused_with_what_to_do(text, says):
    with pytest.raises(InputError, match=says):
        template.compile(text)


def test_a_refusal_shows_the_line():
    with pytest.raises(InputError, match=r"line 2, 'dear \{\{ name \| uper \}\}'"):
        template.compile("Hello,\n  dear {{ name | uper }}")


def test_a_letter_shares_its_variables_among_its_parts():
    letter = template.letter(["Hi {{ a }}", "{{ b }} and {{ a }}"])
    assert letter.variables == ("a", "b")
    assert letter.render(["x", "y"]) == ("Hi x", "y and x")


def test_blank_means_the_same_to_polars_and_to_python():
    assert {char for char in map(chr, range(0x110000)) if char.isspace()} == set(WHITESPACE)
    cells = pl.Series(["", " a ", *WHITESPACE, None, "\u200b"], dtype=pl.String)
    assert pl.select(present(pl.lit(cells))).to_series().to_list()[2:] == [None] * len(WHITESPACE) + [
        None,
        "\u200b",
    ]


# Letters whose upper or lower case came with a later Unicode than Python 3.11's are cased by one side only.
_NEWER = "\u019b\u0264"
_CELLS = st.none() | st.text(st.characters(exclude_categories=["Cs", "Cn"], exclude_characters=_NEWER), max_size=12)
_WORDS = st.text(st.sampled_from("abß Σ\n!é"), max_size=5)
_VARIABLES = st.sampled_from("abc")


@st.composite
def _defaults(draw):
    return f"default({draw(_VARIABLES)})" if draw(st.booleans()) else f"default({draw(_WORDS)!r})"


_FILTERS = st.sampled_from(
    [
        "upper",
        "lower",
        "trim",
        "title",
        "capitalize",
        "truncate(4)",
        "truncate(3, leeway=0)",
        "truncate(2, true, '…', 0)",
        "replace('a', 'bb')",
        "replace(' ', '')",
    ]
)


@st.composite
def _outputs(draw):
    steps = [draw(_VARIABLES), *draw(st.lists(_defaults(), max_size=2)), *draw(st.lists(_FILTERS, max_size=2))]
    chain = " | ".join(steps)
    return "{{ " + (f"{chain} ~ {draw(_VARIABLES)}" if draw(st.booleans()) else chain) + " }}"


_CONDITIONS = st.sampled_from(
    ["{% if 'a' == 'b' %}x{% endif %}", "{% if a %}yes{% endif %}", "{% if b == 'b' %}{{ c }}{% else %}no{% endif %}"]
)
_TEXTS = st.lists(_WORDS | _outputs() | _CONDITIONS, min_size=1, max_size=4).map("".join)


def _one_by_one(compiled, row):
    try:
        return compiled.render([row[name] for name in compiled.variables])
    except template.Blank:
        return None


@given(_TEXTS, st.lists(st.fixed_dictionaries(dict.fromkeys("abc", _CELLS)), min_size=1, max_size=4))
@example("{{ a | lower }}", [{"a": "ΑΣ", "b": None, "c": None}])
@example("{{ a | truncate(5) }}", [{"a": "one two", "b": None, "c": None}])
@example("{{ a | truncate(5) }}", [{"a": "one two three four", "b": None, "c": None}])
def test_polars_writes_what_jinja_writes(text, rows):
    compiled = template.compile(text)
    frame = pl.DataFrame(rows, schema=dict.fromkeys("abc", pl.String))
    cells = {name: present(pl.col(name)) for name in "abc"}
    written = frame.with_columns(text=compiled.column(cells))["text"].to_list()
    assert written == [_one_by_one(compiled, row) for row in rows]


@pytest.mark.parametrize(
    ("text", "native"),
    [
        ("Hi {{ a | default('x') | upper }}, {{ b | truncate(9) | trim ~ a | replace('q', 'k') | lower }}", True),
        ("plain", True),
        ("Hi {{ a | title }}", False),
        ("{% if a %}x{% endif %}", False),
    ],
)
def test_literals_variables_and_simple_filters_need_no_python(text, native):
    cells = {name: pl.col(name) for name in "ab"}
    assert (template.compile(text).expression(cells) is not None) is native


def test_the_left_out_letters_are_known_to_python_but_not_their_case():
    assert all(unicodedata.category(char) == "Ll" and char.upper() == char for char in _NEWER)
