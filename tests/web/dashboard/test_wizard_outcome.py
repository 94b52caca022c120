"""A plan in sentences."""

import pytest

from campaigns import campaign_file
from campaigns.web.dashboard.wizard import outcome
from campaigns.web.dashboard.wizard.outcome import Outcome
from schemas.api.verbs import Drafted
from schemas.campaign import CampaignState
from schemas.plan import PagePlan, Plan
from tests import factories

NOW = 1_795_320_000_000
"""2026-11-22, 04:00 UTC; a Sunday."""


def page(name: str, eligible: int) -> PagePlan:
    return PagePlan(
        name=name,
        eligible=eligible,
        lost=0,
        rate=36.0,
        bottleneck="the page",
        finish_at=None,
        lowest_rate=None,
        latest_start=None,
    )


def found(*pages: PagePlan, schedule: dict[str, object] | None = None, **facts: object) -> Outcome:
    plan = Plan.model_validate(
        {
            "token": "t",
            "eligible": sum(each.eligible for each in pages),
            "skipped": {"opted_out": 2},
            "rejected": 1,
            "duplicates": 1,
            "total": sum(each.eligible for each in pages) + 4,
            "lost": 0,
            "finish_at": None,
            "lowest_rate": None,
            "latest_start": None,
            "pages": list(pages),
        }
        | facts
    )
    drafted = Drafted(
        id="k7m2x9qa",
        name="Spring",
        state=CampaignState.DRAFT,
        rows=0,
        created_at="",
        start_at=None,
        launched_at=None,
        finished_at=None,
        notes=[],
    )
    file = campaign_file.parse(factories.content(schedule=schedule or {}))
    return Outcome(drafted, plan, [], file, NOW)


def test_the_sum_adds_up_in_words():
    assert outcome.equation(found(page("acme", 20)).plan) == (
        "24 rows = 20 will get it + 2 skipped + 1 rejected + 1 duplicate"
    )


@pytest.mark.parametrize(
    ("schedule", "when"),
    [
        ({}, "right after the launch"),
        ({"start": "2026-11-22 03:00 UTC"}, "right after the launch"),
        ({"start": "2026-12-01 09:00 Europe/Paris"}, "on Tue 1 Dec 2026, 09:00 Europe/Paris"),
        ({"hours": {"from": "09:00", "to": "20:00"}, "zone": "UTC"}, "on Sun 22 Nov 2026, 09:00 UTC"),
        ({"hours": {"from": "03:00", "to": "20:00"}, "zone": "UTC"}, "right after the launch"),
    ],
)
def test_the_start_is_when_the_first_gets_it(schedule, when):
    assert outcome.starts(found(page("acme", 1), schedule=schedule)) == when


def test_what_will_happen_is_one_sentence():
    one = found(page("acme", 1), finish_at="2026-11-22T04:05:00+00:00")
    assert outcome.sentence(one) == (
        "1 person gets it from acme, the first right after the launch, and it is done Sun 22 Nov 2026, 04:05 UTC."
    )
    both = found(page("acme", 3), page("burger", 2), page("idle", 0), lost=2)
    assert outcome.sentence(both) == (
        "5 people get it from acme and burger, the first right after the launch. 2 people lose their turn."
    )
    assert outcome.sentence(found(page("acme", 0))) == "Nobody on the list can get this message now."


def test_the_question_names_people_pages_and_start():
    title, consequence = outcome.question(found(page("acme", 20)))
    assert title == "Launch Spring?"
    assert consequence.startswith("20 people get it from acme, beginning right after the launch.")
