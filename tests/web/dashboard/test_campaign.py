"""What the screen of a campaign says and offers, for every state and every role."""

from dataclasses import replace

import pytest

from campaigns.access import allowed
from campaigns.errors import InputError
from campaigns.lifecycle import canary, late
from campaigns.report.paces import Paces
from campaigns.web.dashboard.campaign import again, changing, exports, figures, ways
from campaigns.web.dashboard.campaign.chart import MOST, Points
from campaigns.web.dashboard.campaign.notes import notes
from campaigns.web.dashboard.campaign.offers import STATES, Deed, allows, offers
from campaigns.web.dashboard.campaign.overview import past
from campaigns.web.dashboard.campaign.reasons import whys
from campaigns.web.dashboard.campaign.seen import Seen, spoken
from campaigns.web.dashboard.campaign.standing import facts
from campaigns.web.dashboard.campaign.stopping import cancelling, pausing, resuming
from schemas.api.campaigns import Standing
from schemas.api_key import Role
from schemas.campaign import Campaign, CampaignState
from schemas.campaign_file import CampaignFile
from schemas.channel import Channel
from schemas.delivery import COUNTED
from schemas.job import Job, JobKind, JobState
from schemas.lane import LaneState
from schemas.status import PageStatus, Rates
from tests import factories

NOW = 1_796_133_600_000
FILE = CampaignFile.model_validate(factories.content(schedule={"zone": "Europe/Paris"}))
HELD = canary.sentence("k7m2", 50, "50 accepted", 4_500)
MISSED = late.sentence("k7m2", "by 6 h 05 min; 3 windows closed")
SENDS = {Deed.LAUNCH, Deed.RESUME, Deed.PAUSE, Deed.REVISE, Deed.CHANGE, Deed.RESOLVE, Deed.CANCEL}
SENDS |= {Deed.RETRY_FAILED, Deed.RETRY_SKIPPED, Deed.RETRY_CANCELLED}

IN_ROW = {
    Deed.PAUSE: {CampaignState.SCHEDULED, CampaignState.SENDING},
    Deed.RESUME: {CampaignState.PAUSED},
    Deed.CANCEL: {
        CampaignState.SCHEDULED,
        CampaignState.AWAITING_APPROVAL,
        CampaignState.SENDING,
        CampaignState.PAUSED,
    },
    Deed.DISCARD: {CampaignState.DRAFT},
}
"""By deed: the states in which it is offered, in a row of the list and on the campaign's own screen."""


def seen(state=CampaignState.SENDING, sentence="", *, channels=None, pages=(), eta=None, reasons=None, **counts):
    told = {str(key): 0 for key in COUNTED} | counts
    row = Campaign(id=1, ref="k7m2", name="Spring", title="Spring", fingerprint="", state=state, spec="", message="")
    row.started_at, row.created_at = NOW - 100_000, NOW - 200_000
    row.revision = 1
    standing = Standing(
        id="k7m2",
        name="Spring",
        state=state,
        sentence=sentence,
        total=sum(told.values()),
        counts=told,
        reasons=reasons or {},
        rate=Rates(asked=20, allowed=10, achieved=9.5),
        eta=eta,
        in_flight=told["sending"],
        pages=list(pages),
        warnings=[],
    )
    return Seen(row, FILE, standing, channels or {"acme": Channel.INSTAGRAM}, 10, NOW)


def page(name, state, sentence="", until=None, **counts):
    told = {str(key): 0 for key in COUNTED} | counts
    rates = Rates(asked=1, allowed=1, achieved=1)
    return PageStatus(name=name, state=state, sentence=sentence, until=until, counts=told, rate=rates)


def deeds(of, role=Role.ADMIN):
    return [offer.deed for offer in offers(of, lambda right: allowed(role, right))]


@pytest.mark.parametrize(
    ("state", "first"),
    [
        (CampaignState.DRAFT, Deed.LAUNCH),
        (CampaignState.SCHEDULED, Deed.PAUSE),
        (CampaignState.SENDING, Deed.PAUSE),
        (CampaignState.PAUSED, Deed.RESUME),
    ],
)
def test_each_state_has_one_thing_that_it_waits_for(state, first):
    shown = offers(seen(state, pending=5), lambda _right: True)
    assert [offer.deed for offer in shown if offer.first] == [first]


def test_what_is_offered_depends_on_the_state():
    assert deeds(seen(CampaignState.DRAFT)) == [Deed.LAUNCH, Deed.TEST, Deed.CLONE, Deed.DISCARD]
    paused = deeds(seen(CampaignState.PAUSED, pending=5))
    assert paused == [Deed.RESUME, Deed.REVISE, Deed.CHANGE, Deed.TEST, Deed.CLONE, Deed.CANCEL]
    assert deeds(seen(CampaignState.FINISHED, accepted=5)) == [Deed.CLONE]
    assert Deed.REVISE not in deeds(seen(CampaignState.SENDING, pending=5))
    assert deeds(seen(CampaignState.AWAITING_APPROVAL)) == [Deed.TEST, Deed.CLONE, Deed.CANCEL]


