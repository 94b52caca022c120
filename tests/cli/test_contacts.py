"""`contacts`, `events`, `person`, `explain`: what webhooks have told, as a person looks it up, and sends to."""

import csv
import json

import pytest

from campaigns.inbound.apply import apply
from campaigns.inbox import Taken
from schemas.page import ProviderName
from tests import factories
from tests.factories import ACCOUNT, OTHER_ACCOUNT, person
from tests.lifecycle.aftermath import write

MINUTE = 60_000
HOUR = 60 * MINUTE


@pytest.fixture
def runtime(tmp_path):
    opened = factories.opened(tmp_path / "home")
    yield opened
    opened.close()


@pytest.fixture
def acme(runtime, pagecast, monkeypatch):  # noqa: ARG001 - the database is there before the command
    for name, token in factories.ENVIRONMENT.items():
        monkeypatch.setenv(name, token)
    page = ["--channel", "instagram", "--provider", "meta", "--account-id", ACCOUNT, "--token", "@{secret:ACME_TOKEN}"]
    assert pagecast("pages", "add", "acme", *page).code == 0


@pytest.fixture
def hear(runtime):
    """Let people write to an Instagram account so many hours ago."""

    def come(*people, hours=1.0, account=ACCOUNT, text="hello"):
        now = factories.now(runtime)
        at = now - int(hours * HOUR)
        items = [
            {
                "sender": {"id": who},
                "recipient": {"id": account},
                "timestamp": at,
                "message": {"mid": f"m_{who}_{at}", "text": text},
            }
            for who in people
        ]
        body = {"object": "instagram", "entry": [{"id": account, "time": at, "messaging": items}]}
        apply(runtime, [Taken(1, ProviderName.META, now, json.dumps(body).encode())])
        return at

    return come


def ids(run):
    return [each["recipient_id"] for each in run.document]


@pytest.mark.usefixtures("acme")
class TestList:
    def test_the_first_window_to_close_stands_first_with_its_evidence(self, pagecast, hear):
        hear(person(1), hours=1)
        at = hear(person(2), hours=30)
        hear(person(3), account=OTHER_ACCOUNT)
        run = pagecast("contacts", "list", "--page", "acme", "--json")
        assert ids(run) == [person(2), person(1)]
        first = run.document[0]
        assert (first["page"], first["kind"], first["source"]) == ("acme", "message", "webhook")
        assert first["evidence"] == f"m_{person(2)}_{at}"
        said = pagecast("contacts", "list", "--page", "acme").out
        assert "window closes" in said
        assert person(1) in said

    @pytest.mark.parametrize(("options", "shown"), [
        (["--open"], [2, 1]),
        (["--min-left", "2h"], [1]),
        (["--open", "--min-left", "30h"], []),
        ([], [3, 2, 1]),
    ])  # fmt: skip
    def test_open_and_min_left_choose(self, pagecast, hear, options, shown):
        for n, hours in ((1, 1), (2, 23), (3, 25)):
            hear(person(n), hours=hours)
        run = pagecast("contacts", "list", "--page", "acme", *options, "--json")
        assert ids(run) == [person(n) for n in shown]

    def test_nobody_is_said(self, pagecast):
        run = pagecast("contacts", "list", "--page", "acme", "--open")
        assert (run.code, run.out) == (0, "")
        assert "Nobody with an open window has written to acme" in run.err

    def test_more_than_fifty_are_named_not_shown(self, pagecast, hear):
        hear(*(person(n) for n in range(60)))
        run = pagecast("contacts", "list", "--page", "acme")
        assert len(run.out.splitlines()) == 51
        assert "and more" in run.err
        assert len(ids(pagecast("contacts", "list", "--page", "acme", "--json"))) == 60

    @pytest.mark.parametrize(("options", "code", "said"), [
        (["--page", "nobody"], 3, "Known pages: acme"),
        (["--page", "acme", "--min-left", "soon"], 3, "--min-left"),
        ([], 2, "--page"),
    ])  # fmt: skip
    def test_what_is_wrong_is_said(self, pagecast, options, code, said):
        run = pagecast("contacts", "list", *options)
        assert run.code == code
        assert said in run.err


