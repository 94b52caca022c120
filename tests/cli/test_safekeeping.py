"""backup and restore: everything comes back, nothing sends by itself, and nothing is lost on the way."""

import fcntl
import io
import tarfile

import pytest

from campaigns.inbox import Inbox, Raw
from campaigns.runtime import Runtime
from campaigns.settings import Settings
from schemas.page import ProviderName
from tests import factories
from tests.factories import ENVIRONMENT, content, person, select
from tests.lifecycle.aftermath import becomes, write

TABLES = ("campaign", "page", "lane", "delivery", "chunk", "recipient_list", "suppression")
HOUR = 3_600_000
PEOPLE = {
    "contact": "INSERT INTO contact VALUES ('instagram', '1', '2', 3, 4, 7, 'message', '', 'webhook', 3)",
    "consent": "INSERT INTO consent VALUES (1, 'k', 1, '2', 0, '', 'opted_out', 'cli', '', '')",
    "inbound_event": """INSERT INTO inbound_event
        (key, received_at, at, provider, channel, account_id, person, kind, mid, text, payload, facts)
        VALUES ('k', 1, 1, 'meta', 'instagram', '1', '2', 'message', '', '', '', '{}')""",
}


@pytest.fixture
def runtime(monkeypatch):
    monkeypatch.setenv("ACME_TOKEN", ENVIRONMENT["ACME_TOKEN"])
    opened = factories.opened(Settings().home)
    yield opened
    opened.close()


@pytest.fixture
def busy(runtime, tmp_path):
    """Sending: one accepted, one on the wire, three waiting."""
    campaign = factories.launched(runtime, tmp_path, factories.people(5))
    becomes(runtime, 0, "accepted", message_ids="m_1")
    becomes(runtime, 1, "sending", claim="c", part_open=1)
    write(runtime, "UPDATE chunk SET state = 'running', owner = 'gone:1', fence = 1, lease_until = 1")
    write(runtime, "INSERT INTO suppression VALUES (:id, 0, 'cli', '', 1)", id=person(4))
    return campaign


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    def move(name="other"):
        monkeypatch.setenv("PAGECAST_HOME", str(tmp_path / name))
        return tmp_path / name

    return move


def reopened():
    return Runtime.open(Settings())


@pytest.mark.parametrize("name", ["b.tar", "b.tar.gz"])
def test_everything_comes_back_elsewhere_and_waits(pagecast, runtime, busy, elsewhere, name):
    tmp_path = Settings().home.parent
    file = tmp_path / name
    made = pagecast("backup", file, "--json")
    assert made.code == 0
    assert made.document["size"] == file.stat().st_size
    assert file.stat().st_mode & 0o777 == 0o600
    counts = {table: len(select(runtime, f"SELECT * FROM {table}")) for table in TABLES}
    home = elsewhere()
    run = pagecast("restore", file, "--json")
    assert run.code == 0
    assert run.document["paused"] == [f"Spring ({busy.ref})"]
    there = reopened()
    assert {table: len(select(there, f"SELECT * FROM {table}")) for table in TABLES} == counts
    states = factories.states(there, busy)
    assert (states[person(0)], states[person(1)], states[person(2)]) == ("accepted", "unknown", "pending")
    campaign = select(there, "SELECT state, sentence FROM campaign")[0]
    assert campaign["state"] == "paused"
    assert campaign["sentence"].startswith(f"Restored from the backup of {run.document['made_at']}.")
    with there.reading() as conn:
        factories.tallies_add_up(conn, busy.id)
    there.close()
    assert pagecast("status", "last").out.startswith(f"Spring ({busy.ref}): Restored from the backup")
    assert pagecast("report", "last", "--out", tmp_path / "report").code == 0
    assert sorted(path.name for path in home.iterdir() if path.name.startswith((".restoring", "replaced"))) == []


def test_a_full_folder_is_replaced_only_when_somebody_says_so(pagecast, runtime, busy, tmp_path):
    pagecast("backup", tmp_path / "b.tgz")
    factories.submitted(runtime, tmp_path, factories.people(2), content(name="Later"))
    runtime.close()
    run = pagecast("restore", tmp_path / "b.tgz")
    assert run.code == 4
    assert "--yes" in run.err
    assert pagecast("restore", tmp_path / "b.tgz", "--dry-run", "--json").document["would_replace"] is True
    done = pagecast("restore", tmp_path / "b.tgz", "--yes", "--json")
    assert done.code == 0
    there = reopened()
    assert [row["name"] for row in select(there, "SELECT name FROM campaign")] == ["Spring"]
    there.close()
    kept = Runtime.open(Settings(home=done.document["kept"]))
    assert [row["name"] for row in select(kept, "SELECT name FROM campaign ORDER BY id")] == ["Spring", "Later"]
    kept.close()
    del busy


def keep(runtime, *moments):
    with Inbox.opened(runtime) as inbox:
        inbox.keep([Raw(ProviderName.META, at, b"%d" % at) for at in moments])


def apply_all(runtime):
    with Inbox.opened(runtime) as inbox:
        inbox.applied({body.id: 1 for body in inbox.take(factories.now(runtime), 100)})


def undone():
    there = reopened()
    with Inbox.opened(there) as inbox:
        found = [each.received_at for each in inbox.undone()]
    there.close()
    return found


