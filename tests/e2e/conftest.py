"""A desk with everything that a person needs: a state folder, a strict platform, a campaign file and the command."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import factories
from tests.cli.conftest import furnished, pagecast
from tests.conftest import POSTGRESQL
from tests.e2e.strict import Account, Strict

__all__ = ["furnished", "pagecast"]

ORBIT_ACCOUNT = "17841400000000002"
TOKENS = factories.ENVIRONMENT | {"ORBIT_KEY": "dv_live_sk_strict"}
_PATIENCE = 90.0


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str
    took: float

    @property
    def document(self) -> Any:
        return json.loads(self.out)


class Running:
    """A command that is still going."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self._began = time.monotonic()

    def interrupt(self) -> None:
        self.process.send_signal(signal.SIGINT)

    def ended(self, seconds: float = _PATIENCE) -> Ran:
        out, err = self.process.communicate(timeout=seconds)
        return Ran(self.process.returncode, out, err, time.monotonic() - self._began)


class Desk:
    """One folder: `home` is the state folder, `file` the campaign file, beside its list."""

    def __init__(self, folder: Path, platform: Strict) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.file = folder / "campaign.toml"
        self.platform = platform
        self._running: list[Running] = []

    @property
    def pages(self) -> dict[str, dict[str, object]]:
        """Tables of the three accounts that the platform knows."""
        orbit = {"provider": "orbit", "account_id": ORBIT_ACCOUNT, "token": "@{secret:ORBIT_KEY}"}
        return {
            "acme": factories.page(self.platform.meta_url),
            "burger": factories.other_page(self.platform.meta_url),
            "coffee": factories.page(self.platform.orbit_url, **orbit),
        }

    def write(self, rows: Sequence[Mapping[str, object]] | None, **changes: object) -> Path:
        """Write list and campaign file; by default a campaign from page acme."""
        if rows is not None:
            factories.write_list(self.folder / "people.csv", rows)
        base = {"pages": {"acme": self.pages["acme"]}}
        content = factories.content(**(base | changes))
        self.file.write_text("\n".join(_toml({key: value for key, value in content.items() if value is not None})))
        return self.file

    def run(self, *arguments: object) -> Ran:
        """`pagecast run` this desk's campaign to its end, as a script does."""
        return self.start("run", self.file, "--yes", "--json", *arguments).ended()

    def start(self, *arguments: object) -> Running:
        command = [sys.executable, "-m", "campaigns.cli", *map(str, arguments)]
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | TOKENS | {"PAGECAST_HOME": str(self.home)},
            cwd=self.folder,
        )
        self._running.append(Running(process))
        return self._running[-1]

    def leaks(self) -> list[Path]:
        """Files of the state folder in which a token stands."""
        files = (path for path in self.home.rglob("*") if path.is_file())
        return [path for path in files if any(token.encode() in path.read_bytes() for token in TOKENS.values())]

    def close(self) -> None:
        """End what a failed test left running."""
        for each in self._running:
            if each.process.poll() is None:
                each.process.terminate()
                each.process.communicate(timeout=60)
            for stream in (each.process.stdout, each.process.stderr):
                if stream:
                    stream.close()


def _toml(table: Mapping[str, object], path: tuple[str, ...] = ()) -> list[str]:
    lines = [f"[{'.'.join(path)}]"] if path else []
    lines += [f"{key} = {_value(value)}" for key, value in table.items() if not isinstance(value, dict)]
    for key, value in table.items():
        if isinstance(value, dict):
            lines += _toml(value, (*path, key))
    return lines


def _value(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key} = {_value(each)}' for key, each in value.items())} }}"
    return json.dumps(value, ensure_ascii=False)


@pytest.fixture
def platform() -> Iterator[Strict]:
    accounts = (
        Account(factories.ACCOUNT, TOKENS["ACME_TOKEN"]),
        Account(factories.OTHER_ACCOUNT, TOKENS["BURGER_TOKEN"], channel="messenger"),
        Account(ORBIT_ACCOUNT, TOKENS["ORBIT_KEY"]),
    )
    with Strict(*accounts) as strict:
        yield strict


@pytest.fixture
def desk(tmp_path: Path, platform: Strict, dialect: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    if dialect == POSTGRESQL:
        monkeypatch.setenv("PAGECAST_FORCE_EMBEDDED", "true")
    for name, token in TOKENS.items():
        monkeypatch.setenv(name, token)
    desk = Desk(tmp_path, platform)
    yield desk
    desk.close()


@pytest.fixture
def patience() -> float:
    return 60.0
