"""A state folder, and a folder with a list of five people."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from campaigns.runtime import Runtime
from tests import factories


@pytest.fixture
def runtime(tmp_path: Path, dialect: str) -> Iterator[Runtime]:  # noqa: ARG001 - it sets the environment
    opened = factories.opened(tmp_path / "home")
    yield opened
    opened.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    factories.write_list(tmp_path / "people.csv", factories.people(5))
    return tmp_path
