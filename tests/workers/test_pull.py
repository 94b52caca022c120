"""The thread beside the inbox: whose conversations are read, when, and what is said where they cannot be."""

import asyncio

import pytest

from campaigns.inbound.questions import connected
from campaigns.simulator import Scenario, start
from tests import factories
from tests.factories import ACCOUNT
from workers import pull
from workers.pull import Rounds


@pytest.fixture(scope="module")
def running():
    with start(Scenario()) as simulator:
        yield simulator


@pytest.fixture
def platform(running):
    running.change(conversation_cap=2, penalty=1)
    running.reset()
    running.say(ACCOUNT, "4711", text="STOP")
    return running


class Worker:
    def __init__(self, runtime, campaign):
        self.runtime = runtime
        self.campaign = campaign

    def rounds(self, times=1):
        """Look for what is due so often; return how many accounts were read each time."""

        async def looked():
            async with connected() as client:
                rounds, begun = Rounds(self.runtime, client), []
                for _ in range(times):
                    tasks = rounds.begin()
                    await asyncio.gather(*tasks)
                    begun.append(len(tasks))
                    self.write("UPDATE pull_state SET due_at = due_at - :ms", ms=self.passes)
                return begun

        return asyncio.run(looked())

    passes = 0
    """Milliseconds that go by after each look."""

    def write(self, statement, **facts):
        with self.runtime.writing() as conn:
            conn.execute(factories.text(statement), facts)

    def heard(self):
        return [row["recipient_id"] for row in factories.select(self.runtime, "SELECT recipient_id FROM contact")]

    def said(self):
        query = "SELECT sentence FROM event WHERE kind = 'page.not_pulled' ORDER BY id"
        return [row["sentence"] for row in factories.select(self.runtime, query)]


@pytest.fixture
def open_campaign(runtime, tmp_path, platform, monkeypatch):
    def opened(*, token=f"sim-{ACCOUNT}", **page):
        monkeypatch.setenv("ACME_TOKEN", token)
        file = factories.content(pages={"acme": factories.page(platform.meta_url, **{"pull": True} | page)})
        return Worker(runtime, factories.launched(runtime, tmp_path, factories.people(2), file))

    return opened


@pytest.mark.databases("sqlite", "postgresql")
def test_an_account_is_read_every_minute_and_by_one(open_campaign):
    worker = open_campaign()
    assert worker.rounds() == [1]
    assert worker.heard() == ["4711"]
    assert worker.rounds() == [0], "another process has it"
    worker.passes = 60_000
    assert worker.rounds(3) == [0, 1, 1]


def test_a_page_that_does_not_ask_for_it_is_left_alone(open_campaign):
    worker = open_campaign(pull=False)
    assert worker.rounds() == [0]
    assert worker.heard() == []


@pytest.mark.parametrize(("state", "minutes", "read"), [("paused", 0, 1), ("finished", 9, 1), ("finished", 11, 0)])
def test_while_a_campaign_is_open_and_a_little_longer(open_campaign, state, minutes, read):
    worker = open_campaign()
    ended = factories.now(worker.runtime) - minutes * 60_000
    worker.write("UPDATE campaign SET state = :state, finished_at = :ended", state=state, ended=ended)
    assert worker.rounds() == [read]


def test_what_cannot_be_read_is_said_once_and_left_alone(open_campaign):
    worker = open_campaign(token="very-secret")
    worker.passes = pull.REFUSED_MS - 1_000
    assert worker.rounds(2) == [1, 0]
    worker.passes = pull.REFUSED_MS
    worker.write("UPDATE pull_state SET due_at = 0")
    assert worker.rounds(3) == [1, 1, 1]
    assert len(worker.said()) == 2, "once by each process"
    assert worker.said()[0].startswith("The conversations of page acme could not be read. Meta does not accept")
    assert "very-secret" not in str(worker.said())


def test_a_wait_is_kept(open_campaign, platform):
    worker = open_campaign()
    platform.change(conversation_cap=0.5, penalty=200, retry_after="seconds")
    for n in range(120):
        platform.say(ACCOUNT, str(n), text="hi")
    worker.rounds()
    (row,) = factories.select(worker.runtime, "SELECT * FROM pull_state")
    assert 150_000 < row["due_at"] - factories.now(worker.runtime) <= 400_000
    assert row["cursor"]


def test_a_secret_that_is_missing_is_named(open_campaign, monkeypatch):
    worker = open_campaign()
    monkeypatch.delenv("ACME_TOKEN")
    worker.rounds()
    assert "The secret ACME_TOKEN is not set" in worker.said()[0]


def test_the_thread_reads_and_ends(open_campaign, wait_until):
    worker = open_campaign()
    with pull.reading(worker.runtime):
        wait_until(worker.heard, "the conversations are read")