@pytest.mark.parametrize("state", list(CampaignState))
def test_a_row_of_the_list_offers_what_the_campaign_s_own_screen_does(state):
    wanted = {deed for deed, states in IN_ROW.items() if state in states}
    assert {deed for deed in STATES if allows(state, deed, lambda _right: True)} == wanted
    assert set(deeds(seen(state, pending=5))) & set(IN_ROW) == wanted
    assert not any(allows(state, deed, lambda _right: False) for deed in STATES)


def test_a_page_says_what_is_allowed_of_what_was_asked_for():
    slow = page("acme", LaneState.WAITING)
    slow.rate = Rates(asked=36, allowed=0, achieved=0)
    (lane,) = ways.lanes(seen(pages=[slow]))
    assert dict(ways._numbers(lane))["Rate asked"] == "0 of 36/s allowed"


def test_retry_and_resolve_are_offered_only_where_there_is_somebody():
    ended = seen(CampaignState.FINISHED, accepted=1, failed=2, skipped=3, cancelled=4, unknown=1_200)
    words = [offer.word for offer in offers(ended, lambda _right: True)]
    assert words == ["Resolve unknown (1,200)", "Retry failed (2)", "Retry skipped (3)", "Retry cancelled (4)", "Clone"]
    waits = seen(CampaignState.SCHEDULED, pending=3, skipped=3)
    assert Deed.RETRY_SKIPPED not in deeds(waits), "a retry before the start is refused"


@pytest.mark.parametrize("state", list(CampaignState))
def test_who_may_not_send_is_offered_nothing_that_sends(state):
    everything = seen(state, pending=1, failed=1, skipped=1, cancelled=1, unknown=1)
    assert deeds(everything, Role.VIEWER) == []
    assert not SENDS & set(deeds(everything, Role.AUTHOR))
    assert not SENDS & set(deeds(everything, Role.APPROVER))


def test_the_counters_add_up_to_the_rows():
    told = seen(accepted=5, read=2, pending=3, sending=1, failed=1, skipped=4, rejected=2, duplicate=1, assumed_sent=1)
    shown = figures.counters(told)
    assert sum(each.n for each in shown) == told.standing.total == 20
    assert [(each.word, each.n, each.aside) for each in shown][:2] == [
        ("Accepted by Instagram", 7, "2 seen"),
        ("On its way", 1, ""),
    ]
    assert figures.outcomes(shown)[-1].key == "pending", "who waits stands at the end of the bar"


def test_only_channels_with_receipts_speak_of_deliveries():
    on_instagram = seen(accepted=5, read=2)
    assert "elivered" not in str([figures.counters(on_instagram), ways.steps(on_instagram, 0)])
    both = {"acme": Channel.INSTAGRAM, "burger": Channel.MESSENGER}
    pages = [page("acme", LaneState.DONE, accepted=3, read=2), page("burger", LaneState.DONE, delivered=4, read=1)]
    mixed = seen(channels=both, pages=pages, accepted=3, delivered=4, read=3)
    assert [lane.delivered for lane in ways.lanes(mixed)] == [None, 5]
    assert next(step.n for step in ways.steps(mixed, 0) if step.name.startswith("Delivered")) == 5


def test_the_way_from_the_list_to_the_answers():
    told = seen(rejected=2, duplicate=1, skipped=7, pending=10, accepted=60, failed=15, unknown=5)
    assert [(step.name, step.n, step.lost) for step in ways.steps(told, 6)] == [
        ("Rows of the list", 100, ""),
        ("Usable", 97, "2 rejected, 1 duplicate"),
        ("Could be sent to", 90, "7 skipped"),
        ("Had their turn", 80, "10 waiting"),
        ("Accepted by Instagram", 60, "15 failed, 5 unknown"),
        ("Seen", 0, ""),
        ("Replied", 6, ""),
    ]


def test_rates_are_shown_while_it_runs_and_the_average_is_of_the_whole_time():
    told = {fact.name: (fact.value, fact.aside) for fact in facts(seen(accepted=500, pending=10, sending=3))}
    assert told["Rate now"] == ("9.5/s", "allowed 10/s of 20/s asked")
    assert told["Average rate"][0] == "5.0/s"
    assert told["In flight"][0] == "3"
    ended = seen(CampaignState.FINISHED, accepted=500)
    ended.campaign.finished_at = NOW - 50_000
    shown = {fact.name: fact.value for fact in facts(ended)}
    assert shown == {"Average rate": "10.0/s", "Ended": "50 s ago"}


def test_when_it_is_done_is_said_with_the_zone():
    told = facts(seen(accepted=1, pending=10, eta="2026-12-01T15:00:00.000Z"))
    assert next(fact.aside for fact in told if fact.name == "Done") == "Tue 1 Dec 2026, 16:00 Europe/Paris"


