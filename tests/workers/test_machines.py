"""Several machines: a state folder each, one PostgreSQL, one Redis."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack, contextmanager

import pytest

from campaigns.runtime import Runtime
from campaigns.settings import Settings
from campaigns.simulator import Scenario, start
from tests import factories
from tests.factories import select
from workers import broker as bells
from workers.clock import Clock

pytestmark = [pytest.mark.databases("postgresql"), pytest.mark.usefixtures("dialect")]
PEOPLE, RATE = 400, 100


class Machine:
    """A state folder with a clock that a test ticks, and a worker process."""

    def __init__(self, home, valkey_url, stack: ExitStack) -> None:
        self.runtime = Runtime.open(Settings(home=home))
        stack.callback(self.runtime.close)
        broker = bells.connect(valkey_url)
        stack.callback(broker.close)
        self.clock = Clock(self.runtime, broker, slots=4)
        own = {"PAGECAST_HOME": str(home), "REDIS_URL": valkey_url}
        environment = os.environ | factories.ENVIRONMENT | own
        log = stack.enter_context((home / "worker.log").open("wb"))
        self.worker = subprocess.Popen([sys.executable, "-m", "workers.worker"], env=environment, stderr=log)
        stack.callback(self.kill)

    @property
    def owner(self) -> str:
        """The name of its worker."""
        return next((file.name for file in (self.runtime.settings.home / "workers").glob("*")), "")

    def kill(self) -> None:
        self.worker.kill()
        self.worker.wait()

    @contextmanager
    def asleep(self):
        """Let other machines answer the bells."""
        self.worker.send_signal(signal.SIGSTOP)
        yield
        self.worker.send_signal(signal.SIGCONT)


@pytest.fixture
def platform():
    with start(Scenario(cap=1000, latency=0.05)) as running:
        yield running


@pytest.fixture
def machines(tmp_path, valkey_url):
    with ExitStack() as stack:
        yield [Machine(tmp_path / name, valkey_url, stack) for name in ("here", "there")]


def launched(machine, folder, platform):
    """Launch a campaign of two pages, a chunk each."""
    pages = {
        "acme": factories.page(platform.meta_url, rate=RATE),
        "burger": factories.other_page(platform.meta_url, rate=RATE),
    }
    rows = [row | {"page": name} for name in pages for row in factories.people(PEOPLE)]
    file = factories.content(pages=pages)
    del file["page"]
    return factories.launched(machine.runtime, folder, rows, file)


def owners(machine) -> list[str]:
    rows = select(machine.runtime, "SELECT owner FROM chunk WHERE state = 'running' ORDER BY id")
    return [row["owner"].partition(":")[2] for row in rows]


def ticking(machine, condition):
    """A condition to wait for while a machine's clock ticks."""
    return lambda: (machine.clock.tick(), condition())[1]


def test_two_share_a_campaign_and_a_killed_one_leaves_nobody_behind(machines, platform, tmp_path, wait_until):
    here, there = machines
    campaign = launched(here, tmp_path, platform)
    wait_until(lambda: here.owner and there.owner, "both machines are up", 20)
    write(here, "UPDATE page SET parked_at = 1, parked_code = '190' WHERE name = 'burger'")
    with there.asleep():
        wait_until(ticking(here, lambda: owners(here) == [here.owner]), "one machine sends")
    write(here, "UPDATE page SET parked_at = NULL WHERE name = 'burger'")
    with here.asleep():
        wait_until(ticking(there, lambda: owners(here) == [here.owner, there.owner]), "the other sends too")
    wait_until(lambda: min(arrived(platform)) > 20, "both pages send")
    there.kill()
    here.clock.tick()
    assert there.owner in owners(here), "from another state folder only the lease tells"
    write(here, "UPDATE chunk SET lease_until = 1 WHERE owner LIKE :name", name=f"%{there.owner}")
    finished = ticking(here, lambda: select(here.runtime, "SELECT state FROM campaign") == [{"state": "finished"}])
    wait_until(finished, "it is finished", 30)
    counts = Counter(row["state"] for row in factories.rows_of(here.runtime, campaign))
    assert counts.keys() <= {"accepted", "unknown"}
    assert counts.total() == 2 * PEOPLE
    assert counts["unknown"] < RATE
    assert platform.stats()["doubles"] == 0
    assert counts["accepted"] <= platform.stats()["accepted"] <= 2 * PEOPLE
    with here.runtime.reading() as conn:
        factories.tallies_add_up(conn, campaign.id)


def arrived(platform) -> list[int]:
    """How many messages each page's account has sent."""
    counted = Counter(message["account"] for message in platform.accepted())
    return [counted[account] for account in (factories.ACCOUNT, factories.OTHER_ACCOUNT)]


def write(machine, statement, **facts) -> None:
    with machine.runtime.writing() as conn:
        conn.execute(factories.text(statement), facts)


def test_two_clocks_ring_each_chunk_once(machines, platform, tmp_path):
    here, there = machines
    for machine in machines:
        machine.kill()
    launched(here, tmp_path, platform)
    assert (sorted(here.clock.tick()), there.clock.tick()) == ([1, 2], [])


def test_a_run_from_import_to_report(platform, tmp_path, valkey_url, monkeypatch):
    factories.write_list(tmp_path / "people.csv", factories.people(50))
    (tmp_path / "campaign.toml").write_text(
        'name = "Spring"\nlist = "people.csv"\npage = "acme"\n[message]\ntext = "Hi {{ first_name }}"\n[pages.acme]\n'
        + "".join(f"{key} = {json.dumps(value)}\n" for key, value in factories.page(platform.meta_url).items())
    )
    monkeypatch.setenv("REDIS_URL", valkey_url)
    command = [sys.executable, "-m", "campaigns.cli", "run", str(tmp_path / "campaign.toml"), "--yes", "--json"]
    environment = os.environ | factories.ENVIRONMENT
    done = subprocess.run(command, env=environment, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert json.loads(done.stdout)["counts"]["accepted"] == 50
    assert platform.stats()["doubles"] == 0
    assert not (tmp_path / "home" / "pagecast.sqlite3").exists()
