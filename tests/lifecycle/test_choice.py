"""Who of the people gets it: caps on messages to a person, one message a customer, the hold-out group."""

import pytest

from campaigns import report
from campaigns.errors import InputError
from campaigns.lifecycle import recognise, resolve, retry
from campaigns.lifecycle.frequency import recent
from campaigns.lifecycle.plan import plan
from campaigns.lifecycle.submit import store
from campaigns.moments import dated
from schemas.campaign_file import PerPerson
from schemas.decision import Scope, Verdict
from schemas.reason import Reason, about
from tests import factories
from tests.factories import ENVIRONMENT, checked, content, other_page, person
from tests.lifecycle.aftermath import becomes, write

pytestmark = pytest.mark.databases("sqlite", "postgresql")

DAY = 86_400_000
CAP = {"per_person": {"count": 2, "days": 7}}


def planned(runtime, campaign):
    return plan(runtime, campaign, ENVIRONMENT, factories.now(runtime)).plan


def sent(runtime, folder, name, days_ago, *, state="accepted", rows=None, **changes):
    """Launch a campaign and let each of its people have got it some days ago, the n-th `days_ago[n]`."""
    campaign = factories.launched(
        runtime, folder, rows or factories.people(len(days_ago)), content(name=name, **changes)
    )
    now = factories.now(runtime)
    for n, days in enumerate(days_ago):
        facts = {"state": state, "at": now - round(days * DAY), "id": campaign.first_id + n}
        write(runtime, "UPDATE delivery SET state = :state, sent_at = :at WHERE id = :id", **facts)
    return campaign


def capped(runtime, folder, count, **changes):
    return factories.submitted(
        runtime, folder, factories.people(count), content(name="Capped", **({"limits": CAP} | changes))
    )


def skipped_as(runtime, campaign, reason):
    states = factories.states(runtime, factories.let_go(runtime, campaign))
    return [n for n in range(len(states)) if states[person(n)] == f"skipped({reason})"]


