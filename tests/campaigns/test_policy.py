"""What a message may not be, and the one reason that everyone gets who does not get it."""

import json
from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns import template
from campaigns.errors import InputError
from campaigns.policy import limits
from campaigns.policy.findings import findings
from campaigns.policy.screening import screen
from schemas import recipient_list as stored
from schemas import screened
from schemas.campaign_page import CampaignPage
from schemas.message import Message, Part, QuickReply
from schemas.page import Channel

INSTAGRAM, MESSENGER = Channel.INSTAGRAM, Channel.MESSENGER
TODAY = date(2026, 11, 21)
START, MARGIN, DAY = 1_800_000_000_000, 300_000, 86_400_000

ACME = CampaignPage(1, 1, "acme", "17841", INSTAGRAM, 36.0, "page acme")
ALIAS = CampaignPage(2, 1, "acme-shop", "17841", INSTAGRAM, 36.0, "page acme-shop")
OTHER = CampaignPage(3, 3, "other", "998", MESSENGER, 36.0, "page other")
PAGES = [ACME, ALIAS, OTHER]

DTYPES = {
    stored.LINE: pl.Int64,
    stored.RECIPIENT: pl.String,
    stored.PAGE: pl.String,
    stored.CLOSES_AT: pl.Int64,
    stored.INBOUND_AT: pl.Int64,
    stored.OPTED_OUT: pl.Boolean,
    stored.TIMEZONE: pl.String,
    stored.RULE: pl.String,
    stored.COLUMN: pl.String,
    stored.VALUE: pl.String,
    "name": pl.String,
    "First City": pl.String,
}
USUAL = dict.fromkeys(DTYPES) | {stored.OPTED_OUT: False, stored.INBOUND_AT: START, "name": "Ann", "First City": "Rome"}


def _row(line=2, recipient="101", **given):
    names = {"page": stored.PAGE, "closes": stored.CLOSES_AT, "inbound": stored.INBOUND_AT, "rule": stored.RULE}
    names |= {"opted_out": stored.OPTED_OUT, "city": "First City", "name": "name"}
    return (
        USUAL | {stored.LINE: line, stored.RECIPIENT: recipient} | {names[key]: value for key, value in given.items()}
    )


def _screen(rows, texts=("Hi {{ name }}",), *, own_page=1, suppressed=(), mode="strict"):
    frame = screen(
        pl.LazyFrame(rows, schema=DTYPES),
        template.letter(texts),
        PAGES,
        own_page=own_page,
        suppressed=pl.LazyFrame(suppressed, schema={"recipient_id": pl.String, "sender_id": pl.Int64}, orient="row"),
        start_ms=START,
        margin_ms=MARGIN,
        policy=mode,
    )
    return frame.collect().sort(stored.LINE)


def _reasons(rows, **settings):
    return _screen(rows, **settings)[screened.REASON].to_list()


def _message(text="Hi", *replies, tag=None):
    return Message(parts=(Part(text=text, quick_replies=replies),), tag=tag)


class TestFindings:
    def test_a_plain_message_has_none(self):
        assert findings(_message("Hi", QuickReply(title="Yes")), {INSTAGRAM, MESSENGER}, TODAY) == []

    @pytest.mark.parametrize("name", ["ACCOUNT_UPDATE", "CONFIRMED_EVENT_UPDATE", "POST_PURCHASE_UPDATE"])
    def test_retired_tags_are_refused_from_the_day_they_ended(self, name):
        tagged = _message(tag=name)
        assert findings(tagged, {MESSENGER}, date(2026, 4, 26)) == []
        with pytest.raises(InputError, match="since 2026-04-27"):
            findings(tagged, {MESSENGER}, date(2026, 4, 27))
        with pytest.raises(InputError, match="never allowed on Instagram"):
            findings(tagged, {INSTAGRAM}, date(2026, 4, 26))

    @pytest.mark.parametrize(
        ("message", "says"),
        [
            (_message(tag="HUMAN_AGENT"), "person's own answers"),
            (_message(tag="CUSTOMER_FEEDBACK"), "feedback template"),
            (_message(tag="HUMAN_AGNET"), "Did you mean HUMAN_AGENT"),
            (_message(tag="x"), "no message tag 'x'"),
            (_message(" \n"), "text of the message is empty"),
            (Message(parts=(Part(text="a"), Part(text=""))), "text of part 2 is empty"),
            (_message("a", *[QuickReply(title=str(n)) for n in range(14)]), "14 quick replies"),
            (_message("a", QuickReply(title=" ")), "has no title"),
            (_message("a", QuickReply(title="b", payload="p" * 1001)), "1001 characters"),
            (_message("a", QuickReply(title="t" * 21)), "Messenger takes 20"),
        ],
    )
    def test_what_the_platforms_refuse_is_refused_before(self, message, says):
        with pytest.raises(InputError, match=says):
            findings(message, {MESSENGER}, TODAY)

    def test_the_edges_are_allowed(self):
        replies = [QuickReply(title=f"{n:020}", payload="p" * 1000) for n in range(13)]
        assert findings(_message("a", *replies), {MESSENGER, INSTAGRAM}, TODAY) == []

    def test_what_is_odd_is_said(self):
        parts = (Part(text="a", quick_replies=(QuickReply(title="y" * 21),)), Part(text="b"))
        cut, lost = findings(Message(parts=parts), {INSTAGRAM}, TODAY)
        assert repr("y" * 20) in cut
        assert "part 1 disappear" in lost

    def test_equal_titles_are_said(self):
        twins = _message("a", QuickReply(title="Yes", payload="1"), QuickReply(title="Yes", payload="2"))
        assert "'Yes'" in findings(twins, {MESSENGER}, TODAY)[0]

    def test_every_limit_names_its_source(self):
        assert all(limit.source.startswith("https://") for limit in [*limits.TEXT.values(), *limits.TAGS.values()])


