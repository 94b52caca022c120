"""Pages looked at by the platform itself: is their token accepted, and what was said to them?"""

import pytest

from campaigns import simulator
from campaigns.simulator import Scenario
from schemas.api_key import Role
from tests import factories
from tests.factories import person


@pytest.fixture(scope="module")
def platform():
    with simulator.start(Scenario()) as running:
        yield running


@pytest.fixture
def acme(platform, admin):
    platform.reset()
    platform.change(revoked=[])
    admin.post("/pages", {"name": "acme", **factories.page(platform.meta_url)}, status=201)


@pytest.mark.usefixtures("acme")
def test_the_platform_says_whose_token_it_is(caller):
    found = caller(Role.AUTHOR).post("/pages/acme/check")
    assert (found["accepted"], found["account_id"], found["parked"]) == (True, factories.ACCOUNT, False)
    assert caller(Role.VIEWER)("POST", "/pages/acme/check").status_code == 403


def test_a_page_that_cannot_be_asked_about_says_why(admin, platform):
    path = "/pages/acme/check"
    assert admin.post(path, status=404)["code"] == "not_found"
    admin.post("/pages", {"name": "acme", **factories.page()}, status=201)
    assert "cannot be asked" in admin.post(path, status=409)["message"]
    wrong = factories.other_page(platform.meta_url, token="@{secret:ACME_TOKEN}")
    admin.post("/pages", {"name": "burger", **wrong}, status=201)
    assert admin.post("/pages/burger/check")["accepted"] is False
    page = factories.page(token="@{secret:NOWHERE}")
    admin.post("/pages", {"name": "acme", **page}, status=201)
    assert "NOWHERE of page acme is not set" in admin.post(path, status=422)["message"]


@pytest.mark.usefixtures("acme")
def test_conversations_are_read(sender, caller, platform, runtime):
    platform.say(account=factories.ACCOUNT, person=person(0), text="Stop!")
    platform.say(account=factories.ACCOUNT, person=person(1), text="Hello?")
    would = sender.post("/pages/acme/pull", {"dry_run": True})
    assert (would["messages"], would["opted_out"], would["dry_run"]) == (2, 1, True)
    assert sender.get("/suppressions") == sender.get("/contacts", page="acme") == []
    found = sender.post("/pages/acme/pull", {"since": "24h"})
    assert (found["complete"], found["conversations"], found["windows"]) == (True, 2, 2)
    assert [each["recipient_id"] for each in sender.get("/suppressions")] == [person(0)]
    assert {each["recipient_id"] for each in sender.get("/contacts", page="acme")} == {person(0), person(1)}
    assert caller(Role.AUTHOR)("POST", "/pages/acme/pull").status_code == 403
    told = factories.select(runtime, "SELECT actor, sentence FROM event WHERE kind = 'page.pulled'")
    assert [each["actor"] for each in told] == ["key:sender"]
    assert told[0]["sentence"].startswith("Its conversations were read: conversations 2, messages 2")


@pytest.mark.usefixtures("acme")
def test_a_pull_that_is_refused_says_so_and_one_of_orbit_is_none(admin, sender, platform):
    platform.change(revoked=[factories.ACCOUNT])
    found = sender.post("/pages/acme/pull")
    assert found["complete"] is False
    assert "The next pull goes on from here." in found["sentence"]
    orbit = factories.page(provider="orbit", account_id="17841400000000002")
    admin.post("/pages", {"name": "cafe", **orbit}, status=201)
    assert "shows no conversations" in sender.post("/pages/cafe/pull", status=422)["message"]
    assert sender.post("/pages/acme/pull", {"since": "soon"}, status=422)["code"] == "invalid_input"


def test_a_dry_run_changes_no_page(admin):
    body = {"name": "acme", **factories.page()}
    admin.post("/pages?dry_run=true", body, status=201)
    assert admin.get("/pages") == []
    admin.post("/pages", body, status=201)
    assert admin.post("/pages/acme/pause?dry_run=true")["state"] == "parked"
    assert admin("DELETE", "/pages/acme", params={"dry_run": True}).json()["data"]["dry_run"] is True
    assert [each["state"] for each in admin.get("/pages")] == ["ready"]
