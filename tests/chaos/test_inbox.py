"""Fifty thousand events, a fifth of them doubled, in random order, and whoever applies them killed ten times.

What is left is what the clean run left that had each event once and in order.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from campaigns.inbound.apply import again, apply
from campaigns.inbox import Inbox, Raw, Taken
from campaigns.runtime import Runtime
from campaigns.settings import Settings
from schemas.page import ProviderName
from tests import factories

pytestmark = pytest.mark.chaos

PEOPLE, EVENTS, KILLS = 4_000, 50_000, 10
BURGER = factories.OTHER_ACCOUNT
TABLES = {
    "contact": "SELECT recipient_id, opened_at, closes_at, kind, evidence FROM contact ORDER BY 1",
    "suppression": "SELECT recipient_id, sender_id, source, note, at FROM suppression ORDER BY 1, 2",
    "consent": "SELECT recipient_id, kind, source, at FROM consent ORDER BY 1, 2, 3, 4",
    "event": "SELECT key, kind, person, delivery_id, campaign_id FROM inbound_event ORDER BY 1",
    "delivery": """
        SELECT id, state, reason, closes_at, message_ids, accepted_at, delivered_at, read_at, replied_at, reply
        FROM delivery ORDER BY id
    """,
    "tally": "SELECT state, reason, sum(n) FROM tally GROUP BY state, reason HAVING sum(n) <> 0 ORDER BY 1, 2",
}


# Of ten people seven have it, of one nobody knows, and two still wait.
_SENDING = """
    UPDATE delivery SET state = CASE WHEN id % 10 < 7 THEN 'accepted' ELSE 'unknown' END, sent_at = {now}, part_open = 1
        WHERE state = 'pending' AND id % 10 < 8;
    UPDATE delivery SET accepted_at = sent_at, part_done = 1, message_ids = 'm-' || id WHERE state = 'accepted';
    INSERT INTO sent_message SELECT message_ids, id FROM delivery WHERE state = 'accepted';
    DELETE FROM tally WHERE chunk_id > 0;
    INSERT INTO tally SELECT campaign_id, page_id, chunk_id, state, '', count(*) FROM delivery
        WHERE chunk_id IS NOT NULL GROUP BY 1, 2, 3, 4