class TestWindow:
    @pytest.mark.parametrize(
        ("given", "mode", "reason"),
        [
            ({"inbound": START + MARGIN + 1 - DAY}, "strict", None),
            ({"inbound": START + MARGIN - DAY}, "strict", "window_closed"),
            ({"inbound": START + MARGIN - DAY}, "provider", "window_closed"),
            ({"inbound": START, "closes": START + MARGIN}, "strict", "window_closed"),
            ({"inbound": START - 9 * DAY, "closes": START + MARGIN + 1}, "strict", None),
            ({"inbound": None}, "strict", "window_never_opened"),
            ({"inbound": None}, "provider", None),
        ],
    )
    def test_it_must_be_known_and_open_at_the_start(self, given, mode, reason):
        assert _reasons([_row(**given)], mode=mode) == [reason]

    def test_the_end_is_the_closing_less_the_margin(self):
        frame = _screen([_row(inbound=START), _row(3, "102", closes=START + DAY + 5), _row(4, "103", inbound=None)])
        assert frame[screened.CLOSING].to_list() == [START + DAY, START + DAY + 5, None]
        assert frame[screened.EFFECTIVE].to_list() == [START + DAY - MARGIN, START + DAY + 5 - MARGIN, None]


class TestPages:
    def test_a_row_goes_to_the_page_it_names_or_to_the_campaigns_own(self):
        rows = [_row(2, "1", page="other"), _row(3, "2"), _row(4, "3", page="998"), _row(5, "4", page="acme-shop")]
        frame = _screen(rows)
        assert frame[screened.PAGE_ID].to_list() == [3, 1, 3, 2]
        assert frame[screened.SENDER_ID].to_list() == [3, 1, 3, 1]

    def test_a_page_nobody_knows_rejects_the_row(self):
        frame = _screen([_row(page="who"), _row(3, "102", rule="bad_id"), _row(4, "103")], own_page=None)
        assert frame[stored.RULE].to_list() == ["wrong_page", "bad_id", "wrong_page"]
        assert frame[screened.REASON].to_list() == [None] * 3

    def test_one_account_under_two_names_is_one_sender(self):
        rows = [_row(2), _row(3, page="acme-shop"), _row(4, page="other")]
        assert _reasons(rows) == [None, "duplicate", None]


class TestPeople:
    def test_the_first_line_counts_whatever_the_order_of_rows(self):
        assert _reasons([_row(9), _row(2), _row(5)]) == [None, "duplicate", "duplicate"]

    def test_an_opt_out_on_any_line_is_the_persons(self):
        assert _reasons([_row(2), _row(3, opted_out=True)]) == ["opted_out", "duplicate"]

    def test_a_rejected_row_repeats_nobody(self):
        assert _reasons([_row(2, rule="bad_id"), _row(3)]) == [None, None]

    def test_ids_are_compared_as_text(self):
        ids = ["1", "01", "+1", "1" * 25, "1" * 24 + "2", "1" * 25]
        assert _reasons([_row(line, text) for line, text in enumerate(ids, 2)]) == [None] * 5 + ["duplicate"]

    @pytest.mark.parametrize(
        ("suppressed", "reasons"),
        [
            ([("101", 0)], ["opted_out", "opted_out"]),
            ([("101", 1)], ["opted_out", None]),
            ([("101", 3), ("101", 3), ("101", 0)], ["opted_out", "opted_out"]),
            ([("101", 2), ("102", 1), ("0101", 0)], [None, None]),
        ],
    )
    def test_a_suppression_holds_for_one_account_or_all(self, suppressed, reasons):
        assert _reasons([_row(2), _row(3, page="other")], suppressed=suppressed) == reasons


