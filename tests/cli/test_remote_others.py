"""All that is not about one campaign, against a server: the words, documents and exit codes of this machine."""

import json
from importlib import import_module

import pytest
import typer

from campaigns import simulator
from campaigns.cli.app import HERE_ONLY, app
from campaigns.cli.verbs import VERBS
from campaigns.client import Client
from campaigns.client.calls import keys as key_calls
from campaigns.inbound.apply import apply
from campaigns.inbox import Inbox, Raw, Taken
from campaigns.simulator import Scenario
from schemas.page import ProviderName
from tests import factories
from tests.cli.remote import reach, serve
from tests.factories import ACCOUNT, person

__all__ = ["reach", "serve"]

US = "17900000000000777"
PAGE = ["--channel", "instagram", "--provider", "meta", "--account-id", ACCOUNT, "--token", "@{secret:ACME_TOKEN}"]
OPS = ["--url", "http://127.0.0.1:9/", "--secret", "@{secret:OPS_SIGNING}", "--on", "finished, parked"]
LISTED = ["notices", "list", "--json"]
WORKS = "PAGECAST_API_KEY is not set"

CALLED = {
    "submit": "FILE",
    "plan": "FILE",
    "preview": "last",
    "test-send": f"last --to {US} --as 2",
    "launch": "last --plan token",
    "pause": "last",
    "change": "last --rate 5",
    "resume": "last",
    "cancel": "last",
    "explain": f"last {US}",
    "report": "last --out out",
    "status": "",
    "remainder": "last --out next.csv",
    "clone": "last",
    "retry": "last --scope failed",
    "resolve": "last --as sent",
    "revise": "last --message MESSAGE",
    "check": "LIST",
    "person": US,
    "run": "FILE",
    "watch": "last",
    "demo": "",
    "backup": "",
    "restore": "",
    "up": "",
    "simulate": "",
    "doctor": "",
    "migrate": "",
    "events": "",
    "contacts list": "--page acme",
    "contacts export": "--page acme --out people.csv",
    "contacts erase": f"{US} --yes",
    "keys create": "crm --role viewer",
    "keys list": "",
    "keys revoke": "crm",
    "keys link": "",
    "notices add": f"ops {' '.join(OPS[:2])}",
    "notices list": "",
    "notices remove": "ops",
    "notices test": "ops",
    "notices replay": "",
    "pages add": f"acme {' '.join(PAGE)}",
    "pages list": "",
    "pages remove": "acme",
    "pages pause": "acme",
    "pages resume": "acme",
    "pages check": "acme",
    "pages pull": "acme",
    "testers add": f"{US} --page acme",
    "testers remove": US,
    "testers list": "",
    "suppress add": US,
    "suppress remove": US,
    "suppress list": "",
    "suppress history": US,
    "suppress import": "LIST",
}
"""Every command, and the words that it cannot do without; FILE, LIST and MESSAGE are files that it can read.

A verb of this machine is refused before its words are read.
"""
OF_THIS_MACHINE = HERE_ONLY | {"keys link"}
WITHOUT_A_DATABASE = {"check"}


def commands():
    """Return the name of every command, with that of its group in front."""
    for module, _ in VERBS.values():
        import_module(f"campaigns.cli.{module}")
    found = typer.main.get_group(app).commands
    return {
        f"{name} {each}".strip() for name, command in found.items() for each in getattr(command, "commands", {"": None})
    }


