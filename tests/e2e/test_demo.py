"""`pagecast demo`: the whole job against the built-in platform, in a folder of its own."""

from pathlib import Path

from tests.e2e.test_run import KEYS


def test_the_demo_ends_and_its_platform_agrees(desk):
    ran = desk.start("demo", "--recipients", 100, "--json").ended()
    status = ran.document
    assert ran.code in {0, 6}, ran.err
    assert set(status) == KEYS
    assert status["state"] == "finished"
    assert sum(status["counts"].values()) == status["total"] == 100
    assert len(status["pages"]) == 3
    assert "Simulator: " in ran.err.splitlines()[-1]
    assert "0 twice" in ran.err.splitlines()[-1]
    report = Path(status["report"])
    assert report.is_relative_to(desk.home / "demo")
    assert (report / "report.html").stat().st_size > 10_000
    assert not (desk.home / "pagecast.sqlite3").exists()
