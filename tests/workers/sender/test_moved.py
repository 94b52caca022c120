"""A campaign that moves to PostgreSQL while it is under way."""

import os

import pytest

from campaigns.ledger import chunks
from campaigns.ledger.claims import claim
from campaigns.lifecycle.transfer import transfer
from campaigns.runtime import now_of
from tests import factories
from tests.factories import person
from tests.workers.sender.conftest import Bench
from workers import broker as bells
from workers.clock import Clock
from workers.presence import Presence

PEOPLE = 200


@pytest.mark.databases("postgresql")
def test_it_goes_on_there_and_nobody_gets_it_twice(bench, valkey_url, platform, eventually, monkeypatch):
    with monkeypatch.context() as before:
        before.delenv("DATABASE_URL")
        old = Bench(factories.opened(bench.runtime.settings.home), bench.folder, valkey_url, platform)
    # 2.5/s makes chunks of 150, of which one is being sent and one was.
    old.launch(PEOPLE, pages={"acme": factories.page(platform.meta_url, rate=2.5)})
    old.repace(100.0)
    on_the_wire = killed_with_three_out(old)
    old.work(1, during=drained_on_the_way(old, eventually))
    assert old.counts()["pending"] > 0
    sent = set(old.accepted())
    old.runtime.close()
    transfer(bench.runtime, old.runtime.settings.sqlite_path)
    bench.campaign = old.campaign
    broker = bells.connect(valkey_url)
    Clock(bench.runtime, broker, slots=4).tick()
    broker.close()
    bench.write("UPDATE chunk SET rung_at = NULL")
    bench.finish()
    assert bench.counts() == {"accepted": PEOPLE - 3, "unknown": 3}
    assert sent < set(bench.accepted())
    assert len(bench.accepted()) == PEOPLE - 3
    assert set(bench.accepted()) == {person(n) for n in range(PEOPLE)} - on_the_wire


def drained_on_the_way(bench, eventually):
    """End the run in order when some were sent."""

    async def ending(kit):
        await eventually(lambda: len(bench.accepted()) > 5, "some are sent")
        kit.draining.set()

    return ending


def killed_with_three_out(bench) -> set[str]:
    """Claim three people for a worker that dies then; return their ids."""
    presence = Presence(bench.runtime.settings.home)
    bench.write("UPDATE lane SET proven = true")
    with bench.runtime.writing() as conn:
        held = chunks.acquire(conn, 2, presence.name, now_of(conn))
        claimed = claim(conn, held, lambda row, _i: row, name="old", want=3, now=now_of(conn), after=0)
    os.close(presence._lock)
    return {row.recipient_id for row in claimed.rows}