def test_what_came_in_since_is_applied_once_more(pagecast, runtime, busy, tmp_path):
    del busy
    now = factories.now(runtime)
    long_ago, open_then, since = now - 5 * HOUR, now - HOUR, now + 1000
    keep(runtime, long_ago)
    apply_all(runtime)
    keep(runtime, open_then)
    assert pagecast("backup", tmp_path / "b.tgz").code == 0
    keep(runtime, since)
    apply_all(runtime)
    runtime.close()
    assert undone() == []
    for _ in range(2):
        done = pagecast("restore", tmp_path / "b.tgz", "--yes", "--json")
        assert (done.code, done.document["reopened"]) == (0, 2)
        assert undone() == [open_then, since]


def test_an_inbox_that_was_lost_comes_back(pagecast, runtime, busy, elsewhere):
    del busy
    file = Settings().home.parent / "b.tar"
    keep(runtime, 1, 2)
    pagecast("backup", file)
    keep(runtime, 3)
    elsewhere()
    assert pagecast("restore", file, "--json").document["reopened"] == 2
    assert undone() == [1, 2]
    elsewhere("third")
    fresh = reopened()
    keep(fresh, 2, 4)
    fresh.close()
    assert pagecast("restore", file, "--yes", "--json").document["reopened"] == 3
    assert sorted(undone()) == [1, 2, 4], "what is there already is not added"


@pytest.mark.parametrize("table", PEOPLE)
@pytest.mark.usefixtures("busy")
def test_a_folder_that_only_knows_people_holds_something(pagecast, tmp_path, elsewhere, table):
    pagecast("backup", tmp_path / "b.tgz")
    elsewhere()
    fresh = factories.opened(Settings().home)
    assert pagecast("restore", tmp_path / "b.tgz", "--dry-run", "--json").document["would_replace"] is False
    write(fresh, PEOPLE[table])
    fresh.close()
    assert pagecast("restore", tmp_path / "b.tgz", "--dry-run", "--json").document["would_replace"] is True


@pytest.mark.parametrize("lock", ["supervisor.lock", "workers/abc"])
def test_not_while_anything_works_there(pagecast, runtime, busy, tmp_path, lock):
    del busy
    pagecast("backup", tmp_path / "b.tgz")
    held = runtime.settings.home / lock
    held.parent.mkdir(exist_ok=True)
    with held.open("w") as alive:
        fcntl.flock(alive, fcntl.LOCK_EX)
        run = pagecast("restore", tmp_path / "b.tgz", "--yes")
    assert run.code == 4
    assert "Workers are alive" in run.err
    assert select(runtime, "SELECT state FROM campaign")[0]["state"] == "sending"


def archive(path, **members):
    with tarfile.open(path, "w") as made:
        for name, body in members.items():
            info = tarfile.TarInfo(name.replace("__", "/"))
            info.size = len(body)
            made.addfile(info, io.BytesIO(body))


MANIFEST = b'{"made_at": 1, "shape": "0001", "pagecast": "0.1.0"}'


@pytest.mark.usefixtures("busy")
@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"other": b""}, "no backup"),
        ({"manifest.json": b"[]"}, "no backup"),
        ({"manifest.json": MANIFEST.replace(b"0001", b"9999")}, "newer Pagecast"),
        ({"manifest.json": MANIFEST, "storage__..__..__evil": b"x"}, "which no backup does"),
        ({"manifest.json": MANIFEST, "__etc__evil": b"x"}, "which no backup does"),
        ({"manifest.json": MANIFEST, "pagecast.sqlite3": b"no database" * 99}, "cannot be used"),
    ],
)
def test_what_is_no_whole_backup_changes_nothing(pagecast, runtime, tmp_path, members, said):
    archive(tmp_path / "b.tar", **members)
    run = pagecast("restore", tmp_path / "b.tar", "--yes")
    assert run.code == 3
    assert said in run.err
    assert select(runtime, "SELECT state FROM campaign")[0]["state"] == "sending"
    assert not list(tmp_path.rglob("evil"))


def test_a_file_that_is_cut_off_changes_nothing(pagecast, runtime, busy, tmp_path):
    del busy
    pagecast("backup", tmp_path / "b.tgz")
    whole = (tmp_path / "b.tgz").read_bytes()
    (tmp_path / "b.tgz").write_bytes(whole[: len(whole) // 2])
    assert pagecast("restore", tmp_path / "b.tgz", "--yes").code == 3
    assert select(runtime, "SELECT state FROM campaign")[0]["state"] == "sending"


def test_a_backup_replaces_a_file_only_when_somebody_says_so(pagecast, runtime, tmp_path):
    del runtime
    file = tmp_path / "b.tgz"
    file.write_text("precious")
    assert pagecast("backup", file).code == 4
    assert pagecast("backup", file, "--dry-run", "--json").document["would_replace"] is True
    assert file.read_text() == "precious"
    assert pagecast("backup", file, "--yes").code == 0
    assert tarfile.is_tarfile(file)
    assert pagecast("backup", tmp_path / "no" / "b.tgz").code == 3
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith((".b", "pagecast-"))] == []


def test_a_server_is_backed_up_by_its_own_means(pagecast, tmp_path, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://nowhere/x")
    run = pagecast("backup", tmp_path / "b.tgz")
    assert run.code == 4
    assert "pg_dump" in run.err
