"""`pagecast report` of several campaigns: totals on the terminal, and one file of all rows."""

import csv
import json

import pytest

from tests import factories
from tests.factories import content, launched, people


@pytest.fixture
def two(tmp_path):
    runtime = factories.opened(tmp_path / "home")
    found = [launched(runtime, tmp_path, people(n), content(name=name)) for n, name in ((3, "Spring"), (2, "Summer"))]
    runtime.close()
    return [each.ref for each in found]


def test_of_two_campaigns(pagecast, two, tmp_path):
    run = pagecast("report", *two)
    assert run.code == 0, run.err
    assert "5 rows = 5 pending" in run.out
    out = tmp_path / "out"
    run = pagecast("report", "Spring", "Summer", "--out", out, "--json")
    assert (run.document["total"], run.document["report"]) == (5, str(out))
    with (out / "results.csv").open(encoding="utf-8") as file:
        assert [row["campaign"] for row in csv.DictReader(file)] == [two[0]] * 3 + [two[1]] * 2
    assert json.loads((out / "summary.json").read_text())["total"] == 5
    assert sorted(path.name for path in out.iterdir()) == ["results.csv", "results.parquet", "summary.json"]


@pytest.mark.usefixtures("two")
def test_of_a_span(pagecast):
    assert pagecast("report", "--from", "2020-01-01", "--to", "2099-12-31", "--json").document["total"] == 5
    assert pagecast("report", "--from", "2020-01-01", "--to", "2020-01-07", "--json").document["campaigns"] == []


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize(
    "words",
    [[], ["Spring"], ["Spring", "--from", "2026-01-01"], ["Spring", "Summer", "--xlsx"], ["--to", "2026-01-01"]],
)
def test_what_cannot_be_meant(pagecast, words):
    assert pagecast("report", *words).code == 2
