"""A campaign under attack: `pagecast run` in processes of its own, and what is needed to kill any of them."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from bisect import bisect_left
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from campaigns.simulator import Scenario, Simulator, start
from tests.conftest import POSTGRESQL

PAGES = {"acme": ("instagram", "17841400000000001"), "burger": ("messenger", "100200300400500")}


class Attack:
    """One home, one simulator, one campaign of `people` over two pages."""

    def __init__(self, home: Path, platform: Simulator, people: int, rate: float) -> None:
        self.home = home
        self.platform = platform
        self.file = home.parent / "campaign.toml"
        self._run: subprocess.Popen[bytes] | None = None
        self._write(people, rate)

    def run(self) -> None:
        """Start `pagecast run`, or start it again."""
        command = [sys.executable, "-m", "campaigns.cli", "run", str(self.file), "--yes", "--json"]
        folder = self.home.parent
        with (folder / "out.json").open("wb") as out, (folder / "run.log").open("ab") as log:
            self._run = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=log, env=self._environment()
            )

    def until(self, condition: Callable[[], object], what: str, seconds: float = 30.0) -> float:
        """Wait for a condition; return how many seconds it took."""
        began = time.time()
        while not condition():
            assert time.time() < began + seconds, f"waited {seconds} s in vain until {what}"
            assert not self.over, f"the run ended before {what}"
            time.sleep(0.02)
        return time.time() - began

    def run_again(self) -> float:
        """Start the run again; return the seconds until the first call arrives, or until it ends without one."""
        before, began = self.arrived(), time.time()
        self.run()
        while self.arrived() == before and not self.over:
            time.sleep(0.02)
        return time.time() - began

    @property
    def over(self) -> bool:
        """Whether the run has ended by itself or by force."""
        return self._run is not None and self._run.poll() is not None

    def finish(self, seconds: float) -> tuple[int, dict[str, Any]]:
        """Wait for the run's end; return its exit code and final status."""
        assert self._run is not None
        code = self._run.wait(seconds)
        return code, json.loads((self.home.parent / "out.json").read_bytes())

    def say(self, *words: str) -> Any:
        """Return the document of another `pagecast` command beside the run."""
        command = [sys.executable, "-m", "campaigns.cli", *words, "--json"]
        return json.loads(subprocess.check_output(command, env=self._environment(), stderr=subprocess.DEVNULL))

    def arrived(self) -> int:
        """How many calls have come in."""
        return int(self.platform.stats()["arrivals"])

    def times(self, account: str | None = None) -> list[float]:
        """When messages were accepted, in epoch seconds."""
        return sorted(message["at_ms"] / 1000 for message in self.platform.accepted(account))

    def pids(self, *words: str) -> list[int]:
        """Processes of this home whose name holds one of `words`, or all of them."""
        found = []
        for entry in Path("/proc").iterdir():
            with suppress(OSError, ValueError):
                # Forked processes have their parent's command line and a name of their own.
                name, line = (entry / "comm").read_text(), (entry / "cmdline").read_bytes().decode()
                ours = f"PAGECAST_HOME={self.home}".encode() in (entry / "environ").read_bytes().split(b"\0")
                # The server writes its title over its environment, and its socket into its title.
                if (ours or str(self.home) in line) and (not words or any(word in name for word in words)):
                    found.append(int(entry.name))
        return [pid for pid in found if pid not in {os.getpid(), self.platform.pid}]

    def kill(self, *words: str, one: bool = True) -> int:
        """Kill -9 one (or every) process whose name holds one of `words`; return how many."""
        pids = self.pids(*words)
        chosen = [random.choice(pids)] if pids and one else pids
        for pid in chosen:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return len(chosen)

    def reap(self) -> None:
        """Forget a killed run."""
        if self._run is not None:
            self._run.wait()

    def _environment(self) -> dict[str, str]:
        tokens = {f"{name.upper()}_TOKEN": f"sim-{account}" for name, (_, account) in PAGES.items()}
        return os.environ | tokens | {"PAGECAST_HOME": str(self.home)}

    def _write(self, people: int, rate: float) -> None:
        now = int(time.time())
        lines = [f"{9_000_000_000_000_000 + i},{list(PAGES)[i % 2]},P{i},{now - i % 3600}" for i in range(people)]
        (self.home.parent / "people.csv").write_text("\n".join(["id,page,first_name,last_inbound_at", *lines]))
        pages = "".join(
            f'[pages.{name}]\nchannel = "{channel}"\nprovider = "meta"\naccount_id = "{account}"\nrate = {rate}\n'
            f'token = "@{{secret:{name.upper()}_TOKEN}}"\nbase_url = "{self.platform.meta_url}"\n'
            for name, (channel, account) in PAGES.items()
        )
        message = '[message]\ntext = "Hi {{ first_name }}"\n'
        self.file.write_text(f'name = "Attack"\nlist = "people.csv"\n{message}{pages}')


def busiest(times: list[float]) -> int:
    """Return the most of these in any second."""
    return max(bisect_left(times, at + 1) - i for i, at in enumerate(times))


@pytest.fixture
def attack(
    tmp_path: Path, request: pytest.FixtureRequest, dialect: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Attack]:
    """A campaign ready to run; parametrise with (people, rate per page)."""
    people, rate = request.param
    home = tmp_path / "home"
    if dialect == POSTGRESQL:
        monkeypatch.setenv("PAGECAST_FORCE_EMBEDDED", "true")
    home.mkdir(mode=0o700)
    with start(Scenario(latency=0.15, jitter=0.05, cap=rate + 4)) as platform:
        attack = Attack(home, platform, people, rate)
        yield attack
        attack.kill(one=False)
