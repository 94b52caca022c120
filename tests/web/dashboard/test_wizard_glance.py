"""What the wizard shows before there is a campaign is what the plan says once there is one."""

import math
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns import campaign_file, pages, uploads
from campaigns.errors import InputError
from campaigns.lifecycle import glance, relist
from campaigns.lifecycle.glance import Listed
from campaigns.lifecycle.plan import plan
from campaigns.plan import turns
from campaigns.plan.prospect import Prospect, Queue
from campaigns.runtime import now_of
from campaigns.web.dashboard.wizard import curves
from schemas.campaign_page import CampaignPage
from schemas.message import Message, Part
from schemas.page import Channel
from tests import factories

HOUR = 3_600_000
PAGE = CampaignPage(1, 1, "acme", "1", Channel.INSTAGRAM, 36.0, "the page")


def uploaded(runtime, folder, rows) -> uploads.Upload:
    factories.write_list(folder / "people.csv", rows)
    with uploads.incoming(runtime.storage, "people.csv", factories.now(runtime)) as incoming:
        incoming.write((folder / "people.csv").read_bytes())
        return incoming.kept(runtime.storage, {}, zone=None, now_ms=factories.now(runtime))


def listed(runtime, kept) -> Listed:
    return Listed(uploads.parquet(runtime.storage, kept.id), kept.reading.columns, kept.reading.mapping)


def stored_page(runtime) -> None:
    entry, route = pages.entered("acme", factories.page())
    with runtime.writing() as conn:
        pages.put(conn, "acme", entry, route, now=now_of(conn), actor="test")


def text(words: str) -> Message:
    return Message(parts=(Part(text=words),))


@given(st.lists(st.one_of(st.none(), st.integers(0, 50_000)), max_size=30), st.floats(0.05, 50))
def test_the_lost_are_those_who_are_not_kept(closing, rate):
    line = pl.Series(sorted(closing, key=lambda at: math.inf if at is None else at), dtype=pl.Int64)
    assert turns.lost(line, 1000, rate) == len(line) - int(turns.kept(line, 1000, rate).sum())


def test_curves_agree_with_the_plan_that_is_drawn(runtime, tmp_path):
    now = factories.now(runtime)
    rows = factories.people(60)
    for n, row in enumerate(rows):
        row["last_inbound_at"] = now // 1000 - 86_400 + 320 + n * 30
    rows[3]["first_name"] = ""
    kept = uploaded(runtime, tmp_path, rows)
    stored_page(runtime)
    content = factories.content(list="people.csv", pages={}, limits={"rate": 0.05})
    file = campaign_file.parse(content)
    prospect = glance.prospect(runtime, file, listed(runtime, kept), factories.ENVIRONMENT, None)
    assert prospect.people == 59
    campaign = factories.submitted(runtime, tmp_path, rows, content)
    planned = plan(runtime, campaign, factories.ENVIRONMENT, prospect.origin).plan
    assert planned.eligible == prospect.people - prospect.lost(prospect.origin, 0.05)
    assert planned.lost == prospect.lost(prospect.origin, 0.05) > 0
    assert planned.lowest_rate == prospect.lowest_rate(prospect.origin)
    lowest = prospect.lowest_rate(prospect.origin)
    assert prospect.lost(prospect.origin, curves.rounded_up(lowest)) == 0
    latest = prospect.latest_start(36.0)
    assert (prospect.lost(latest, 36.0), prospect.lost(latest + 2000, 36.0) > 0) == (0, True)


def test_nobody_could_get_it_from_a_page_that_is_not_there_yet(runtime, tmp_path):
    kept = uploaded(runtime, tmp_path, factories.people(5))
    file = campaign_file.parse(factories.content())
    prospect = glance.prospect(runtime, file, listed(runtime, kept), factories.ENVIRONMENT, None)
    assert (prospect.people, prospect.queues) == (0, ())


def test_hours_are_time_that_does_not_pass(runtime, tmp_path):
    kept = uploaded(runtime, tmp_path, factories.people(5))
    stored_page(runtime)
    always = campaign_file.parse(factories.content(pages={}))
    hours = {"hours": {"from": "00:00", "to": "23:59", "days": ["mon"]}, "zone": "UTC"}
    mondays = campaign_file.parse(factories.content(pages={}, schedule=hours))
    free = glance.prospect(runtime, always, listed(runtime, kept), factories.ENVIRONMENT, None)
    held = glance.prospect(runtime, mondays, listed(runtime, kept), factories.ENVIRONMENT, None)
    draft = factories.submitted(runtime, tmp_path, factories.people(5), factories.content(pages={}, schedule=hours))
    planned = plan(runtime, draft, factories.ENVIRONMENT, held.origin).plan
    assert free.lost(free.origin, None) == 0
    assert held.lost(held.origin, None) == 5 - planned.eligible


