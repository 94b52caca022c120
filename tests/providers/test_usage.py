"""What the platforms' headers say about quotas: whose, how much, and for how long."""

import httpx
import pytest

from campaigns.providers import PROVIDERS
from schemas.outcome import Scope, Usage
from schemas.page import ProviderName

META, ORBIT = PROVIDERS[ProviderName.META], PROVIDERS[ProviderName.ORBIT]
OURS = "17841400000000001"
APP = '{"call_count":%s,"total_time":25,"total_cputime":7}'
BUSINESS = (
    '{"%s":[{"type":"%s","call_count":%s,"total_cputime":20,"total_time":21,"estimated_time_to_regain_access":%s}]}'
)


def meta(app=None, business=None):
    headers = {"x-app-usage": app, "X-Business-Use-Case-Usage": business}
    answer = httpx.Response(200, headers={name: value for name, value in headers.items() if value is not None})
    return META.usage(answer, OURS)


@pytest.mark.parametrize(
    ("app", "business", "usage"),
    [
        (None, None, None),
        (APP % 28, None, Usage(28, None, Scope.APP)),
        (APP % 12, None, Usage(25, None, Scope.APP)),
        ('{"call_volume":3,"cpu_time":81}', None, Usage(81, None, Scope.APP)),
        (None, BUSINESS % (OURS, "instagram", 95, 19), Usage(95, 1140, Scope.SENDER)),
        (None, BUSINESS % (OURS, "messenger", 12, 0), Usage(21, None, Scope.SENDER)),
        (APP % 90, BUSINESS % (OURS, "instagram", 85, 0), Usage(90, None, Scope.APP)),
        (APP % 85, BUSINESS % (OURS, "instagram", 90, 0), Usage(90, None, Scope.SENDER)),
        (APP % 90, BUSINESS % (OURS, "instagram", 90, 0), Usage(90, None, Scope.SENDER)),
        (None, BUSINESS % (OURS, "ads_management", 99, 5), None),
        (None, BUSINESS % ("999", "instagram", 99, 5), None),
        (APP % 30, BUSINESS % ("999", "instagram", 99, 5), Usage(30, None, Scope.APP)),
        (APP % 112.5, None, Usage(112.5, None, Scope.APP)),
    ],
)
def test_the_highest_figure_that_is_ours_counts(app, business, usage):
    assert meta(app, business) == usage


def test_every_entry_of_the_account_counts():
    entries = '[{"type":"pages","call_count":40},{"type":"messenger","total_time":83},{"type":"other","call_count":99}]'
    assert meta(None, f'{{"{OURS}":{entries}}}') == Usage(83, None, Scope.SENDER)


@pytest.mark.parametrize(
    "value",
    ["", "{", "[]", "null", "17", '"x"', '{"call_count":"many"}', '{"call_count":-1}', '{"call_count":true}',
     '{"call_count":NaN}', f'{{"{OURS}":7}}', f'{{"{OURS}":[7,null,[]]}}', f'{{"{OURS}":[{{"type":[]}}]}}', "[" * 5000],
)  # fmt: skip
def test_nonsense_says_nothing(value):
    assert meta(value, value) is None


def orbit(date="Sat, 21 Nov 2026 10:00:00 GMT", **headers):
    named = {f"X-RateLimit-{name}": value for name, value in headers.items()}
    return ORBIT.usage(httpx.Response(200, headers=named | ({"Date": date} if date else {})), OURS)


NOON = 1_795_255_200
"""The answer's Date, in epoch seconds."""


def test_a_used_up_key_waits_for_its_reset():
    assert orbit(Limit="80", Remaining="0", Reset=str(NOON + 12)) == Usage(100.0, 12.0, Scope.KEY)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Limit": "80", "Remaining": "1", "Reset": str(NOON + 12)},
        {"Limit": "80", "Remaining": "0", "Reset": str(NOON - 1)},
        {"Limit": "80", "Remaining": "0", "Reset": "soon"},
        {"Limit": "80", "Remaining": "0"},
        {"Limit": "80", "Remaining": "0", "Reset": str(NOON + 12), "date": ""},
    ],
    ids=["none", "some-left", "past", "word", "no-reset", "no-date"],
)
def test_a_key_with_calls_left_or_no_known_reset_says_nothing(headers):
    assert orbit(**headers) is None
