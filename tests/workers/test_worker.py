"""A worker process from its start to its end in order."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from campaigns.runtime import Runtime
from campaigns.simulator import Scenario, start
from tests import factories
from workers import broker as bells
from workers.clock import Clock


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    opened = factories.opened(tmp_path / "home")
    yield opened
    opened.close()


@pytest.fixture
def worker(runtime, valkey_url, tmp_path) -> Iterator[subprocess.Popen[bytes]]:
    home = str(runtime.settings.home)
    environment = {**os.environ, **factories.ENVIRONMENT, "PAGECAST_HOME": home, "REDIS_URL": valkey_url}
    environment["PYTHONWARNINGS"] = "default"
    with (tmp_path / "worker.log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "workers.worker"], env=environment, stdout=log, stderr=log)
    yield process
    process.kill()
    process.wait()


@pytest.mark.parametrize("ending", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.long)])
def test_asked_to_end_it_settles_what_is_out_and_returns_the_rest(
    runtime, worker, valkey_url, wait_until, tmp_path, *, ending
):
    with start(Scenario(cap=1000, latency=0.3)) as platform:
        file = factories.content(pages={"acme": factories.page(platform.meta_url, rate=100)})
        campaign = factories.launched(runtime, tmp_path, factories.people(2000), file)
        broker = bells.connect(valkey_url)
        Clock(runtime, broker, slots=8).tick()
        wait_until(lambda: platform.stats()["accepted"] > 30, "it sends")
        worker.send_signal(ending)
        began = time.monotonic()
        assert worker.wait(10) == 0
        assert time.monotonic() - began < 5
        counts = Counter(row["state"] for row in factories.rows_of(runtime, campaign))
        assert counts.keys() == {"accepted", "pending"}
        assert counts["accepted"] == platform.stats()["accepted"]
        broker.close()
    assert factories.select(runtime, "SELECT DISTINCT owner FROM chunk") == [{"owner": None}]
    log = (tmp_path / "worker.log").read_text()
    assert "Traceback" not in log
    assert "ResourceWarning" not in log
    assert "sim-" not in log, "the token is in no line"


@pytest.fixture
def one_thread(monkeypatch):
    monkeypatch.setenv("PAGECAST_WORKER_THREADS", "1")


@pytest.mark.usefixtures("one_thread")
def test_more_pages_than_threads_send_at_the_same_time(runtime, worker, valkey_url, wait_until, tmp_path):
    rows = factories.people(60)
    for n, row in enumerate(rows):
        row["page"] = "acme" if n % 2 else "burger"
    with start(Scenario(cap=1000)) as platform:
        url = platform.meta_url
        pages = {"acme": factories.page(url, rate=2), "burger": factories.other_page(url, rate=2)}
        factories.launched(runtime, tmp_path, rows, factories.content(pages=pages))
        broker = bells.connect(valkey_url)
        Clock(runtime, broker, slots=8).tick()
        wait_until(lambda: len(platform.stats()["senders"]) == 2, "both pages send")
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(10) == 0
        broker.close()
    assert factories.select(runtime, "SELECT DISTINCT owner FROM chunk") == [{"owner": None}]


def test_workers_start_without_what_only_plans_need():
    """Every import delays the first call after a crash."""
    code = "import sys, workers.up; print(sorted({'polars', 'alembic', 'fastapi', 'xlsxwriter'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
