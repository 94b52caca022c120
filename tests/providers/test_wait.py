import json
import math
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from campaigns.providers.wait import YEAR, stated_wait, throttle_wait

NOW = datetime(2026, 10, 1, 12, 0, tzinfo=UTC)
EPOCH = int(NOW.timestamp())
SKEWED = NOW - timedelta(hours=3)


def usage(minutes: object, account: str = "1", kind: str = "messenger") -> str:
    return json.dumps({account: [{"type": kind, "call_count": 100, "estimated_time_to_regain_access": minutes}]})


@pytest.mark.parametrize(
    ("headers", "details", "expected"),
    [
        pytest.param({"retry-after": "12"}, None, 12.0, id="whole seconds"),
        pytest.param({"retry-after": " 1.5 "}, None, 1.5, id="decimal seconds"),
        pytest.param({"retry-after": "0"}, None, 0.0, id="at once"),
        pytest.param({"retry-after": "90000"}, None, 90_000.0, id="more than a day, uncut"),
        pytest.param({"retry-after": "9" * 5000}, None, YEAR, id="absurd, cut to a year"),
        pytest.param({"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT"}, None, YEAR, id="never, cut to a year"),
        pytest.param({"retry-after": format_datetime(NOW + timedelta(seconds=30), usegmt=True)}, None, 30.0, id="date"),
        pytest.param(
            {
                "retry-after": format_datetime(SKEWED + timedelta(seconds=30), usegmt=True),
                "date": format_datetime(SKEWED, usegmt=True),
            },
            None,
            30.0,
            id="date against the platform's own clock",
        ),
        pytest.param({"retry-after": format_datetime(SKEWED, usegmt=True)}, None, 0.0, id="date that is past"),
        pytest.param({"retry-after": "-5"}, {"retry_after": 7}, 7.0, id="negative, so the details count"),
        pytest.param({"retry-after": "soon"}, {"retry_after": "7"}, 7.0, id="junk, so the details count"),
        pytest.param({"retry-after": "3"}, {"retry_after": 7}, 3.0, id="the header before the details"),
        pytest.param(
            {"x-ratelimit-reset": str(EPOCH + 40)}, {"retry_after": 7}, 7.0, id="the details before the reset"
        ),
        pytest.param({"x-ratelimit-reset": str(EPOCH + 40)}, None, 40.0, id="reset"),
        pytest.param(
            {"x-ratelimit-reset": str(EPOCH - 10_790), "date": format_datetime(SKEWED, usegmt=True)},
            None,
            10.0,
            id="reset against the platform's own clock",
        ),
        pytest.param({"x-ratelimit-reset": str(EPOCH - 1)}, None, None, id="reset that is past"),
        pytest.param({"x-ratelimit-reset": str((EPOCH + 40) * 1000)}, None, None, id="reset in milliseconds"),
        pytest.param({"x-business-use-case-usage": usage(19)}, None, 1140.0, id="minutes to regain access"),
        pytest.param({"x-business-use-case-usage": usage(0)}, None, None, id="nothing to regain"),
        pytest.param({"x-business-use-case-usage": usage(9, "2")}, None, 540.0, id="under the business's id"),
        pytest.param({"x-business-use-case-usage": usage(9, kind="leadgen")}, None, None, id="another product"),
        pytest.param({"x-business-use-case-usage": '{"1": ["x", {"type": []}], "2": 7}'}, None, None, id="odd usage"),
        pytest.param({"x-business-use-case-usage": "[1"}, None, None, id="broken usage"),
        pytest.param(
            {"x-ratelimit-reset": str(EPOCH + 40), "x-business-use-case-usage": usage(9)}, None, 40.0, id="both"
        ),
        pytest.param({}, {"retry_after": True}, None, id="true is no number"),
        pytest.param({}, {"retry_after": math.nan}, None, id="not a number"),
        pytest.param({}, "retry_after", None, id="details that are none"),
        pytest.param({}, None, None, id="nothing said"),
    ],
)
def test_throttle_wait(headers, details, expected):
    assert throttle_wait(httpx.Headers(headers), NOW, details) == expected


def test_only_our_own_usage_counts_where_it_is_named():
    entries = {"1": [{"estimated_time_to_regain_access": 2}], "2": [{"estimated_time_to_regain_access": 50}]}
    headers = httpx.Headers({"x-business-use-case-usage": json.dumps(entries)})
    assert throttle_wait(headers, NOW, account_id="1") == 120.0
    assert throttle_wait(headers, NOW, account_id="3") == 3000.0


def test_a_reset_is_no_wait_unless_something_is_throttled():
    assert stated_wait(httpx.Headers({"x-ratelimit-reset": str(EPOCH + 40)}), NOW) is None


TEXT = st.text(st.characters(codec="latin-1", exclude_characters="\r\n\0")) | st.from_regex(r"-?[0-9]+(\.[0-9]+)?")
DATES = st.datetimes().map(format_datetime) | st.from_regex(r"Thu, [0-9]+ Oct [0-9]{4} [0-9]{2}:00:00 [+-][0-9]{4}")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["1", "type", "retry_after"]) | st.text(), inner),
)
ENTRY = st.fixed_dictionaries({}, optional={"type": JSON, "estimated_time_to_regain_access": JSON})
USAGE = JSON | st.dictionaries(st.sampled_from(["1", "2"]), st.lists(ENTRY | JSON))


@given(
    st.dictionaries(st.sampled_from(["retry-after", "date", "x-ratelimit-reset"]), TEXT | DATES),
    USAGE.map(json.dumps) | TEXT,
    JSON | st.dictionaries(st.just("retry_after"), JSON),
)
@example({"retry-after": "0\x1f"}, "", None)
def test_whatever_an_answer_holds_a_wait_is_never_negative_and_always_finite(headers, used, details):
    raw = {**headers, "x-business-use-case-usage": used}
    given_headers = httpx.Headers([(name.encode(), value.encode("utf-8")) for name, value in raw.items()])
    for wait in (throttle_wait(given_headers, NOW, details, "1"), stated_wait(given_headers, NOW, details)):
        assert wait is None or 0 <= wait <= YEAR