"""


@contextmanager
def opened(home: Path) -> Iterator[Runtime]:
    runtime = Runtime.open(Settings(home=home))
    yield runtime
    runtime.close()


@pytest.fixture
def sent(tmp_path: Path) -> tuple[Path, list[dict[str, Any]], str]:
    """A state folder in the middle of a campaign: accepted, in doubt, still waiting, and too late."""
    rows = factories.people(PEOPLE)
    for row in rows[: PEOPLE // 10]:
        row["last_inbound_at"] -= 3 * 86_400
    home = tmp_path / "sent"
    runtime = factories.opened(home)
    file = factories.content(page="burger", pages={"burger": factories.other_page()})
    campaign = factories.launched(runtime, tmp_path, rows, file)
    with runtime.writing() as conn:
        for statement in _SENDING.format(now=factories.now(runtime)).split(";"):
            conn.exec_driver_sql(statement)
    found = factories.rows_of(runtime, campaign)
    runtime.close()
    return home, found, campaign.ref


def told(rows: Sequence[dict[str, Any]], ref: str, chance: random.Random, began: int) -> list[dict[str, Any]]:
    """What people and the platform say, in order."""
    return [_event(chance, chance.choice(rows), ref, n, began + 1_000 + n) for n in range(EVENTS)]


def _event(chance: random.Random, row: dict[str, Any], ref: str, n: int, at: int) -> dict[str, Any]:
    person, page, mid = {"id": row["recipient_id"]}, {"id": BURGER}, f"m-{row['id']}"
    kind = chance.choices(("echo", "delivered", "read", "text", "stop", "start"), (3, 2, 2, 6, 0.5, 0.5))[0]
    said = {"text": f"answer {n}", "stop": "STOP", "start": "start"}.get(kind)
    item = {"sender": person, "recipient": page, "timestamp": at}
    if said:
        return item | {"message": {"mid": f"in-{n}", "text": said}}
    out = row["state"] in {"accepted", "unknown"}
    if kind == "echo" and out:
        message = {"mid": mid, "is_echo": True, "app_id": 7, "metadata": f"pagecast:{ref}:{row['id']}:1"}
        # A platform tells of one message with one moment.
        return {"sender": page, "recipient": person, "timestamp": row["sent_at"] + 50, "message": message}
    if kind == "delivered" and out:
        return item | {"delivery": {"mids": [mid], "watermark": at}}
    return item | {"read": {"watermark": at}}


def raw(items: Sequence[dict[str, Any]]) -> list[Raw]:
    bodies = []
    for start in range(0, len(items), 50):
        entry = {"id": BURGER, "time": 1, "messaging": items[start : start + 50]}
        now = int(time.time() * 1000)
        bodies.append(Raw(ProviderName.META, now, json.dumps({"object": "page", "entry": [entry]}).encode()))
    return bodies


def result(runtime: Runtime) -> dict[str, list[tuple[Any, ...]]]:
    with runtime.reading() as conn:
        return {name: [tuple(row) for row in conn.exec_driver_sql(query)] for name, query in TABLES.items()}


def settle(runtime: Runtime) -> None:
    after = again(runtime)
    while after:
        after = again(runtime, after)


def test_any_order_doubles_and_kills_end_in_the_same_rows(tmp_path, sent):
    home, rows, ref = sent
    chance = random.Random(17)
    with opened(home) as runtime:
        items = told(rows, ref, chance, factories.now(runtime))
    clean, attacked = (shutil.copytree(home, tmp_path / name) for name in ("clean", "attacked"))
    with opened(clean) as runtime:
        for n, each in enumerate(raw(items)):
            apply(runtime, [Taken(n, each.provider, each.received_at, each.body)])
        settle(runtime)
        expected = result(runtime)

    shuffled = items + chance.sample(items, EVENTS // 5)
    chance.shuffle(shuffled)
    with opened(attacked) as runtime:
        with Inbox.opened(runtime) as inbox:
            inbox.keep(raw(shuffled))
        kills = 0
        while _backlog(runtime):
            killed = _work(attacked, runtime, chance.uniform(0.0, 0.4) if kills < KILLS else None)
            kills += killed
        settle(runtime)
        found = result(runtime)
    assert kills == KILLS
    for name, table in expected.items():
        assert found[name] == table, name
    assert {row[1] for row in found["delivery"]} >= {"accepted", "delivered", "read", "pending", "unknown"}


def _backlog(runtime: Runtime) -> int:
    with Inbox.opened(runtime) as inbox:
        return inbox.backlog().bodies


def _events(runtime: Runtime) -> int:
    with runtime.reading() as conn:
        return int(conn.exec_driver_sql("SELECT count(*) FROM inbound_event").scalar_one())


def _work(home: Path, runtime: Runtime, kill_after: float | None) -> bool:
    """Let a worker apply until it is killed, or until nothing is left; return whether it was killed at work."""
    before = _events(runtime)
    worker = subprocess.Popen([sys.executable, "-m", "workers.inbound"], env=os.environ | {"PAGECAST_HOME": str(home)})
    try:
        while _events(runtime) == before and _backlog(runtime) and worker.poll() is None:
            time.sleep(0.02)
        if kill_after is not None:
            time.sleep(kill_after)
            at_work = _backlog(runtime) > 0
            worker.send_signal(signal.SIGKILL)
            return at_work
        while _backlog(runtime):
            time.sleep(0.05)
        return False
    finally:
        worker.kill() if kill_after is not None else worker.terminate()
        worker.wait(30)