@pytest.mark.barren
def test_every_command_has_an_answer_for_a_server_and_leaves_nothing_here(pagecast, monkeypatch, tmp_path):
    assert set(CALLED) == commands(), "a new command works on a server too, or says that it does not"
    (tmp_path / "people.csv").write_text(f"recipient_id\n{US}\n")
    (tmp_path / "message.txt").write_text("Hello")
    campaign = tmp_path / "campaign.toml"
    campaign.write_text(f'name = "Spring"\nlist = "people.csv"\npage = "acme"\n[message]\ntext = "Hi"\n{entry()}')
    files = {"FILE": campaign, "LIST": tmp_path / "people.csv", "MESSAGE": tmp_path / "message.txt"}
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PAGECAST_URL", "http://127.0.0.1:9")
    monkeypatch.delenv("PAGECAST_API_KEY", raising=False)
    for name, words in CALLED.items():
        run = pagecast(*name.split(), *(files.get(word, word) for word in words.split()))
        if name in WITHOUT_A_DATABASE:
            assert run.code == 0, run.err
        elif name in OF_THIS_MACHINE:
            refused = f"pagecast: `pagecast {name}` works on this machine only; unset PAGECAST_URL.\n"
            assert (run.code, run.out, run.err) == (2, "", refused)
        else:
            assert (run.code, run.out, WORKS in run.err) == (2, "", True), (name, run.err)
        assert not (tmp_path / "home").exists(), name


def entry():
    return "[pages.acme]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in factories.page().items())


@pytest.fixture
def hear(runtime):
    """Let a person write to a page's account."""

    def come(who, text="hello"):
        now = factories.now(runtime)
        message = {"mid": f"m_{who}_{text}", "text": text}
        wrote = {"sender": {"id": who}, "recipient": {"id": ACCOUNT}, "timestamp": now - 3_600_000, "message": message}
        body = {"object": "instagram", "entry": [{"id": ACCOUNT, "time": now, "messaging": [wrote]}]}
        apply(runtime, [Taken(1, ProviderName.META, now, json.dumps(body).encode())])

    return come


def told(reach, *words):
    """Run a command there that changes something; return its document."""
    run = reach.there(*words, "--json")
    assert run.code == 0, run.err
    return run.document


LOOKS = [
    ["pages", "list"],
    ["suppress", "list"],
    ["suppress", "history", person(3)],
    ["contacts", "list", "--page", "acme"],
    ["contacts", "list", "--page", "acme", "--open", "--min-left", "1410m"],
    ["testers", "list"],
    ["notices", "list"],
    ["events"],
    ["events", "--kind", "opted_out"],
    ["events", "--person", person(1), "--limit", "1"],
    ["person", person(3)],
]
WOULD = [
    ["suppress", "add", US],
    ["suppress", "remove", person(3)],
    ["testers", "remove", US],
    ["notices", "remove", "ops"],
    ["notices", "test", "ops"],
    ["notices", "replay", "ops", "--dead"],
    ["pages", "pause", "acme"],
    ["pages", "remove", "acme"],
]
NEVER_THE_SAME = [
    ["contacts", "erase", person(1), "--dry-run"],
    ["keys", "create", "crm", "--role", "viewer", "--expires", "4w", "--dry-run"],
    ["keys", "revoke", "walker", "--dry-run"],
    ["keys", "list"],
]
"""Made-up names, and moments."""


@pytest.fixture
def stocked(reach, runtime, hear, tmp_path):
    """A little of everything, stored here; what storing it would have done is the same there."""
    with Inbox.opened(runtime) as inbox:
        inbox.keep([Raw(ProviderName.META, factories.now(runtime), b"{}")])
    file = tmp_path / "stop.csv"
    file.write_text("igsid,status\n" + "".join(f"{person(n)},unsubscribed\n" for n in range(150)) + "x,unsubscribed\n")
    stored = [
        ["pages", "add", "acme", *PAGE, "--rate", "5"],
        ["testers", "add", US, "--page", "acme"],
        ["notices", "add", "ops", *OPS],
        ["suppress", "import", file],
    ]
    for words in stored:
        would, there = reach.both(*words, "--dry-run")
        assert there.document == would.document
        assert there.err == would.err
        assert reach.here(*words).code == 0
    for n in (1, 2, 3):
        hear(person(n), "stop" if n == 3 else "hello")
    return reach


