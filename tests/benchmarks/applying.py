"""How fast webhook bodies are applied: events a second of one process, on both databases.

    uv run python tests/benchmarks/applying.py [--events 50000]

A campaign of 20,000 people has been sent. Half of the events are echoes and receipts of its messages, half are what
people write: answers, STOPs, and words of strangers. CPU is the process's own; PostgreSQL's comes on top of it.
"""

import json
import os
import random
import time
from collections.abc import Sequence

import rig
from ledger import server
from sqlalchemy import text

from campaigns import migrations
from campaigns.inbound.apply import apply
from campaigns.inbox import Taken
from campaigns.runtime import Runtime, now_of
from campaigns.settings import Settings
from schemas.page import ProviderName

PEOPLE = 20_000
AIM = 2_000
_SENT = text("""
    UPDATE delivery SET state = 'accepted', part_done = 1, part_open = 1, sent_at = :now, accepted_at = :now,
        message_ids = 'm_' || id
    WHERE state = 'pending'
""")
_MIDS = text(
    "INSERT INTO sent_message (mid, delivery_id) SELECT message_ids, id FROM delivery WHERE state = 'accepted'"
)
_TALLIES = text("UPDATE tally SET state = 'accepted' WHERE state = 'pending'")
_ROWS = text("SELECT id, recipient_id FROM delivery WHERE state = 'accepted' ORDER BY id")


def sent(runtime: Runtime) -> tuple[list[tuple[int, str]], int]:
    """Launch a campaign and say that everybody has it; return its rows as (id, person), and when."""
    rig.people(runtime.settings.home / rig.LIST, PEOPLE)
    rig.launched(runtime, "http://127.0.0.1:9/v26.0", 36.0)
    with runtime.writing() as conn:
        now = now_of(conn)
        for statement in (_SENT, _MIDS, _TALLIES):
            conn.execute(statement, {"now": now} if statement is _SENT else {})
        return [tuple(row) for row in conn.execute(_ROWS)], now


def item(chance: random.Random, rows: Sequence[tuple[int, str]], n: int, now: int) -> dict[str, object]:
    """Return one event."""
    row_id, person = chance.choice(rows)
    here, at = {"id": rig.ACCOUNT}, now + n
    kind = n % 8
    if kind in {0, 1}:
        told = {"mid": f"m_{row_id}", "text": "Hi", "is_echo": True, "app_id": 1}
        return {"sender": here, "recipient": {"id": person}, "timestamp": at, "message": told}
    who = {"sender": {"id": person}, "recipient": here, "timestamp": at}
    if kind == 2:
        return who | {"delivery": {"mids": [f"m_{row_id}"], "watermark": at}}
    if kind == 3:
        return who | {"read": {"watermark": at}}
    words = "STOP" if n % 80 == 4 else "Yes, please keep one for me."
    stranger = {"sender": {"id": str(7 * 10**16 + n)}} if kind == 7 else {}
    return who | stranger | {"message": {"mid": f"in_{n}", "text": words}}


def bodies(items: Sequence[dict[str, object]], size: int) -> list[Taken]:
    """Return events in bodies of `size`, as the inbox gives them."""
    made = []
    for start in range(0, len(items), size):
        entry = {"id": rig.ACCOUNT, "time": 1, "messaging": items[start : start + size]}
        body = json.dumps({"object": "page", "entry": [entry]}).encode()
        made.append(Taken(start + 1, ProviderName.META, int(time.time() * 1000), body))
    return made


def rate(runtime: Runtime, raw: Sequence[Taken], at_once: int) -> tuple[float, float]:
    """Apply bodies, `at_once` in hand; return events per second of wall time and of this process's own."""
    began, worked = time.perf_counter(), time.process_time()
    events = 0
    for start in range(0, len(raw), at_once):
        events += sum(apply(runtime, raw[start : start + at_once]).values())
    return events / (time.perf_counter() - began), events / (time.process_time() - worked)


def measure(settings: Settings, events: int, label: str) -> list[rig.Figure]:
    runtime = Runtime.open(settings)
    migrations.upgrade(runtime.engine)
    rows, now = sent(runtime)
    chance = random.Random(5)
    figures = []
    for n, (name, size, at_once) in enumerate((("bodies of 1,000", 1_000, 5), ("single events", 1, 200))):
        items = [item(chance, rows, n * events + i, now) for i in range(events)]
        wall, own = rate(runtime, bodies(items, size), at_once)
        aim = f"≥ {AIM:,} a core"
        figures.append(
            rig.Figure(f"applied, {name}, {label}", f"{own:,.0f} events/s of CPU, {wall:,.0f}/s", aim, own >= AIM)
        )
    runtime.close()
    return figures


def main() -> None:
    line = rig.options(__doc__ or "")
    line.add_argument("--events", type=int, default=50_000)
    asked = line.parse_args()
    os.environ |= rig.SECRETS
    with rig.home() as settings:
        figures = measure(settings, asked.events, "SQLite")
    with server() as url, rig.home() as settings:
        shared = settings.model_copy(update={"database_url": url})
        figures += measure(shared, asked.events, "PostgreSQL")
    rig.show(figures, as_json=asked.json)


if __name__ == "__main__":
    main()