@pytest.mark.usefixtures("acme")
class TestExport:
    def test_it_is_a_list_that_a_campaign_can_use(self, pagecast, hear, tmp_path):
        hear(person(1), person(2))
        out = tmp_path / "wrote.csv"
        run = pagecast("contacts", "export", "--page", "acme", "--out", out, "--json")
        assert run.document == {"people": 2, "file": str(out)}
        checked = pagecast("check", out, "--json").document
        assert (checked["usable"], checked["rejected"], checked["warnings"]) == (2, 0, [])
        assert list(checked["columns"]) == ["recipient_id", "page", "last_inbound_at", "window_closes_at"]

    def test_open_chooses(self, pagecast, hear, tmp_path):
        hear(person(1), hours=1)
        hear(person(2), hours=25)
        assert pagecast("contacts", "export", "--page", "acme", "--open", "--out", tmp_path / "open.csv").code == 0
        assert self._ids(tmp_path / "open.csv") == {person(1)}

    def test_what_a_spreadsheet_would_run_is_text(self, pagecast, hear, tmp_path):
        hear("=1+1", "-5", person(1))
        pagecast("contacts", "export", "--page", "acme", "--out", tmp_path / "all.csv")
        assert self._ids(tmp_path / "all.csv") == {"'=1+1", "'-5", person(1)}

    @pytest.mark.parametrize("wrong", [["--page", "nobody"], ["--page", "acme", "--min-left", "soon"]])
    def test_what_is_wrong_leaves_no_file(self, pagecast, tmp_path, wrong):
        assert pagecast("contacts", "export", *wrong, "--out", tmp_path / "out.csv").code == 3
        assert not (tmp_path / "out.csv").exists()

    @staticmethod
    def _ids(path):
        with path.open(newline="") as file:
            return {row["recipient_id"] for row in csv.DictReader(file)}

    @pytest.mark.parametrize("place", ["there.csv", "nowhere/out.csv"])
    def test_it_overwrites_nothing(self, pagecast, tmp_path, place):
        (tmp_path / "there.csv").write_text("mine")
        run = pagecast("contacts", "export", "--page", "acme", "--out", tmp_path / place)
        assert run.code == 3
        assert place in run.err
        assert (tmp_path / "there.csv").read_text() == "mine"


@pytest.mark.usefixtures("acme")
class TestEvents:
    def test_the_latest_stands_first(self, pagecast, hear):
        hear(person(1), hours=2, text="first")
        hear(person(2), hours=1, text="second")
        found = pagecast("events", "--json").document
        assert [(each["person"], each["text"], each["page"]) for each in found] == [
            (person(2), "second", "acme"),
            (person(1), "first", "acme"),
        ]
        run = pagecast("events")
        assert "second" in run.out
        assert "2 events in all: 2 message." in run.err

    def test_kind_person_and_limit_choose(self, pagecast, hear):
        hear(person(1), person(2), person(3))
        assert len(pagecast("events", "--person", person(2), "--json").document) == 1
        assert pagecast("events", "--kind", "read", "--json").document == []
        assert len(pagecast("events", "--limit", "2", "--json").document) == 2

    def test_a_campaign_has_its_own(self, pagecast, hear, runtime, tmp_path):
        campaign = factories.launched(runtime, tmp_path, factories.people(1))
        at = factories.now(runtime) - 2 * HOUR
        write(runtime, "UPDATE delivery SET state = 'accepted', sent_at = :at, accepted_at = :at", at=at)
        hear(person(0), person(1))
        assert [each["person"] for each in pagecast("events", "--campaign", "last", "--json").document] == [person(0)]
        assert pagecast("events", "--campaign", campaign.ref, "--json").document[0]["campaign"] == campaign.ref

    def test_nothing_is_said(self, pagecast):
        assert "Nothing has come in." in pagecast("events").err

    def test_what_cannot_be_is_refused(self, pagecast):
        assert pagecast("events", "--kind", "telegram").code == 2
        assert pagecast("events", "--campaign", "nothing").code == 3


