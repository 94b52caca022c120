"""A state folder, and a folder with a list of five people."""

from pathlib import Path

import pytest

from tests import factories


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    factories.write_list(tmp_path / "people.csv", factories.people(5))
    return tmp_path
