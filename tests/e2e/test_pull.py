"""A laptop that no webhook reaches: a platform that loses replies, and conversations that tell what became of them."""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from campaigns.simulator import Scenario, Simulator, start
from tests import factories
from tests.e2e.conftest import TOKENS, Desk

PEOPLE = 60
BEHIND = 90
"""Seconds that the platform's clock is behind: moments of rows are put back by as much, as if that time had passed."""


@pytest.fixture
def platform() -> Iterator[Simulator]:
    with start(Scenario(cap=70, drop_reply=0.05, latency=0.01, clock_skew=-BEHIND)) as simulator:
        yield simulator


@pytest.fixture
def desk(tmp_path, platform, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    for name, value in (TOKENS | {"PAGECAST_HOME": str(tmp_path / "home")}).items():
        monkeypatch.setenv(name, value)
    made = Desk(tmp_path, platform)
    yield made
    made.close()


@pytest.fixture
def ran(desk: Desk, platform: Simulator) -> Callable[..., Counter[str]]:
    """Run a campaign to its end and let a minute and a half go by; return how many calls each person cost."""

    def run(**page: object) -> Counter[str]:
        rows = factories.people(PEOPLE)
        desk.write(rows, pages={"acme": factories.page(platform.meta_url, rate=60, **page)})
        assert desk.run().code == 6, "there are rows in doubt"
        with sqlite3.connect(desk.home / "pagecast.sqlite3") as database:
            database.execute("UPDATE delivery SET sent_at = sent_at - ?", (BEHIND * 1000,))
        database.close()
        return Counter(each["recipient_id"] for each in platform.accepted(factories.ACCOUNT))

    return run


def unknown(pagecast) -> int:
    return pagecast("status", "last", "--json").document["counts"]["unknown"]


def test_one_pull_settles_what_is_in_doubt_and_hears_who_spoke(desk, platform, ran, pagecast):
    seen = ran()
    lost = unknown(pagecast)
    assert lost == platform.stats()["dropped_replies"] > 0
    stopper, talker = factories.person(0), "4711"
    platform.say(account=factories.ACCOUNT, person=stopper, text="Stop!")
    platform.say(account=factories.ACCOUNT, person=talker, text="Hello?")

    would = pagecast("pages", "pull", "acme", "--dry-run", "--json").document
    assert (would["settled"], unknown(pagecast)) == (lost, lost)
    run = pagecast("pages", "pull", "acme", "--json")
    assert run.code == 0, run.err
    assert run.document == {
        "name": "acme",
        "complete": True,
        "sentence": "",
        "dry_run": False,
        "conversations": PEOPLE + 1,
        "messages": 2,
        "echoes": lost,
        "windows": 2,
        "opted_out": 1,
        "settled": lost,
        "unclear": 0,
    }
    counts = pagecast("status", "last", "--json").document["counts"]
    assert (counts["unknown"], counts["accepted"]) == (0, PEOPLE)
    assert set(seen.values()) == {1}
    assert [row["recipient_id"] for row in pagecast("suppress", "list", "--json").document] == [stopper]
    contacts = pagecast("contacts", "list", "--page", "acme", "--json").document
    assert {row["recipient_id"] for row in contacts} == {stopper, talker}
    assert "0 messages of people" in pagecast("pages", "pull", "acme").out
    assert desk.leaks() == []


@pytest.mark.long
def test_a_page_that_pulls_settles_them_by_itself(desk, ran, pagecast, wait_until):
    ran(pull=True)
    assert unknown(pagecast) > 0
    with sqlite3.connect(desk.home / "pagecast.sqlite3") as database:
        database.execute("UPDATE pull_state SET due_at = 0")
    database.close()
    up = desk.start("up", "--no-web")
    wait_until(lambda: unknown(pagecast) == 0, "every lost reply is settled")
    up.process.terminate()
    up.ended()


class TestRefusals:
    @pytest.fixture(autouse=True)
    def page(self, pagecast, platform, monkeypatch):
        monkeypatch.setenv("ACME_TOKEN", TOKENS["ACME_TOKEN"])
        options = {"channel": "instagram", "provider": "meta", "account-id": factories.ACCOUNT}
        options |= {"token": "@{secret:ACME_TOKEN}", "base-url": platform.meta_url}
        words = [part for key, value in options.items() for part in (f"--{key}", value)]
        assert pagecast("pages", "add", "acme", *words).code == 0
        assert pagecast("pages", "add", "cafe", *words, "--provider", "orbit").code == 0
        run = pagecast("pages", "add", "nook", *words, "--provider", "orbit", "--pull")
        assert (run.code, "`pull` reads conversations at Meta" in run.err) == (3, True)

    def test_a_token_that_is_refused(self, pagecast, monkeypatch):
        monkeypatch.setenv("ACME_TOKEN", "very-secret")
        run = pagecast("pages", "pull", "acme", "--json")
        assert (run.code, run.document["complete"]) == (5, False)
        assert "Page acme: Meta does not accept the page's token" in run.err
        assert "very-secret" not in run.out + run.err

    def test_a_throttle_says_for_how_long(self, pagecast, platform):
        platform.change(conversation_cap=0.5, penalty=40, retry_after="seconds")
        for n in range(120):
            platform.say(account=factories.ACCOUNT, person=str(n), text="hi")
        run = pagecast("pages", "pull", "acme")
        assert run.code == 5
        assert "Page acme: 50 conversations brought 50 messages of people" in run.out
        assert "It asks to wait 4" in run.err
        assert "The next pull goes on from here." in run.err

    @pytest.mark.parametrize(
        ("words", "sentence"),
        [
            (["cafe"], "is reached by orbit, which shows no conversations"),
            (["nobody"], 'There is no page "nobody"'),
            (["acme", "--since", "yesterday"], '--since = "yesterday" is no duration'),
        ],
    )
    def test_what_cannot_be_asked(self, pagecast, words, sentence):
        run = pagecast("pages", "pull", *words)
        assert run.code == 3
        assert sentence in run.err