def test_the_pictures_begin_now_and_end_with_the_pages_rate():
    line = pl.Series([n * HOUR for n in range(1, 20)], dtype=pl.Int64)
    prospect = Prospect([Queue(PAGE, line)], origin=0)
    starts, rates = curves.grid(prospect, 0)
    assert (starts[0], rates[-1]) == (0, 36.0)
    assert len(starts) == len(rates) <= 60
    assert all(a <= b for a, b in pairwise(starts))
    assert all(a <= b for a, b in pairwise(rates))
    drawn = curves.drawn_of(prospect, (starts, rates), 0, 36.0)
    assert drawn.lost == drawn.starts[0].lost == drawn.rates[-1].lost == 0
    assert drawn.starts[-1].lost == 19


def test_a_late_start_still_has_a_lowest_rate():
    line = pl.Series([n * 60_000 for n in range(1, 61)], dtype=pl.Int64)
    prospect = Prospect([Queue(PAGE, line)], origin=0)
    late = 10 * 60_000 + 500
    assert (prospect.lost(late, None), prospect.lowest_rate(late)) == (10, None)
    enough = prospect.enough(late)
    assert (prospect.lost(late, enough), prospect.lost(late, enough * 0.99) > 10) == (10, True)
    assert prospect.enough(0) == prospect.lowest_rate(0)


def test_a_message_is_measured_over_everybody(runtime, tmp_path):
    rows = factories.people(4)
    rows[1]["first_name"], rows[2]["first_name"] = "", "Zoë" * 400
    kept = uploaded(runtime, tmp_path, [*rows, rows[0]])
    found = glance.measure(listed(runtime, kept), text("Hi {{ first_name }}"))
    assert (found.people, found.blank, found.first) == (4, 1, [(3, factories.person(1))])
    assert found.longest == {Channel.INSTAGRAM: (3 + 1600, 4), Channel.MESSENGER: (3 + 1200, 4)}
    assert found.too_long == {Channel.INSTAGRAM: 1, Channel.MESSENGER: 0}
    given_default = glance.measure(listed(runtime, kept), text('Hi {{ first_name | default("you") }}'))
    assert (given_default.blank, given_default.empty) == (0, {"first_name": 1})


def test_one_person_after_the_other_round_the_list(runtime, tmp_path):
    rows = factories.people(3)
    rows[1]["first_name"] = ""
    people = listed(runtime, uploaded(runtime, tmp_path, rows))
    message = text("Hi {{ first_name }}")
    first = glance.glimpse(people, message)
    assert (first.line, first.views[Channel.INSTAGRAM].parts[0].text) == (2, "Hi Ana0")
    second = glance.glimpse(people, message, line=first.line)
    assert (second.line, second.blank) == (3, "first_name")
    assert glance.glimpse(people, message, line=4).line == 2
    assert glance.glimpse(people, message, line=2, back=True).line == 4
    assert glance.glimpse(people, message, word=factories.person(2)).line == 4
    assert glance.glimpse(people, message, word="3").recipient_id == factories.person(1)
    with pytest.raises(InputError, match="no usable line"):
        glance.glimpse(people, message, word="99")


def test_a_condition_is_counted(runtime, tmp_path):
    people = listed(runtime, uploaded(runtime, tmp_path, factories.people(5)))
    assert glance.left(people, "first_name = 'Ana3' OR first_name = 'Ana4'") == (2, 5)
    with pytest.raises(InputError, match="first_name"):
        glance.left(people, "frist_name = 'Ana3'")


def test_problems_are_grouped_by_rule(runtime, tmp_path):
    rows = [*factories.people(2), {"recipient_id": "x"}, {"recipient_id": "y"}, factories.people(1)[0]]
    kept = uploaded(runtime, tmp_path, rows)
    found = glance.problems(uploads.rejects(runtime.storage, kept.id))
    assert [(each.rule, each.lines, each.first[0][0]) for each in found] == [("bad_id", 2, 4), ("duplicate", 1, 6)]


def test_a_campaigns_list_is_an_upload_again(runtime, tmp_path):
    rows = [*factories.people(3), {"recipient_id": "x"}]
    campaign = factories.submitted(runtime, tmp_path, rows)
    upload_id = relist.uploaded(runtime, campaign)
    reading = uploads.find(runtime.storage, upload_id).reading
    assert (reading.rows, reading.usable, reading.rejected) == (4, 3, 1)
    assert reading.columns == ["recipient_id", "first_name", "last_inbound_at"]
    assert relist.uploaded(runtime, campaign) == upload_id
