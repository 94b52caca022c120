"""A wizard that begins with a campaign: what of its file holds for a sketch."""

import pytest

from campaigns import pages
from campaigns.runtime import now_of
from campaigns.web.dashboard.wizard import origin
from tests import factories
from tests.factories import content, other_page, page, people, submitted

ELSEWHERE = "http://127.0.0.1:9"


@pytest.fixture
def stored(runtime):
    """Two pages, at 36 and 5 a second."""
    with runtime.writing() as conn:
        for name, entry in (("acme", page(rate=36)), ("burger", other_page(rate=5))):
            pages.put(conn, name, *pages.entered(name, entry), now=now_of(conn), actor="test")


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize(
    ("own", "limits", "rate"),
    [(36, {}, None), (2, {}, 2), (2, {"rate": 1}, 1), (2, {"rate": 3}, 2), (50, {}, None)],
)
def test_a_draft_keeps_a_lower_rate_of_its_own(runtime, session, tmp_path, *, own, limits, rate):
    file = content(pages={"acme": page(rate=own)}, limits=limits)
    visit = origin.visit_of(session(), submitted(runtime, tmp_path, people(1), file).ref)
    assert (visit.get("limits.rate"), visit.remarks, "pages" in visit.content) == (rate, [], False)


@pytest.mark.usefixtures("stored")
def test_what_else_it_had_of_its_own_is_named(runtime, session, tmp_path):
    file = content(pages={"acme": page(ELSEWHERE, rate=36)})
    visit = origin.visit_of(session(), submitted(runtime, tmp_path, people(1), file).ref)
    assert visit.remarks == ["Page acme sends as it is stored, without the campaign's own base_url."]


def test_the_page_that_a_draft_brought_is_as_it_said(runtime, session, tmp_path):
    visit = origin.visit_of(session(), submitted(runtime, tmp_path, people(1)).ref)
    assert (visit.remarks, visit.get("limits.rate")) == ([], None)


def test_a_page_that_is_another_account_now_is_left_to_the_first_step(runtime, session, tmp_path):
    draft = submitted(runtime, tmp_path, people(1))
    with runtime.writing() as conn:
        conn.execute(factories.text("UPDATE page SET account_id = '9'"))
    assert origin.visit_of(session(), draft.ref).remarks == []
