"""Weights and canaries of a campaign file, and a Page's documented calls: what plans say, and what is kept."""

import time

import pytest

from campaigns.errors import InputError
from campaigns.lifecycle import find, recognise, revise
from campaigns.lifecycle.clone import clone
from campaigns.lifecycle.control import pause
from campaigns.lifecycle.plan import plan
from campaigns.lifecycle.submit import store
from tests import factories
from tests.factories import ENVIRONMENT, checked, content, other_page, page, people
from tests.lifecycle.aftermath import write

LIMITS = {"weight": 3, "canary": 2}


def findings(runtime, campaign):
    return plan(runtime, campaign, ENVIRONMENT, factories.now(runtime)).plan.findings


def present(runtime, campaign):
    with runtime.reading() as conn:
        return find.by_id(conn, campaign.id)


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"weight": 0}, "limits.weight"),
        ({"weight": 101}, "limits.weight"),
        ({"weight": "much"}, "limits.weight"),
        ({"canary": 0}, "limits.canary"),
        ({"canary": 1.5}, "limits.canary"),
        ({"canaries": 5}, "canary"),
    ],
)
def test_what_cannot_be_meant_is_refused(runtime, folder, limits, said):
    with pytest.raises(InputError, match=said):
        checked(runtime, folder, content(limits=limits))


class TestCanary:
    @pytest.mark.parametrize(
        ("canary", "said"),
        [
            (2, ["Canary: the first 2 go out, then it pauses until somebody resumes it."]),
            (5, ["Canary: there are no more than 5 people, so it does not pause."]),
            (None, []),
        ],
    )
    def test_a_plan_says_what_it_comes_to(self, runtime, tmp_path, canary, said):
        limits = {} if canary is None else {"canary": canary}
        campaign = factories.submitted(runtime, tmp_path, people(5), content(limits=limits))
        assert findings(runtime, campaign) == said

    def test_a_run_that_goes_on_after_it_has_none_again(self, runtime, tmp_path):
        campaign = factories.launched(runtime, tmp_path, people(5), content(limits=LIMITS))
        write(runtime, "UPDATE campaign SET canary_left = NULL, state = 'paused'")
        draft = checked(runtime, tmp_path, content(limits={"weight": 5, "canary": 3}))
        recognise.refresh(runtime, campaign, draft)
        campaign = present(runtime, campaign)
        assert (campaign.weight, campaign.canary_left) == (5, None)


def test_a_clone_and_a_corrected_campaign_keep_them(runtime, tmp_path):
    campaign = factories.launched(runtime, tmp_path, people(5), content(limits=LIMITS))
    copy, _ = clone(runtime, campaign, "test")
    assert (copy.weight, copy.canary, copy.canary_left) == (3, 2, None)
    assert present(runtime, factories.let_go(runtime, copy)).canary_left == 2

    pause(runtime, campaign, "test")
    campaign = present(runtime, campaign)
    written = revise.reworded(campaign, "Hello {{ first_name }}", toml=None)
    revise.revise(runtime, campaign, revise.examine(runtime, campaign, written, ENVIRONMENT), "test")
    campaign = present(runtime, campaign)
    assert (campaign.revision, campaign.weight, campaign.canary, campaign.canary_left) == (2, 3, 2, 2)


class TestBudget:
    """Meta documents 200 calls a day for each person whom a Page can message."""

    def planned(self, runtime, folder, count=2, pages=None, **changes):
        factories.write_list(folder / "people.csv", people(count))
        file = content(page=next(iter(pages or ["burger"])), pages=pages or {"burger": other_page()}, **changes)
        return store(runtime, checked(runtime, folder, file), "test")

    def sent(self, runtime, folder, calls, **changes):
        """Leave a campaign of the last day with so many calls."""
        campaign = factories.let_go(runtime, self.planned(runtime, folder, name="Before", **changes))
        write(runtime, "UPDATE tally SET state = 'accepted', n = :n WHERE campaign_id = :id", n=calls, id=campaign.id)
        write(runtime, "UPDATE campaign SET state = 'finished', finished_at = :at", at=factories.now(runtime) - 1000)

    def test_above_half_of_it_the_plan_says_so(self, runtime, tmp_path):
        self.sent(runtime, tmp_path, 199)
        (said,) = findings(runtime, self.planned(runtime, tmp_path))
        needs = (
            "Page burger needs some 50% of its 400 calls of a day: 2 for this plan and 199 of the last day's campaigns."
        )
        assert said == f"{needs} Meta documents 200 for each person a Page can message (autumn 2026)."

    def test_up_to_half_of_it_nothing_is_said(self, runtime, tmp_path):
        self.sent(runtime, tmp_path, 198)
        assert findings(runtime, self.planned(runtime, tmp_path)) == []

    def test_people_whose_window_is_open_count_and_parts_are_calls(self, runtime, tmp_path):
        self.sent(runtime, tmp_path, 598)
        parts = {"parts": [{"text": "Hi"}, {"text": "there"}]}
        campaign = self.planned(runtime, tmp_path, message=parts)
        assert "100" not in findings(runtime, campaign)[0]
        assert "4 for this plan" in findings(runtime, campaign)[0]
        now = int(time.time() * 1000)
        known = (
            "INSERT INTO contact VALUES ('messenger', :account, :person, :now, 1, :closes, 'said', '', 'webhook', :now)"
        )
        for n in range(6):
            write(
                runtime,
                known,
                account=factories.OTHER_ACCOUNT,
                person=factories.person(n),
                now=now,
                closes=now + 3_600_000,
            )
        assert "50% of its 1,200" in findings(runtime, campaign)[0]

    def test_days_before_and_instagram_do_not_count(self, runtime, tmp_path):
        self.sent(runtime, tmp_path, 5_000)
        write(runtime, "UPDATE campaign SET finished_at = finished_at - 86400000")
        assert findings(runtime, self.planned(runtime, tmp_path)) == []
        self.sent(runtime, tmp_path, 5_000, pages={"acme": page()})
        assert findings(runtime, self.planned(runtime, tmp_path, pages={"acme": page()})) == []