class TestCap:
    def test_who_had_enough_lately_is_held_back_until_the_days_have_passed(self, runtime, tmp_path):
        sent(runtime, tmp_path, "One", [1, 1, 6.5, 8])
        sent(runtime, tmp_path, "Two", [2, 8, 3, 1])
        campaign = capped(runtime, tmp_path, 5)
        found = planned(runtime, campaign)
        assert found.skipped == {"frequency_cap": 2}
        oldest = factories.select(runtime, "SELECT MIN(sent_at) AS at FROM delivery WHERE line = 4")[0]["at"]
        until = dated(oldest + 7 * DAY)
        said = f"Held back for having had 2 messages within 7 days: 2 people, the first of them until {until}."
        assert said in found.findings
        assert skipped_as(runtime, campaign, "frequency_cap") == [0, 2]

    @pytest.mark.parametrize(
        ("state", "counts"),
        [
            *((state, True) for state in ("sending", "accepted", "delivered", "read", "unknown", "assumed_sent")),
            *((state, False) for state in ("pending", "failed", "skipped", "cancelled")),
        ],
    )
    def test_what_may_have_arrived_counts(self, runtime, tmp_path, state, counts):
        sent(runtime, tmp_path, "One", [1], state=state)
        campaign = capped(runtime, tmp_path, 1, limits={"per_person": {"count": 1, "days": 7}})
        assert planned(runtime, campaign).skipped == ({"frequency_cap": 1} if counts else {})

    def test_a_short_list_beside_a_long_ledger_is_judged_alike(self, runtime, tmp_path):
        """So short that its people are looked up one by one."""
        sent(runtime, tmp_path, "One", [1, 8, 1, *[1] * 40])
        sent(runtime, tmp_path, "Two", [2, 2, 9, *[1] * 40])
        campaign = capped(runtime, tmp_path, 3)
        assert planned(runtime, campaign).skipped == {"frequency_cap": 1}
        assert skipped_as(runtime, campaign, "frequency_cap") == [0]
        own = capped(runtime, tmp_path, 3, limits={"per_person": {"count": 1, "days": 7}})
        assert planned(runtime, own).skipped == {"frequency_cap": 3}

    def test_it_is_looked_at_as_of_the_start(self, runtime, tmp_path):
        sent(runtime, tmp_path, "One", [6])
        later = plan(
            runtime,
            (campaign := capped(runtime, tmp_path, 1, limits={"per_person": {"count": 1, "days": 7}})),
            ENVIRONMENT,
            factories.now(runtime) + 2 * DAY,
        )
        assert "frequency_cap" in planned(runtime, campaign).skipped
        assert "frequency_cap" not in later.plan.skipped

    def test_the_same_number_at_another_account_is_another_person(self, runtime, tmp_path):
        sent(runtime, tmp_path, "One", [1, 1])
        sent(runtime, tmp_path, "Two", [1, 1], page="burger", pages={"burger": other_page()})
        assert planned(runtime, capped(runtime, tmp_path, 2)).skipped == {}

    @pytest.mark.parametrize("end", ["finished", "cancelled"])
    def test_campaigns_that_ended_before_are_not_even_read(self, runtime, tmp_path, end):
        one = sent(runtime, tmp_path, "One", [1])
        now = factories.now(runtime)
        cap, senders = PerPerson(count=1, days=7), [1]
        listed = next((runtime.storage / "lists").glob("*.parquet"))

        def found():
            with runtime.reading() as conn:
                return recent(conn, cap, senders, own=0, at=now, listed=listed).collect().height

        assert found() == 1
        finished = now - 8 * DAY if end == "finished" else None
        write(
            runtime,
            "UPDATE campaign SET state = :end, finished_at = :at WHERE id = :id",
            end=end,
            at=finished,
            id=one.id,
        )
        if end == "cancelled":
            assert found() == 1
            write(
                runtime,
                """INSERT INTO event (at, kind, actor, sentence, campaign_id)
                              VALUES (:at, 'campaign.cancelled', 'x', 'y', :id)""",
                at=now - 8 * DAY,
                id=one.id,
            )
        assert found() == 0

    def test_it_is_explained(self, runtime, tmp_path):
        one, two = (sent(runtime, tmp_path, name, [days]) for name, days in (("One", 6), ("Two", 1)))
        campaign = factories.let_go(runtime, capped(runtime, tmp_path, 2))
        at = {row["campaign_id"]: row["sent_at"] for row in factories.select(runtime, "SELECT * FROM delivery")}
        assert explained(runtime, campaign, 0) == (
            f"Other campaigns sent to this person, last on {dated(at[two.id])}; at most 2 times within 7 days leaves "
            f"room from {dated(at[one.id] + 7 * DAY)} on."
        )

    def test_a_retry_looks_anew(self, runtime, tmp_path):
        one = sent(runtime, tmp_path, "One", [1, 1])
        campaign = factories.let_go(
            runtime, capped(runtime, tmp_path, 3, limits={"per_person": {"count": 1, "days": 7}})
        )
        assert retry.examine(runtime, campaign, Scope.SKIPPED, ENVIRONMENT).kept == {"frequency_cap": 2}
        write(runtime, "UPDATE delivery SET sent_at = sent_at - :days WHERE id = :id", days=8 * DAY, id=one.first_id)
        retrial = retry.examine(runtime, campaign, Scope.SKIPPED, ENVIRONMENT)
        assert (retrial.again, retrial.kept) == ({"frequency_cap": 1}, {"frequency_cap": 1})
        assert retrial.people["recipient_id"].to_list() == [person(0)]

    def test_the_message_in_doubt_is_none_of_the_others(self, runtime, tmp_path):
        limits = {"per_person": {"count": 1, "days": 7}}
        campaign = sent(runtime, tmp_path, "One", [1], state="unknown", limits=limits)
        doubt = resolve.examine(runtime, campaign, Verdict.SEND_AGAIN, ENVIRONMENT)
        assert (doubt.people.height, doubt.kept) == (1, {})

    def test_another_cap_is_the_same_run_and_another_plan(self, runtime, tmp_path):
        campaign = capped(runtime, tmp_path, 2)
        other = content(name="Capped", limits={"per_person": {"count": 3, "days": 7}})
        assert checked(runtime, tmp_path, other).fingerprint == campaign.fingerprint
        before = planned(runtime, campaign).token
        assert planned(runtime, store(runtime, checked(runtime, tmp_path, other), "test")).token != before