@pytest.mark.usefixtures("acme")
class TestEvidence:
    def test_who_is_in_no_campaign_has_windows_all_the_same(self, pagecast, hear):
        at = hear(person(7))
        (window,) = pagecast("person", person(7), "--json").document["windows"]
        assert (window["page"], window["open"]) == ("acme", True)
        assert window["source"].startswith(f"message m_{person(7)}_{at} of ")
        assert window["source"].endswith(" UTC, by webhook")
        assert "Window with page acme: open until " in pagecast("person", person(7)).out

    def test_an_account_without_a_page_has_its_own_name(self, pagecast, hear):
        hear(person(7), account=OTHER_ACCOUNT)
        (window,) = pagecast("person", person(7), "--json").document["windows"]
        assert window["page"] == f"instagram account {OTHER_ACCOUNT}"

    def test_a_list_and_a_webhook_are_told_apart(self, pagecast, hear, runtime, tmp_path):
        factories.launched(runtime, tmp_path, factories.people(2))
        hear(person(1), hours=0.5)
        listed = pagecast("explain", "last", person(0), "--json").document
        assert listed["lines"][0]["window_source"].startswith("the list's column last_inbound_at")
        assert [window["source"] for window in listed["windows"]] == [None]
        told = pagecast("explain", "last", person(1), "--json").document
        assert told["lines"][0]["window_source"].startswith(f"message m_{person(1)}_")
        assert "a list said so" in pagecast("explain", "last", person(0)).out
        assert "by webhook" in pagecast("explain", "last", person(1)).out

    def test_the_event_of_then_is_named_although_the_window_has_moved_on(self, pagecast, hear, runtime, tmp_path):
        factories.launched(runtime, tmp_path, factories.people(1))
        first = hear(person(0), hours=0.5)
        write(runtime, "UPDATE delivery SET state = 'accepted', accepted_at = 1, sent_at = 1")
        later = hear(person(0), hours=0.25)
        told = pagecast("explain", "last", person(0), "--json").document
        assert f"m_{person(0)}_{first}" in told["lines"][0]["window_source"]
        assert f"m_{person(0)}_{later}" in told["windows"][0]["source"]


class TestCampaigns:
    @pytest.fixture
    def file(self, tmp_path, acme):  # noqa: ARG002 - its page
        def written(more="", **keys):
            head = {"name": "Spring", "list": "@contacts", "page": "acme"} | keys
            lines = [f'{key} = "{value}"' for key, value in head.items()]
            path = tmp_path / "spring.toml"
            path.write_text("\n".join([*lines, '[message]\ntext = "Hi"', more]))
            return path

        return written

    def test_everyone_whose_window_is_open_is_planned(self, pagecast, hear, file):
        hear(person(1), person(2))
        hear(person(3), hours=25)
        drawn = pagecast("plan", file(), "--json").document
        assert (drawn["eligible"], drawn["total"]) == (2, 2)
        hear(person(4))
        assert pagecast("plan", "last", "--json").document["token"] == drawn["token"]
        assert pagecast("plan", file(), "--json").document["eligible"] == 2

    def test_nobody_is_bad_input(self, pagecast, file, count):
        for verb in ("submit", "run"):
            run = pagecast(verb, file())
            assert run.code == 3
            assert "No window of page acme is open" in run.err
        assert count("campaign") == 0

    def test_a_dry_run_leaves_nothing(self, pagecast, hear, file, count, runtime):
        hear(person(1))
        run = pagecast("run", file(), "--dry-run")
        assert run.code == 0
        assert "1  will get it" in run.err
        assert count("campaign") == 0
        assert list((runtime.storage / "lists").iterdir()) == []

    def test_a_finished_one_is_said(self, pagecast, hear, file, runtime):
        hear(person(1))
        token = pagecast("plan", file(), "--json").document["token"]
        assert pagecast("launch", "last", "--plan", token).code == 0
        write(runtime, "UPDATE delivery SET state = 'accepted', accepted_at = 1")
        write(runtime, "UPDATE tally SET state = 'accepted'")
        write(runtime, "UPDATE campaign SET state = 'finished', finished_at = 1")
        write(runtime, "UPDATE contact SET closes_at = 1")
        run = pagecast("run", file())
        assert run.code == 0
        assert "add --again" in run.err
        assert pagecast("run", file(), "--again").code == 3

    def test_run_asks_also_for_those_who_get_it_when_they_write(self, pagecast, file, tmp_path):
        rows = factories.people(2)
        rows[1]["last_inbound_at"] -= 3 * 86_400
        factories.write_list(tmp_path / "people.csv", rows)
        path = file('[schedule]\nkeep_open_until = "2099-12-05 18:00 Europe/Paris"', list="people.csv")
        run = pagecast("run", path)
        assert run.code == 4
        assert "1 person whose window is not open gets it when they write, until 2099-12-05 17:00:00 UTC." in run.err
        rows[0]["last_inbound_at"] -= 3 * 86_400
        factories.write_list(tmp_path / "people.csv", rows)
        assert pagecast("run", path).code == 4
