"""A campaign whose platform answers by webhook: `pagecast up` with its web, and a platform that loses replies."""

import os
import socket
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from campaigns.simulator import Scenario, Simulator, start
from campaigns.simulator.webhooks import Webhooks
from tests import factories
from tests.e2e.conftest import TOKENS, Desk

SECRET = "app-secret-of-the-test"
PEOPLE = 240


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def platform(port: int) -> Iterator[Simulator]:
    told = Webhooks(
        meta_url=f"http://127.0.0.1:{port}/webhooks/meta",
        app_secret=SECRET,
        delivered=0.9,
        read=0.5,
        quick_reply=0.2,
        answer_delay=0.3,
        duplicate=0.2,
        reorder=0.2,
        bad_signature=0.05,
    )
    with start(Scenario(cap=70, drop_reply=0.05, latency=0.02, webhooks=told)) as simulator:
        yield simulator


@pytest.fixture
def desk(tmp_path: Path, platform: Simulator, port: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    settings = {"PAGECAST_PORT": str(port), "PAGECAST_META_APP_SECRET": f"an-older-one,{SECRET}"}
    for name, value in (TOKENS | settings).items():
        monkeypatch.setenv(name, value)
    made = Desk(tmp_path, platform)
    yield made
    made.close()


@pytest.fixture
def up(desk: Desk, port: int, wait_until: Callable[..., None]) -> Iterator[None]:
    environment = os.environ | {"PAGECAST_HOME": str(desk.home)}
    process = subprocess.Popen(
        [sys.executable, "-m", "campaigns.cli", "up"], env=environment, cwd=desk.folder, stdin=subprocess.DEVNULL
    )
    wait_until(lambda: _answers(f"http://127.0.0.1:{port}/readyz"), "the web is up")
    yield
    process.terminate()
    process.wait(60)


def _answers(url: str) -> bool:
    with suppress(OSError):
        return urllib.request.urlopen(url, timeout=2).status == 200
    return False


# Instagram's echoes bring no metadata back: text and time settle a row, and only after half a minute.
@pytest.mark.parametrize("name", ["burger", pytest.param("acme", marks=pytest.mark.chaos)])
@pytest.mark.usefixtures("up")
def test_lost_replies_are_settled_by_echoes_and_who_speaks_meanwhile_is_heard(
    desk, platform, wait_until, pagecast, name
):
    rows = factories.people(PEOPLE)
    late, stopper = rows[0], rows[1]
    late["last_inbound_at"] -= 3 * 86_400
    # Whoever wrote last is sent to last.
    stopper["last_inbound_at"] += 3_000
    page = {"burger": factories.other_page, "acme": factories.page}[name](platform.meta_url, rate=60)
    account = str(page["account_id"])
    message = {"text": "Hi {{ first_name }}", "quick_replies": [{"title": "Yes", "payload": "YES"}]}
    file = desk.write(rows, page=name, pages={name: page}, message=message)
    assert pagecast("submit", file).code == 0
    token = pagecast("plan", "last", "--json").document["token"]
    assert pagecast("launch", "last", "--plan", token).code == 0

    platform.say(account=account, person=stopper["recipient_id"], text="Stop!")
    platform.say(account=account, person=late["recipient_id"], text="Hello?")

    def status():
        return pagecast("status", "last", "--json").document

    wait_until(lambda: status()["state"] == "finished", "the campaign is finished")
    wait_until(lambda: platform.webhooks()["idle"], "the platform has told everything")
    wait_until(lambda: not status()["counts"]["unknown"], "every lost reply is settled")
    counts = status()["counts"]
    seen = Counter(each["recipient_id"] for each in platform.accepted(account))
    assert platform.stats()["dropped_replies"] > 3
    assert set(seen.values()) == {1}
    assert seen.keys() == {row["recipient_id"] for row in rows if row is not stopper}
    assert counts["accepted"] + counts["delivered"] + counts["read"] == PEOPLE - 1
    assert (counts["skipped"], status()["reasons"]["opted_out"]) == (1, 1)

    def about_no_campaign():
        told = {"echo", "read", "quick_reply"}
        return [each for each in pagecast("events", "--json").document if each["kind"] in told and not each["campaign"]]

    wait_until(lambda: not about_no_campaign(), "every event has found its message")
    events = pagecast("events", "--json").document
    kinds = Counter(each["kind"] for each in events)
    receipts = {"delivered", "read"} if name == "burger" else {"read"}
    assert kinds.keys() == receipts | {"echo", "quick_reply", "message"}
    assert kinds["echo"] == len(seen)
    assert "wrong signatures" in pagecast("status", "last").out