def explained(runtime, campaign, n):
    with runtime.reading() as conn:
        return report.explain(conn, runtime.storage, campaign.id, person(n)).lines[0].reason_sentence


@pytest.fixture
def twins(runtime, tmp_path):
    """A campaign of rows (customer, hours until the window closes) with one message a customer."""

    def made(*rows, name="Spring", **audience):
        listed = factories.people(len(rows))
        now = factories.now(runtime) // 1000
        for row, (customer, hours) in zip(listed, rows, strict=True):
            row.update({"customer_id": customer, "last_inbound_at": "", "window_closes_at": now + round(hours * 3600)})
        file = content(name=name, audience={"one_per": "customer_id"} | audience)
        return factories.submitted(runtime, tmp_path, listed, file)

    return made


class TestOnePer:
    def test_the_row_whose_window_closes_last_gets_it(self, runtime, twins):
        campaign = twins(("a", 5), ("b", 3), (" a ", 9), ("a", 9), ("", 4), (" ", 4))
        found = planned(runtime, campaign)
        assert (found.eligible, found.skipped, found.total) == (4, {"excluded": 2}, 6)
        assert "2 rows give way to another of the same customer_id, so that each gets one message." in found.findings
        assert skipped_as(runtime, campaign, "excluded") == [0, 3]

    def test_the_other_line_is_named(self, runtime, twins):
        campaign = factories.let_go(runtime, twins(("a", 5), ("a", 9), ("b", 9), where="customer_id <> 'b'"))
        said = "Line 3 has the same customer_id, and one message a customer_id is sent: that line's."
        assert explained(runtime, campaign, 0) == said
        assert explained(runtime, campaign, 2) == about(Reason.EXCLUDED).sentence

    def test_over_several_pages(self, runtime, tmp_path):
        rows = factories.people(4, customer_id="a")
        now = factories.now(runtime) // 1000
        for row, page, hours in zip(rows, ("acme", "burger") * 2, (5, 9, 5, 2), strict=True):
            row.update({"page": page, "last_inbound_at": "", "window_closes_at": now + hours * 3600})
        rows[2]["customer_id"] = rows[3]["customer_id"] = "b"
        file = content(pages={"acme": factories.page(), "burger": other_page()}, audience={"one_per": "customer_id"})
        campaign = factories.submitted(runtime, tmp_path, rows, file)
        assert [(page.name, page.eligible) for page in planned(runtime, campaign).pages] == [("acme", 1), ("burger", 1)]
        assert skipped_as(runtime, campaign, "excluded") == [0, 3]

    def test_who_cannot_be_sent_to_stands_in_nobodys_way(self, runtime, tmp_path, twins):
        sent(runtime, tmp_path, "One", [1])
        campaign = twins(("a", 9), ("a", 5), name="Two")
        spec = campaign.spec.replace('"per_person":null', '"per_person":{"count":1,"days":7}')
        write(runtime, "UPDATE campaign SET spec = :spec WHERE id = :id", spec=spec, id=campaign.id)
        campaign = campaign.model_copy(update={"spec": spec})
        assert planned(runtime, campaign).skipped == {"frequency_cap": 1}

    def test_an_unknown_column_is_refused_with_the_nearest(self, twins):
        with pytest.raises(InputError, match=r"audience\.one_per names 'custmer_id'.*Did you mean 'customer_id'"):
            twins(("a", 5), one_per="custmer_id")

    def test_a_row_that_opens_later_brings_no_second_message(self, runtime, twins):
        campaign = factories.let_go(runtime, twins(("a", -1), ("a", 5), ("b", -2), ("b", -1)))
        states = factories.states(runtime, campaign)
        assert [states[person(n)] for n in range(4)] == [
            "skipped(excluded)",
            "pending",
            "skipped(excluded)",
            "skipped(window_closed)",
        ]

    def test_a_retry_sends_to_no_second_row_of_a_customer(self, runtime, twins):
        campaign = factories.let_go(runtime, twins(("a", 5), ("a", 9), ("b", 5), ("b", 9)))
        becomes(runtime, 1, "accepted")
        becomes(runtime, 0, "skipped", "window_closed")
        becomes(runtime, 2, "skipped", "window_closed")
        becomes(runtime, 3, "failed", "probably_blocked")
        retrial = retry.examine(runtime, campaign, Scope.SKIPPED, ENVIRONMENT)
        assert retrial.people["recipient_id"].to_list() == [person(2)]
        assert retrial.kept == {"excluded": 1}


