"""`list = "@contacts"`: everyone whose window is open, written down once a run."""

from contextlib import suppress

import polars as pl
import pytest

from campaigns import contacts
from campaigns.campaign_file import parse
from campaigns.contacts import Heard
from campaigns.errors import InputError, StateError
from campaigns.lifecycle import control, revise
from campaigns.lifecycle.meeting import Meeting
from campaigns.lifecycle.plan import plan
from campaigns.lifecycle.recognise import recognise
from campaigns.lifecycle.submit import check, discard, store
from tests import factories
from tests.factories import ACCOUNT, ENVIRONMENT, OTHER_ACCOUNT, content, other_page, page, person, select
from tests.lifecycle.aftermath import ends

HOUR = 3_600_000
DAY = 24 * HOUR


def heard(runtime, *people, account=("instagram", ACCOUNT), hours=1.0, source="webhook"):
    """Let people have written so many hours ago."""
    now = factories.now(runtime)
    at = now - int(hours * HOUR)
    with runtime.writing() as conn:
        told = [Heard(*account, person(n), at, DAY, "message", f"m_{n}", source) for n in people]
        contacts.hear(conn, told, now)


def file(**changes):
    return content(list="@contacts", message={"text": "Hi"}, **changes)


def drawn(runtime, folder, content, *, again=False):
    return check(runtime, parse(content), folder, ENVIRONMENT, factories.now(runtime), again=again)


def people_of(runtime, draft):
    rows = pl.read_parquet(runtime.storage / draft.list_path)
    return rows.select("recipient_id", "page").rows()


def lists(runtime):
    return sorted(path.name for path in (runtime.storage / "lists").iterdir())


@pytest.mark.databases("sqlite", "postgresql")
def test_everyone_whose_window_is_open_gets_it(runtime, folder):
    heard(runtime, 1, 2, hours=3)
    heard(runtime, 3, hours=5)
    heard(runtime, 4, hours=25)
    heard(runtime, 5, account=("messenger", OTHER_ACCOUNT))
    draft = drawn(runtime, folder, file())
    assert draft.reading.columns == ["recipient_id", "page", "last_inbound_at", "window_closes_at"]
    assert draft.notes == ()
    assert people_of(runtime, draft) == [(person(n), "acme") for n in (3, 1, 2)]
    campaign = factories.let_go(runtime, store(runtime, draft, "test"))
    assert factories.states(runtime, campaign) == {person(n): "pending" for n in (1, 2, 3)}
    closings = {row["recipient_id"]: row["closes_at"] for row in select(runtime, "SELECT * FROM contact")}
    assert all(row["closes_at"] == closings[row["recipient_id"]] for row in factories.rows_of(runtime, campaign))


def test_the_moments_of_the_list_are_those_of_the_contacts(runtime, folder):
    heard(runtime, 1)
    draft = drawn(runtime, folder, file())
    row = pl.read_parquet(runtime.storage / draft.list_path).row(0, named=True)
    contact = select(runtime, "SELECT * FROM contact")[0]
    assert (row["_inbound_at"], row["_closes_at"]) == (contact["opened_at"], contact["closes_at"])


@pytest.mark.parametrize(("terms", "reached"), [
    ({}, [1, 2]),
    ({"audience": {"min_left": "2h"}}, [1]),
    ({"audience": {"min_left": "0m"}}, [1, 2, 3]),
    ({"limits": {"margin": "30m"}}, [1]),
])  # fmt: skip
def test_so_much_time_must_be_left(runtime, folder, terms, reached):
    heard(runtime, 1, hours=1)
    heard(runtime, 2, hours=23.75)
    heard(runtime, 3, hours=23.95)
    assert sorted(people_of(runtime, drawn(runtime, folder, file(**terms)))) == [(person(n), "acme") for n in reached]


def test_without_a_page_every_page_of_the_file_counts_once(runtime, folder):
    heard(runtime, 1)
    heard(runtime, 2, account=("messenger", OTHER_ACCOUNT))
    pages = {"acme": page(), "burger": other_page(), "acme_too": page()}
    draft = drawn(runtime, folder, file(page=None, pages=pages))
    assert sorted(people_of(runtime, draft)) == [(person(1), "acme"), (person(2), "burger")]
    campaign = factories.let_go(runtime, store(runtime, draft, "test"))
    assert factories.states(runtime, campaign) == {person(1): "pending", person(2): "pending"}


def test_where_and_exclude_choose_among_them(runtime, folder):
    heard(runtime, 1, 2, 3)
    first = store(runtime, drawn(runtime, folder, file(audience={"where": f"recipient_id = '{person(1)}'"})), "test")
    factories.let_go(runtime, first)
    draft = drawn(runtime, folder, file(name="Autumn", audience={"exclude": ["Spring"]}))
    planned = plan(runtime, store(runtime, draft, "test"), ENVIRONMENT, factories.now(runtime)).plan
    assert (planned.eligible, planned.skipped) == (2, {"excluded": 1})