def test_what_is_looked_at_is_the_same_there_as_here(stocked):
    for words in LOOKS:
        here, there = stocked.both(*words)
        assert there.document == here.document, words
        here, there = stocked.here(*words), stocked.there(*words)
        assert (there.code, there.out, there.err) == (here.code, here.out, here.err)
    assert len(stocked.there("suppress", "list", "--json").document) == 150 + 1, "more than one page of the API"
    for words in WOULD:
        here, there = stocked.both(*words, "--dry-run")
        own = {"sentence": there.document["sentence"]} if "sentence" in there.document else {}
        assert there.document == here.document | own, "but for the sentence that says who did it"
    for words in NEVER_THE_SAME:
        stocked.both(*words)


def test_what_is_changed_there_is_changed_here(reach, hear, tmp_path):
    assert told(reach, "pages", "add", "acme", *PAGE)["added"] is True
    assert told(reach, "pages", "add", "acme", *PAGE, "--rate", "5")["added"] is False
    assert reach.there("pages", "pause", "acme").out == f"Page acme is paused: instagram account {ACCOUNT} by meta.\n"
    assert [each["state"] for each in reach.here("pages", "list", "--json").document] == ["parked"]
    assert told(reach, "pages", "resume", "acme")["state"] == "ready"

    assert told(reach, "testers", "add", US, "--page", "acme")["added"] is True
    assert [each["added_by"] for each in reach.here("testers", "list", "--json").document] == ["key:walker"]
    assert told(reach, "testers", "remove", US)["removed"] == 1

    run = reach.there("suppress", "add", person(1), "--page", "acme", "--note", "a letter")
    assert run.err == f"Server: {reach.url} as key walker (admin)\n"
    file = tmp_path / "stop.csv"
    file.write_text(f"igsid\n{person(2)}\n")
    assert told(reach, "suppress", "import", file)["added"] == 1
    assert [each["note"] for each in reach.here("suppress", "list", "--json").document] == ["a letter", "from stop.csv"]
    assert told(reach, "suppress", "remove", person(2))["removed"] is True

    hear(person(5))
    hear(person(6))
    for where in (reach.here, reach.there):
        out = tmp_path / f"{where.__name__}.csv"
        run = where("contacts", "export", "--page", "acme", "--out", out)
        assert (run.code, run.out) == (0, f"2 people: {out}\n")
        assert "is there already" in where("contacts", "export", "--page", "acme", "--out", out).err
    assert (tmp_path / "there.csv").read_bytes() == (tmp_path / "here.csv").read_bytes()
    assert told(reach, "contacts", "erase", person(5), "--yes")["contacts"] == 1
    assert len(reach.here("contacts", "list", "--page", "acme", "--json").document) == 1
    assert told(reach, "pages", "remove", "acme")["removed"] is True
    assert reach.here("pages", "list", "--json").document == []


def test_who_is_told_and_who_may_come_in(reach):
    added = told(reach, "notices", "add", "ops", *OPS)
    assert {"campaign.finished", "page.parked"} < set(added["on"]) == set(reach.there(*LISTED).document[0]["on"])
    assert any("OPS_SIGNING is not set" in note for note in added["notes"]), "as the server sees it"
    here, there = reach.both("notices", "test", "ops")
    assert (here.code, there.code) == (5, 5)
    assert there.document["arrived"] is False
    assert told(reach, "notices", "replay", "--dead") == {"name": None, "dead": True, "replayed": 0, "dry_run": False}
    assert told(reach, "notices", "remove", "ops")["removed"] is True

    made = told(reach, "keys", "create", "crm", "--role", "viewer", "--scope", "read")
    assert set(made) == set(reach.here("keys", "create", "erp", "--role", "viewer", "--json").document)
    run = reach.there("pages", "add", "acme", *PAGE, key=made["key"])
    assert (run.code, "lacks the right" in run.err) == (4, True)
    assert reach.there("pages", "list", key=made["key"]).code == 0
    assert told(reach, "keys", "revoke", "crm")["state"] == "revoked"
    assert reach.there("pages", "list", key=made["key"]).code == 2