class TestHoldout:
    def test_its_people_get_nothing_and_the_plan_says_so(self, runtime, tmp_path):
        campaign = factories.submitted(runtime, tmp_path, factories.people(400), content(audience={"holdout": "25%"}))
        found = planned(runtime, campaign)
        held = found.skipped["holdout"]
        assert 60 < held < 140
        assert found.eligible == 400 - held
        said = f"Held out, to compare the others with: {held} people, drawn as 25 % of the list."
        assert said in found.findings

    def test_the_same_people_in_a_run_again_and_others_in_another_campaign(self, runtime, tmp_path):
        groups = []
        for name, count in (("Spring", 200), ("Spring", 300), ("Autumn", 200)):
            campaign = factories.launched(
                runtime, tmp_path, factories.people(count), content(name=name, audience={"holdout": 0.5})
            )
            states = factories.states(runtime, campaign)
            groups.append({n for n in range(200) if states[person(n)] == "skipped(holdout)"})
            write(runtime, "UPDATE campaign SET state = 'finished'")
        first, again, other = groups
        assert first == again
        assert first != other
        assert 70 < len(first) < 130

    def test_who_is_held_out_is_so_whatever_their_window(self, runtime, tmp_path):
        campaign = factories.launched(runtime, tmp_path, factories.people(50), content(audience={"holdout": 0.5}))
        held = {who for who, state in factories.states(runtime, campaign).items() if state == "skipped(holdout)"}
        write(runtime, "UPDATE campaign SET state = 'finished'")
        closed = factories.submitted(
            runtime, tmp_path, factories.people(50, last_inbound_at=1_600_000_000), content(audience={"holdout": 0.5})
        )
        assert planned(runtime, closed).skipped == {"holdout": len(held), "window_closed": 50 - len(held)}

    def test_all_rows_of_a_customer_are_in_one_group(self, runtime, twins):
        rows = [(f"C-{n // 2}", 5 + n % 2) for n in range(200)]
        states = factories.states(runtime, factories.let_go(runtime, twins(*rows, holdout=0.5)))
        pairs = [(states[person(n)], states[person(n + 1)]) for n in range(0, 200, 2)]
        assert set(pairs) == {("skipped(holdout)", "skipped(holdout)"), ("skipped(excluded)", "pending")}
        assert 25 < pairs.count(("skipped(holdout)", "skipped(holdout)")) < 75

    @pytest.mark.parametrize("share", [0, 1, "100%", "ten", -0.1, True])
    def test_what_is_no_share_is_refused(self, runtime, tmp_path, share):
        with pytest.raises(InputError, match=r"audience\.holdout"):
            factories.submitted(runtime, tmp_path, factories.people(2), content(audience={"holdout": share}))


@pytest.mark.parametrize("audience", [{"holdout": 0.1}, {"one_per": "first_name"}])
def test_another_choice_is_another_run_and_another_plan(runtime, tmp_path, audience):
    plain = factories.submitted(runtime, tmp_path, factories.people(1))
    before = planned(runtime, plain).token
    draft = checked(runtime, tmp_path, content(audience=audience))
    assert planned(runtime, store(runtime, draft, "test")).token != before
    assert draft.fingerprint != plain.fingerprint


def test_a_choice_cannot_change_under_way(runtime, tmp_path):
    factories.launched(runtime, tmp_path, factories.people(3))
    with pytest.raises(Exception, match="but the audience changed since it began"):
        recognise.recognise(runtime, checked(runtime, tmp_path, content(audience={"holdout": "10%"})))
