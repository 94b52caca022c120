"""`pagecast change`, as it is typed."""

import pytest

from campaigns.lifecycle import control
from campaigns.runtime import Runtime
from campaigns.settings import Settings
from tests import factories
from tests.factories import content


@pytest.fixture
def runtime(monkeypatch):
    for name, value in factories.ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    opened = factories.opened(Settings().home)
    yield opened
    opened.close()


@pytest.fixture
def campaign(runtime: Runtime, tmp_path):
    return factories.launched(runtime, tmp_path, factories.people(3), content(limits={"rate": 5.0}))


def test_a_change_is_said_and_a_dry_run_makes_none(runtime, campaign, pagecast):
    typed = ["change", campaign.ref, "--rate", "2", "--hours", "mon-fri 09:00-20:00", "--zone", "Europe/Paris"]
    said = "rate 5/s, now 2/s; hours none, now mon,tue,wed,thu,fri 09:00-20:00; zone none, now Europe/Paris."
    assert pagecast(*typed, "--dry-run").out == f"Would change Spring: {said}\n"
    document = pagecast(*typed, "--json").document
    assert document["changes"] == said.removesuffix(".").split("; ")
    assert document | {"changes": []} == {"id": campaign.ref, "state": "sending", "changes": [], "dry_run": False}
    changed = factories.select(runtime, "SELECT rate, changes FROM campaign")
    assert changed == [{"rate": 2.0, "changes": 1}]


def test_a_rate_above_the_platforms_is_warned_of(campaign, pagecast):
    assert "40" in pagecast("change", campaign.ref, "--rate", "60").err


@pytest.mark.parametrize(
    ("typed", "code"),
    [((), 2), (("--rate", "fast"), 2), (("--rate", "5"), 3), (("--quiet", "late"), 3), (("--rate", "1"), 4)],
)
def test_what_is_refused_ends_with_its_code(runtime, campaign, pagecast, typed, code):
    if code == 4:
        control.cancel(runtime, campaign, "test")
    assert pagecast("change", campaign.ref, *typed).code == code
