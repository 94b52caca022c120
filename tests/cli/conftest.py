"""The command line as a person meets it: arguments in; exit code, stdout and stderr out."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import Connection

from campaigns.cli import main
from campaigns.runtime import Runtime
from campaigns.settings import Settings
from tests import factories


@dataclass(frozen=True)
class Run:
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def furnished(request: pytest.FixtureRequest) -> None:
    """A state folder with an empty database, as after a first command; none where a test is marked `barren`."""
    if not request.node.get_closest_marker("barren"):
        factories.furnish(Settings())


@pytest.fixture
def pagecast(
    furnished: None,  # noqa: ARG001 - it only has to be there
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., Run]:
    def run(*arguments: object) -> Run:
        monkeypatch.setattr(sys, "argv", ["pagecast", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        written = capsys.readouterr()
        return Run(int(end.value.code or 0), written.out, written.err)

    return run


@pytest.fixture
def database() -> Callable[[], Any]:
    """A transaction on the state folder's database, beside the command line."""

    @contextmanager
    def write() -> Iterator[Connection]:
        runtime = Runtime.open(Settings())
        with runtime.writing() as conn:
            yield conn
        runtime.close()

    return write


@pytest.fixture
def count(database: Callable[[], Any]) -> Callable[[str], int]:
    """How many rows a table has."""

    def rows(table: str) -> int:
        with database() as conn:
            return int(conn.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one())

    return rows


@pytest.fixture
def patience() -> float:
    return 20.0