def test_a_key_that_nobody_saw_is_told_of(reach, monkeypatch):
    again = key_calls.create

    def lost(wanted):
        """The call of an answer that was lost on its way: it was done before."""
        call = again(wanted)
        with Client(reach.url, reach.key) as client:
            client.do(call)
        return call

    monkeypatch.setattr(key_calls, "create", lost)
    run = reach.there("keys", "create", "crm", "--role", "viewer")
    assert (run.code, run.out) == (5, "")
    assert "revoke it and make another one" in run.err


@pytest.fixture
def platform():
    with simulator.start(Scenario()) as running:
        yield running


def test_the_server_speaks_to_the_platform(reach, platform):
    at = ["--base-url", platform.meta_url]
    platform.say(account=ACCOUNT, person=person(0), text="Stop!")
    assert reach.here("pages", "add", "acme", *PAGE, *at).code == 0
    checked, there = reach.both("pages", "check", "acme")
    assert there.document == checked.document
    would, there = reach.both("pages", "pull", "acme", "--since", "24h", "--dry-run")
    assert there.document == would.document
    run = reach.there("pages", "pull", "acme")
    assert (run.code, "1 conversations brought 1 messages of people" in run.out) == (0, True), run.err
    assert [each["recipient_id"] for each in reach.here("suppress", "list", "--json").document] == [person(0)]
    platform.change(revoked=[ACCOUNT])
    refused, there = reach.both("pages", "check", "acme")
    assert (refused.code, there.code) == (5, 5)
    assert there.err.splitlines()[1:] == refused.err.splitlines()[1:] != []


FAULTS = [
    (["pages", "pause", "nobody"], 3),
    (["pages", "check", "nobody"], 3),
    (["suppress", "remove", US], 3),
    (["suppress", "add", "x y"], 3),
    (["suppress", "import", "nowhere.csv", "--status", "a", "--every-row"], 2),
    (["contacts", "list", "--page", "nobody"], 3),
    (["contacts", "list", "--page", "nobody", "--min-left", "soon"], 3),
    (["contacts", "erase", US], 4),
    (["testers", "remove", US], 3),
    (["notices", "test", "nobody"], 3),
    (["notices", "add", "ops", "--url", "http://a.example/", "--on", "nothing"], 3),
    (["keys", "create", "crm", "--role", "viewer", "--expires", "soon"], 2),
    (["keys", "create", "two words", "--role", "viewer"], 3),
    (["keys", "revoke", "nobody"], 3),
    (["events", "--campaign", "nothing"], 3),
    (["person", US], 3),
]


def test_what_cannot_be_cannot_be_there_either(reach):
    for words, code in FAULTS:
        here, there = reach.here(*words), reach.there(*words)
        assert (here.code, there.code) == (code, code), (words, here.err, there.err)
        assert there.err.splitlines()[-1] == here.err.splitlines()[-1]
    assert reach.there("suppress", "import", "nowhere.csv").code == 3


def test_a_secret_in_the_place_of_a_reference_does_not_leave_this_machine(pagecast, monkeypatch):
    monkeypatch.setenv("PAGECAST_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("PAGECAST_API_KEY", "pk_any")
    page = pagecast("pages", "add", "acme", *PAGE[:-1], "EAAsecret")
    target = pagecast("notices", "add", "ops", *OPS[:3], "whsec_c2VjcmV0")
    assert (page.code, target.code) == (3, 3)
    assert "must be a reference" in page.err
    assert "must be a reference" in target.err


def test_what_the_server_would_not_take_is_said_before(pagecast, monkeypatch):
    monkeypatch.setenv("PAGECAST_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("PAGECAST_API_KEY", "pk_any")
    run = pagecast("testers", "add", US, "--page", "acme", "--note", "x" * 1_001, "--dry-run")
    assert (run.code, run.err) == (3, "pagecast: note: string should have at most 1000 characters.\n")
