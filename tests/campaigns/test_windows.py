"""Which events open a window, and for how long."""

from dataclasses import replace
from datetime import date

import pytest

from campaigns.policy.windows import OPENINGS, WITHOUT, opened_by
from schemas.inbound import Inbound, InboundKind

HOUR = 3_600_000
ANY = Inbound(InboundKind.MESSAGE, "instagram", "17841", "101", at=1)


@pytest.mark.parametrize("kind", ["message", "quick_reply", "postback", "story_reply", "story_mention"])
@pytest.mark.parametrize("channel", ["instagram", "messenger", "whatsapp"])
def test_what_a_person_sends_opens_a_day(kind, channel):
    assert opened_by(replace(ANY, kind=InboundKind(kind), channel=channel)) == 24 * HOUR


@pytest.mark.parametrize(("channel", "days"), [("instagram", 7), ("messenger", 7), ("whatsapp", 1), ("telegram", 1)])
def test_an_ad_opens_a_week_where_the_rule_is_known(channel, days):
    assert opened_by(replace(ANY, channel=channel, ad=True)) == days * 24 * HOUR


@pytest.mark.parametrize("kind", sorted(set(InboundKind) - set(OPENINGS)))
def test_nothing_else_opens_any_even_after_an_ad(kind):
    assert opened_by(replace(ANY, kind=kind)) is None
    assert opened_by(replace(ANY, kind=kind, ad=True)) is None


def test_every_kind_is_in_one_of_the_tables_with_its_reason_or_source():
    assert set(OPENINGS) | set(WITHOUT) == set(InboundKind)
    assert not set(OPENINGS) & set(WITHOUT)
    assert all(WITHOUT.values())
    assert all(each.source.startswith("https://") and each.read <= date(2026, 12, 31) for each in OPENINGS.values())
