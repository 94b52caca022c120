"""A clock and workers as processes of their own, on one state folder, against the platform over HTTP."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from campaigns.runtime import Runtime
from campaigns.simulator import Simulator
from schemas.campaign import Campaign
from tests import factories


class Crew:
    """One clock, and as many workers as a test hires; what is launched goes out until the crew goes home."""

    def __init__(self, runtime: Runtime, folder: Path, valkey_url: str, platform: Simulator, stack: ExitStack) -> None:
        self.runtime = runtime
        self.platform = platform
        self.workers: list[subprocess.Popen[bytes]] = []
        self._folder = folder
        self._stack = stack
        own = {"PAGECAST_HOME": str(runtime.settings.home), "REDIS_URL": valkey_url}
        self._environment = os.environ | factories.ENVIRONMENT | own

    def hire(self, workers: int = 1) -> None:
        """Start so many more workers, and the clock with the first of them."""
        if not self.workers:
            self._start("workers.clock")
        self.workers += [self._start("workers.worker") for _ in range(workers)]

    def _start(self, module: str) -> "subprocess.Popen[bytes]":
        log = self._stack.enter_context((self._folder / f"{module}.log").open("ab"))
        process = subprocess.Popen([sys.executable, "-m", module], env=self._environment, stderr=log)
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)
        return process

    def ready(self) -> bool:
        """Tell whether every worker is at work."""
        return len(list((self.runtime.settings.home / "workers").glob("*"))) >= len(self.workers)

    def draft(self, people: range | list[dict[str, Any]], **changes: object) -> Campaign:
        """Store a campaign for the people of these numbers, or these rows, from page acme."""
        rows = people
        if isinstance(people, range):
            rows = [
                row for row in factories.people(people.stop) if row["recipient_id"] >= factories.person(people.start)
            ]
        file = factories.content(self.platform.meta_url, **changes)
        if file["page"] is None:
            del file["page"]
        return factories.submitted(self.runtime, self._folder, rows, file)

    def launch(self, campaign: Campaign) -> Campaign:
        return factories.let_go(self.runtime, campaign)

    def standing(self, campaign: Campaign) -> dict[str, Any]:
        """Return the campaign's row as it is now."""
        return factories.select(self.runtime, "SELECT * FROM campaign WHERE id = :id", id=campaign.id)[0]

    def arrived(self, campaign: Campaign) -> list[float]:
        """Return the seconds at which the platform accepted the messages of a campaign."""
        people = {row["recipient_id"] for row in factories.rows_of(self.runtime, campaign)}
        return [message["at_ms"] / 1000 for message in self.platform.accepted() if message["recipient_id"] in people]

    def write(self, statement: str, **facts: object) -> None:
        with self.runtime.writing() as conn:
            conn.execute(factories.text(statement), facts)


@contextmanager
def at_work(runtime: Runtime, folder: Path, valkey_url: str, platform: Simulator) -> Iterator[Crew]:
    with ExitStack() as stack:
        yield Crew(runtime, folder, valkey_url, platform, stack)
