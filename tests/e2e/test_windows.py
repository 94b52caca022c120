"""Campaigns that live on windows, from outside: everyone who wrote gets it, and who writes later gets it then."""

import json

import pytest

from campaigns.inbound.apply import apply
from campaigns.inbox import Taken
from campaigns.runtime import Runtime
from campaigns.settings import Settings
from schemas.page import ProviderName
from tests import factories
from tests.factories import ACCOUNT, person

OPEN = {"keep_open_until": "2099-12-05 18:00 Europe/Paris"}
SENTENCE = "Open until 2099-12-05 17:00:00 UTC: 1 person gets it when they write."


@pytest.fixture
def hear(desk):
    """Let people write to acme now, as the worker of the inbox applies it."""

    def come(*people):
        runtime = factories.opened(desk.home) if not desk.home.exists() else Runtime.open(Settings(home=desk.home))
        now = factories.now(runtime)
        entry = [
            {
                "sender": {"id": who},
                "recipient": {"id": ACCOUNT},
                "timestamp": now,
                "message": {"mid": f"m_{who}", "text": "hello"},
            }
            for who in people
        ]
        body = {"object": "instagram", "entry": [{"id": ACCOUNT, "time": now, "messaging": entry}]}
        apply(runtime, [Taken(1, ProviderName.META, now, json.dumps(body).encode())])
        runtime.close()

    return come


@pytest.mark.databases("sqlite", "postgresql")
def test_an_open_campaign_survives_an_interrupt_and_sends_to_who_writes(desk, pagecast, hear, wait_until):
    rows = factories.people(3)
    rows[2]["last_inbound_at"] -= 3 * 86_400
    desk.write(rows, schedule=OPEN)
    running = desk.start("run", desk.file, "--yes", "--json")
    wait_until(lambda: len(desk.platform.people) == 2, "two people have it")
    wait_until(lambda: pagecast("status", "last", "--json").document["sentence"] == SENTENCE, "it says that it is open")
    running.interrupt()
    ran = running.ended(30)
    assert ran.code == 130
    assert "It stays open until 2099-12-05 17:00:00 UTC." in ran.err
    assert pagecast("status", "last", "--json").document["state"] == "sending"

    going_on = desk.start("run", desk.file, "--yes", "--json")
    hear(person(2))
    status = going_on.ended().document
    assert status["sentence"] == "Finished: 3 accepted."
    assert desk.platform.people == {person(n) for n in range(3)}
    assert desk.platform.doubles == {}


def test_everyone_who_wrote_gets_it_once_and_again_only_when_asked(desk, pagecast, hear):
    hear(person(1), person(2))
    desk.write(None, list="@contacts", message={"text": "Hi"})
    first = desk.run().document
    assert first["sentence"] == "Finished: 2 accepted."
    hear(person(3))
    assert desk.run().document["id"] == first["id"]
    assert desk.platform.people == {person(1), person(2)}
    again = desk.run("--again").document
    assert (again["name"], again["counts"]["accepted"]) == ("Spring #2", 3)
    results = pagecast("explain", again["id"], person(3), "--json").document
    assert results["lines"][0]["window_source"].startswith(f"message m_{person(3)} of ")