def test_what_comes_next_is_the_nearest():
    waits = page("acme", LaneState.WAITING, until="2026-12-01T14:00:30.000Z")
    told = seen(accepted=1, pending=9, pages=[waits])
    told.campaign.not_after = NOW + 3_600_000
    assert figures.coming(told) == ("Page acme goes on", NOW + 30_000)
    assert figures.coming(replace(told, now=NOW + 60_000)) == ("Ends, whoever is left", NOW + 3_600_000)
    assert figures.coming(seen(CampaignState.FINISHED, accepted=1)) is None


def test_what_waits_for_a_person_is_told():
    assert notes(seen(accepted=1)) == ()
    parked = page("acme", LaneState.PARKED, "Parked: mend that, then run `pagecast pages resume acme`; or wait.")
    (note,) = notes(seen(pending=1, pages=[parked]))
    assert (note.link, note.sentence) == ("/pages", "Parked: mend that, then resume page acme; or wait.")
    held = seen(CampaignState.PAUSED, HELD, pending=4_500, accepted=50)
    assert "4,500 people" in notes(held)[0].title
    assert offers(held, lambda _right: True)[0].word == "Go on"
    missed = seen(CampaignState.PAUSED, MISSED, pending=7)
    assert notes(missed)[0].title == "Its start was missed"
    assert "later than it was to" in resuming(missed)
    assert "31 people" in notes(seen(CampaignState.FINISHED, unknown=31))[0].title


def test_sentences_speak_of_buttons():
    said = "Canary: the first 50 are out: 50 accepted. Look at them; then go on with the other 4,500."
    assert spoken(HELD) == said
    assert spoken("Paused by key:maria.") == "Paused by maria."
    assert spoken(MISSED).endswith(" closed. Resume sends to those who are left, Cancel ends it.")
    assert spoken("No worker runs here; start `pagecast up`.") == "No worker runs here; start “pagecast up”."


def test_questions_name_the_numbers_and_the_consequence():
    told = seen(accepted=8, read=2, pending=1_240, sending=3)
    assert pausing(told).startswith("3 calls are in flight and will be settled. 1,240 people wait until")
    assert resuming(told).startswith("Sending goes on to 1,240 people; whoever's window has closed")
    assert cancelling(told).startswith("10 people got it; 1,240 people will not. 3 in flight will be settled.")
    said = again.kept({"opted_out": 2, "window_closed": 1})
    assert said.startswith("3 people cannot be sent to and stay as they are. 2: The person opted out. 1: ")
    assert "they get it twice" in again.VERDICTS[again.Verdict.SEND_AGAIN][1]


def test_only_people_of_the_ledger_can_be_looked_at():
    found = whys(seen(reasons={"window_closed": 9, "bad_id": 2, "house_rule": 1, "outcome_unknown": 1}))
    assert {why.reason: why.listed for why in found} == {
        "window_closed": True,
        "bad_id": False,
        "house_rule": False,
        "outcome_unknown": True,
    }


def test_a_change_asks_only_for_what_differs():
    file = FILE.model_copy(update={"limits": FILE.limits.model_copy(update={"rate": 20.0})})
    before = changing.present(file)
    assert before == {"rate": "20", "weight": "1", "hours": "none", "quiet": "none", "zone": "Europe/Paris"}
    assert changing.wished(before, before) == changing.Wishes()
    wanted = changing.wished(before, before | {"rate": "7,5", "hours": "mon-fri 09:00-20:00"})
    assert wanted == changing.Wishes(rate=7.5, hours="mon-fri 09:00-20:00")
    assert changing.wished(before, before | {"rate": ""}) == changing.Wishes(), "a rate that was given stays"
    with pytest.raises(InputError, match="The rate is a number"):
        changing.wished(before, before | {"rate": "fast"})


def test_the_chart_keeps_its_span_and_not_every_point():
    points = Points(())
    taken = [points.add((at, 1.0, 1.0, 1.0)) for at in range(10 * MOST)]
    line = points.line(1)
    assert len(line) <= MOST
    assert line[0][0] < 40
    assert line[-1][0] > 10 * MOST - 40
    assert taken[-100:].count(True) < 20


def test_the_line_goes_down_where_nothing_comes_any_more():
    before = Paces(NOW, 1_000, (5.0, 3.0), exact=True)
    assert past(before, NOW + 2_500) == [(NOW + 1_000, None, None, 5.0), (NOW + 2_000, None, None, 3.0)]
    assert past(before, NOW + 60_000)[-1] == (NOW + 2_001, None, None, 0.0)


def test_how_far_a_job_is():
    job = Job(
        ref="job_1", kind=JobKind.RESULTS, arguments="{}", key_id=1, actor="", state=JobState.QUEUED, created_at=1
    )
    assert exports.progress(job, 2, NOW, takes=True) == "Waiting: 2 others are before it."
    assert exports.progress(job, 0, NOW, takes=False) == "No process takes jobs: start `pagecast up`."
    job.state, job.started_at = JobState.WORKING, NOW - 12_000
    assert exports.progress(job, 0, NOW, takes=True) == "Being made for 12 s."
    job.state, job.finished_at = JobState.DONE, NOW - 60_000
    assert exports.progress(job, 0, NOW, takes=True) == "Ready since 1 min; it stays for a week."