class TestText:
    @pytest.mark.parametrize(
        ("page", "name", "reason"),
        [
            ("acme", "é" * 500, None),
            ("acme", "é" * 500 + "x", "text_too_long"),
            ("acme", "🎉" * 250, None),
            ("acme", "🎉" * 251, "text_too_long"),
            ("other", "🎉" * 2000, None),
            ("other", "x" * 2001, "text_too_long"),
        ],
    )
    def test_the_rendered_text_is_measured_in_the_channels_unit(self, page, name, reason):
        assert _reasons([_row(page=page, name=name)], texts=["{{ name }}"]) == [reason]

    def test_every_part_is_looked_at(self):
        assert _reasons([_row(name="x" * 1001)], texts=["short", "{{ name }}"]) == ["text_too_long"]
        assert _reasons([_row(name=" ")], texts=["short", "Hi {{ name }}"]) == ["blank_variable"]

    def test_a_text_that_polars_cannot_write_is_screened_too(self):
        rows = [_row(name="ann"), _row(3, "102", name=None), _row(4, "103", name="x" * 999)]
        assert _reasons(rows, texts=["Hi {{ name | title }}"]) == [None, "blank_variable", "text_too_long"]

    def test_variables_are_kept_as_json_in_order(self):
        frame = _screen([_row(name='a"\\\n\u0001é', city="  ")], texts=["{{ first_city | default('x') }} {{ name }}"])
        assert json.loads(frame[screened.VARIABLES][0]) == [None, 'a"\\\n\u0001é']
        assert frame[f"{screened.BLANK}first_city"].to_list() == [True]
        assert _screen([_row()], texts=["plain"])[screened.VARIABLES].to_list() == ["[]"]

    def test_a_variable_without_a_column_is_refused_with_the_nearest(self):
        with pytest.raises(InputError, match="Did you mean name"):
            _screen([_row()], texts=["{{ nmae | default('x') }}"])

    def test_our_own_columns_are_no_variables(self):
        with pytest.raises(InputError, match="no such column"):
            _screen([_row()], texts=["{{ recipient }}"])


_rows = st.lists(
    st.fixed_dictionaries(
        {
            "recipient": st.sampled_from(["101", "102", "103"]),
            "page": st.sampled_from([None, "acme", "acme-shop", "other", "17841", "nobody"]),
            "inbound": st.sampled_from([None, START - DAY, START]),
            "closes": st.sampled_from([None, None, START, START + DAY]),
            "opted_out": st.booleans(),
            "rule": st.sampled_from([None, None, None, "bad_id"]),
            "name": st.sampled_from([None, " ", "Ann", "x" * 1001, "x" * 2001]),
        }
    ),
    max_size=8,
)
_suppressed = st.lists(st.tuples(st.sampled_from(["101", "102"]), st.sampled_from([0, 1, 3])), max_size=2)
_SENDERS = {None: 1, "acme": 1, "acme-shop": 1, "17841": 1, "other": 3}
_LONGEST = {1: 1000, 3: 2000}


def _expected(rows, suppressed, mode):
    """Say the same in plain Python, row by row: (rejected, reason)."""
    people = [
        None if row["rule"] or row["page"] == "nobody" else (_SENDERS[row["page"]], row["recipient"]) for row in rows
    ]
    for index, (row, person) in enumerate(zip(rows, people, strict=True)):
        if person is None:
            yield True, None
            continue
        same = [other for other, who in zip(rows, people, strict=True) if who == person]
        inbound = None if row["inbound"] is None else row["inbound"] + DAY
        closing = row["closes"] if row["closes"] is not None else inbound
        if person in people[:index]:
            yield False, "duplicate"
        elif any(other["opted_out"] for other in same) or {(person[1], 0), (person[1], person[0])} & set(suppressed):
            yield False, "opted_out"
        elif closing is None and mode == "strict":
            yield False, "window_never_opened"
        elif closing is not None and closing - MARGIN <= START:
            yield False, "window_closed"
        elif not (row["name"] or "").strip():
            yield False, "blank_variable"
        else:
            yield False, "text_too_long" if len(row["name"]) > _LONGEST[person[0]] else None


@given(_rows, _suppressed, st.sampled_from(["strict", "provider"]))
def test_everyone_has_one_reason_and_it_is_the_first_that_holds(rows, suppressed, mode):
    frame = _screen(
        [_row(line, **row) for line, row in enumerate(rows, 2)], texts=["{{ name }}"], suppressed=suppressed, mode=mode
    )
    found = zip(frame[stored.RULE].is_not_null(), frame[screened.REASON], strict=True)
    assert list(found) == list(_expected(rows, suppressed, mode))