class TestOnce:
    @pytest.fixture
    def run(self, runtime, folder):
        heard(runtime, 1, 2)
        return factories.let_go(runtime, store(runtime, drawn(runtime, folder, file()), "test"))

    @pytest.mark.databases("sqlite", "postgresql")
    def test_an_unfinished_run_goes_on_with_its_people(self, runtime, folder, run):
        kept = lists(runtime)
        heard(runtime, 3, hours=0)
        draft = drawn(runtime, folder, file())
        known = recognise(runtime, draft)
        assert (known.meeting, known.campaign.ref) == (Meeting.UNFINISHED, run.ref)
        assert draft.reading.digest == run.list_id
        assert (draft.reading.rows, draft.reading.usable, draft.reading.duplicates) == (2, 2, 0)
        assert "The contacts are those of" in draft.notes[0]
        assert lists(runtime) == kept

    @pytest.mark.usefixtures("run")
    def test_also_when_no_window_is_open_any_more(self, runtime, folder):
        with runtime.writing() as conn:
            conn.execute(factories.text("UPDATE contact SET closes_at = 1"))
        assert recognise(runtime, drawn(runtime, folder, file())).meeting is Meeting.UNFINISHED

    def test_a_finished_run_is_said_and_again_takes_them_anew(self, runtime, folder, run):
        ends(runtime)
        heard(runtime, 3, hours=0)
        known = recognise(runtime, drawn(runtime, folder, file()))
        assert (known.meeting, known.campaign.ref) == (Meeting.FINISHED, run.ref)
        again = drawn(runtime, folder, file(), again=True)
        assert recognise(runtime, again).meeting is Meeting.FINISHED
        assert sorted(who for who, _ in people_of(runtime, again)) == [person(n) for n in (1, 2, 3)]

    @pytest.mark.usefixtures("run")
    def test_another_message_is_refused_while_it_goes_on_and_leaves_no_list(self, runtime, folder):
        kept = lists(runtime)
        changed = file() | {"message": {"text": "Hello"}}
        with pytest.raises(StateError, match="the message changed"):
            recognise(runtime, drawn(runtime, folder, changed))
        assert lists(runtime) == kept

    @pytest.mark.usefixtures("run")
    def test_a_file_in_its_place_is_another_list(self, runtime, folder):
        with pytest.raises(StateError, match="the list changed"):
            recognise(runtime, drawn(runtime, folder, file() | {"list": "people.csv"}))

    def test_a_corrected_message_is_still_the_same_run(self, runtime, folder, run):
        control.pause(runtime, run, "test")
        written = revise.reworded(run, "Hello", toml=None)
        revise.revise(runtime, run, revise.examine(runtime, run, written, ENVIRONMENT), "test")
        draft = drawn(runtime, folder, file() | {"message": {"text": "Hello"}})
        assert recognise(runtime, draft).meeting is Meeting.UNFINISHED

    def test_a_draft_that_is_not_kept_leaves_no_list(self, runtime, folder):
        heard(runtime, 1)
        draft = drawn(runtime, folder, file(name="Autumn"))
        before = lists(runtime)
        campaign = store(runtime, draft, "test")
        discard(runtime, campaign, draft)
        assert len(lists(runtime)) == len(before) - 1


WRONG = {
    "nobody": (file(), r"No window of page acme is open for 5 min more, as far as webhooks have told\."),
    "nobody on two": (
        file(page=None, pages={"acme": page(), "burger": other_page()}),
        "No window of the pages acme, burger is open",
    ),
    "no page": (file(page=None, pages={}), "No page is named"),
    "an unknown page": (file(page="nowhere"), 'There is no page "nowhere"'),
    "a column": (file() | {"message": {"text": "Hi {{ first_name }}"}}, "first_name"),
    "a time that is none": (file(audience={"min_left": "soon"}), "audience.min_left"),
    "a list that is a file": (content(audience={"min_left": "2h"}), "audience.min_left is about"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_said_and_nothing_is_kept(runtime, folder, wrong):
    changed, sentence = WRONG[wrong]
    if wrong == "a column":
        heard(runtime, 1)
    with pytest.raises(InputError, match=sentence):
        drawn(runtime, folder, changed)
    with suppress(FileNotFoundError):
        assert lists(runtime) == []


def test_a_file_of_that_name_is_not_meant(runtime, folder):
    factories.write_list(folder / "@contacts", factories.people(5))
    with pytest.raises(InputError, match="No window"):
        drawn(runtime, folder, file())
