"""The audit of the command line: every verb that changes something says so, and in whose name."""

import socket
from getpass import getuser
from importlib import import_module

import pytest
import typer
from sqlalchemy import text

from campaigns.cli.app import app
from campaigns.cli.verbs import VERBS
from tests import factories
from tests.factories import person

ME = f"cli:{getuser()}@{socket.gethostname()}"
US = "17900000000000777"
LOOKS_ONLY = {
    *("check", "contacts export", "contacts list", "doctor", "events", "explain", "keys list", "notices list"),
    *("notices test", "pages check", "pages list", "person", "plan", "preview", "remainder", "report", "status"),
    *("suppress history", "suppress list", "testers list", "watch"),
}
MACHINE = {"backup", "demo", "migrate", "restore", "simulate", "up"}
"""About this machine and its folder; a restored one says so in its own events."""
ELSEWHERE = {"pages pull", "resolve", "retry", "revise", "run", "test-send", "notices replay"}
"""They need a platform or an outcome: their events are looked for where those are."""
ACME = ("--channel", "instagram", "--provider", "meta", "--account-id", factories.ACCOUNT)
TOKEN = ("--token", "@{secret:ACME_TOKEN}", "--base-url", factories.NOWHERE)
HOOK = ("--url", "https://ops.example.com/hook")
STEPS = [
    ("pages add", ["acme", *ACME, *TOKEN], "page.added"),
    ("pages pause", ["acme"], "page.parked"),
    ("pages resume", ["acme"], "page.resumed"),
    ("keys create", ["crm", "--role", "viewer"], "key.created"),
    ("keys link", ["--role", "viewer"], "link.created"),
    ("keys revoke", ["crm"], "key.revoked"),
    ("notices add", ["ops", *HOOK], "notices.added"),
    ("notices remove", ["ops"], "notices.removed"),
    ("testers add", [US, "--page", "acme"], "tester.added"),
    ("testers remove", [US], "tester.removed"),
    ("suppress add", [US], "suppression.added"),
    ("suppress remove", [US], "suppression.removed"),
    ("suppress import", ["opted-out.csv"], "suppression.imported"),
    ("submit", ["spring.toml"], "campaign.submitted"),
    ("clone", ["Spring", "--name", "Summer"], "campaign.cloned"),
    ("launch", ["Spring", "--plan", "TOKEN"], "campaign.launched"),
    ("change", ["Spring", "--rate", "2"], "campaign.changed"),
    ("pause", ["Spring"], "campaign.paused"),
    ("resume", ["Spring"], "campaign.resumed"),
    ("cancel", ["Spring", "--yes"], "campaign.cancelled"),
    ("cancel", ["Summer", "--yes"], "campaign.cancelled"),
    ("contacts erase", [person(0), "--yes"], "person.erased"),
    ("pages remove", ["acme"], "page.removed"),
]
NO_DRY_RUN = {"submit"}


@pytest.fixture
def events(database):
    def told():
        with database() as conn:
            return [(row.kind, row.actor) for row in conn.execute(text("SELECT kind, actor FROM event ORDER BY id"))]

    return told


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A folder with a campaign, its list and a list of opt-outs."""
    monkeypatch.setenv("ACME_TOKEN", factories.ENVIRONMENT["ACME_TOKEN"])
    monkeypatch.chdir(tmp_path)
    factories.write_list(tmp_path / "people.csv", factories.people(3))
    factories.write_list(tmp_path / "opted-out.csv", [{"recipient_id": person(7)}])
    (tmp_path / "spring.toml").write_text(
        'name = "Spring"\nlist = "people.csv"\npage = "acme"\n[message]\ntext = "Hello"\n', encoding="utf-8"
    )


@pytest.mark.usefixtures("desk")
def test_every_change_is_written_down_in_my_name(pagecast, events):
    pagecast("migrate")
    for verb, arguments, kind in STEPS:
        words = [*verb.split(), *arguments]
        if "TOKEN" in words:
            words[words.index("TOKEN")] = pagecast("plan", "Spring", "--json").document["token"]
        before = events()
        if verb not in NO_DRY_RUN:
            assert pagecast(*words, "--dry-run").code == 0, verb
            assert events() == before, verb
        run = pagecast(*words)
        assert run.code == 0, (verb, run.err)
        assert (kind, ME) in events()[len(before) :], verb
    assert {actor for _, actor in events()} == {ME}


def test_no_verb_is_left_out():
    for module, _ in VERBS.values():
        import_module(f"campaigns.cli.{module}")
    named = LOOKS_ONLY | MACHINE | ELSEWHERE | {verb for verb, _, _ in STEPS}
    assert set(leaves(typer.main.get_group(app))) == named


def leaves(group, before=""):
    """Yield every command by its words."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from leaves(command, f"{before}{name} ")
        else:
            yield f"{before}{name}"
