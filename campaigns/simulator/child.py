"""The simulator in a process of its own, which dies with its parent."""

import json
import subprocess
import sys
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

import httpx

from campaigns.errors import InputError, PagecastError
from campaigns.simulator.scenario import Scenario


class Simulator:
    """A running simulator: where it listens, and what it has seen. Leaving the context stops it."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self._process = process
        self._desk = httpx.Client(base_url=url, timeout=30, trust_env=False)
        self.url = url

    @property
    def meta_url(self) -> str:
        """The base_url of a Meta page."""
        return f"{self.url}/v26.0"

    @property
    def orbit_url(self) -> str:
        """The base_url of an Orbit page."""
        return f"{self.url}/api/v1"

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def stats(self) -> dict[str, Any]:
        """Return the counts, see Books.stats."""
        return dict(self._desk.get("/stats").raise_for_status().json())

    def accepted(self, account: str | None = None) -> Iterator[dict[str, Any]]:
        """Yield accepted messages: account, recipient_id, message_id, at_ms (epoch)."""
        offset: int | None = 0
        while offset is not None:
            asked = {"offset": str(offset)} | ({"account": account} if account is not None else {})
            page = self._desk.get("/accepted", params=asked).raise_for_status().json()
            yield from page["accepted"]
            offset = page["next"]

    def webhooks(self, idle: float = 0.0) -> dict[str, Any]:
        """Return the counts of webhooks, see Courier.counts, once all are posted or after `idle` seconds at most.

        `idle` in them says whether nothing is left to be posted, answers that people still have to write included.
        """
        return dict(self._desk.get("/webhooks", params={"idle": idle}).raise_for_status().json())

    def say(self, account: str, person: str, **what: Any) -> str:
        """Have a person write, tap or do something now, see saying.read; return the message's id, '' for an event."""
        answer = self._desk.post("/say", json={"account": account, "person": person, **what})
        if answer.is_client_error:
            raise InputError(answer.json()["error"])
        return str(answer.raise_for_status().json().get("message_id", ""))

    def reset(self) -> None:
        """Forget everything seen."""
        self._desk.post("/reset").raise_for_status()

    def change(self, **fields: Any) -> None:
        """Replace some fields of the scenario while it runs."""
        self._desk.post("/scenario", json=fields).raise_for_status()

    def stop(self) -> None:
        """End the process; harmless when it has ended."""
        self._desk.close()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe and not pipe.closed:
                pipe.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start(scenario: Scenario | None = None, *, host: str = "127.0.0.1", port: int = 0) -> Simulator:
    """Start a simulator and return once it listens; use it as a context manager, or call `stop`.

    It has a session of its own, so that Ctrl-C in a terminal stops the sender first; it ends when this process does.
    """
    command = [sys.executable, "-m", "campaigns.simulator", "--host", host, "--port", str(port), "--scenario", "-"]
    process = subprocess.Popen(  # noqa: S603 - our own module, started by our own interpreter
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdin
    assert process.stdout
    process.stdin.write((scenario or Scenario()).model_dump_json() + "\n")
    process.stdin.flush()
    line = process.stdout.readline()
    if not line:
        process.stdin.close()
        process.stdout.close()
        raise PagecastError(f"The simulator did not start (exit code {process.wait()}). Its last words are above.")
    return Simulator(process, json.loads(line)["url"])
