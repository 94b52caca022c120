"""How a campaign stands, as a stream: what is told and when, who stops hearing it, and what it costs the database."""

import asyncio
import json
import signal
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from campaigns import keys
from campaigns.errors import InputError
from campaigns.lifecycle import control
from campaigns.runtime import now_of
from campaigns.web import pulse as pulses
from campaigns.web.api import progress
from campaigns.web.pulse import Pulse
from schemas.api_key import Role
from tests.factories import launched, people, submitted

BOTH = pytest.mark.databases("sqlite", "postgresql")
SOON = 5.0


@pytest.fixture(autouse=True)
def brisk(monkeypatch):
    """Look ten times as often."""
    monkeypatch.setattr(pulses, "_EVERY", 0.1)
    monkeypatch.setattr(pulses, "_KEYS_EVERY", 0.1)
    monkeypatch.setattr(progress, "_LOOK", 0.1)


@pytest.fixture
def site(serve):
    """A server: over ASGI, httpx waits for the whole answer."""
    with serve() as running:
        yield running


@pytest.fixture
def sent(runtime, tmp_path):
    return launched(runtime, tmp_path, people(5))


@pytest.fixture
def paused(runtime, sent):
    """One whose sentence says nothing of time."""
    control.pause(runtime, sent, "test")
    return sent


@pytest.fixture
def key(runtime):
    return new_key(runtime, "watcher")


def new_key(runtime, name, lasting=None):
    with runtime.writing() as conn:
        now = now_of(conn)
        expires_at = now + lasting if lasting else None
        return keys.create(conn, name, Role.VIEWER, now=now, actor="test", expires_at=expires_at).secret


class Stream:
    """An open stream: its events are (name, id, document)."""

    def __init__(self, answer) -> None:
        self.answer = answer
        self._lines = answer.iter_lines()

    def line(self):
        """Return the next line that is not empty."""
        return next(line for line in self._lines if line)

    def next(self):
        """Return the next event, None where the stream has ended."""
        found = {}
        for line in self._lines:
            if line.startswith(":"):
                continue
            if line:
                name, _, value = line.partition(": ")
                found[name] = value
            elif "data" in found:
                return found["event"], found["id"], json.loads(found["data"])
            else:
                found = {}
        return None


@contextmanager
def opened(site, campaign, key, **headers):
    path = f"/api/v1/campaigns/{campaign.ref}/progress"
    with site.http.stream("GET", path, headers={"X-API-Key": key, **headers}, timeout=SOON) as answer:
        yield Stream(answer)


def standing(site, campaign, key):
    return site.http.get(f"/api/v1/campaigns/{campaign.ref}", headers={"X-API-Key": key}).json()["data"]


@BOTH
def test_what_changes_is_told_and_the_last_event_ends_it(site, runtime, paused, key):
    with opened(site, paused, key) as stream:
        assert stream.answer.headers["content-type"].startswith("text/event-stream")
        assert stream.answer.headers["cache-control"] == "no-store"
        name, first_id, first = stream.next()
        assert (name, first) == ("status", standing(site, paused, key))
        assert first["state"] == "paused"
        control.resume(runtime, paused, "test")
        name, second_id, second = stream.next()
        assert (name, second["state"]) == ("status", "sending")
        assert second_id != first_id
        control.cancel(runtime, paused, "test")
        while name == "status":
            name, last_id, last = stream.next()
        assert (name, last["state"], last["counts"]["cancelled"]) == ("end", "cancelled", 5)
        assert last == standing(site, paused, key)
        assert stream.next() is None
    with opened(site, paused, key, **{"Last-Event-ID": last_id}) as again:
        assert again.answer.status_code == 204
    with opened(site, paused, key) as afresh:
        assert afresh.next() == ("end", last_id, last)


def test_who_comes_again_hears_only_what_is_new(site, runtime, paused, key):
    with opened(site, paused, key) as stream:
        _, last_id, _ = stream.next()
    with opened(site, paused, key, **{"Last-Event-ID": last_id}) as again:
        assert again.answer.status_code == 200
        control.cancel(runtime, paused, "test")
        assert again.next()[2]["state"] == "cancelled"


def test_a_line_now_and_then_keeps_a_quiet_stream_open(site, runtime, tmp_path, key, monkeypatch):
    monkeypatch.setattr(progress, "_QUIET", 0.2)
    draft = submitted(runtime, tmp_path, people(2))
    with opened(site, draft, key) as stream:
        assert stream.next()[2]["state"] == "draft"
        assert stream.line().startswith(":")


@pytest.mark.parametrize("way", ["revoked", "expired"])
def test_a_stream_ends_with_its_key(site, runtime, tmp_path, way):
    draft = submitted(runtime, tmp_path, people(2))
    key = new_key(runtime, "leaving", lasting=1_500 if way == "expired" else None)
    with opened(site, draft, key) as stream, opened(site, draft, new_key(runtime, "staying")) as other:
        assert stream.next()
        assert other.next()
        if way == "revoked":
            with runtime.writing() as conn:
                keys.revoke(conn, "leaving", now=now_of(conn), actor="test")
        assert stream.next() is None
        control.cancel(runtime, draft, "test")
        assert other.next()[2]["state"] == "cancelled"


def test_a_campaign_that_is_none_is_refused_before_the_stream(site, sent, key):
    sent.ref = "nothing"
    with opened(site, sent, key) as stream:
        stream.answer.read()
        assert stream.answer.status_code == 404
        assert stream.answer.json()["error"]["code"] == "not_found"


def test_streams_leave_room_for_platforms(site, sent, key, monkeypatch):
    monkeypatch.setattr(progress, "MOST", 1)
    with opened(site, sent, key) as stream:
        assert stream.next()
        with opened(site, sent, key) as second:
            assert second.answer.status_code == 503
    with opened(site, sent, key) as third:
        assert third.next()


def test_a_reader_who_takes_nothing_is_let_go(monkeypatch):
    monkeypatch.setattr(progress, "_STUCK", 0.05)

    async def lines():
        yield b"data: 1\n\n"

    async def stuck(_message):
        await asyncio.Event().wait()

    async def tried():
        with pytest.raises(progress.ClientDisconnect):
            await progress.Stream(lines()).stream_response(stuck)

    asyncio.run(tried())


def test_a_process_asked_to_end_does_not_wait_for_streams(spawn, runtime, tmp_path, key):
    draft = submitted(runtime, tmp_path, people(2))
    process = spawn()
    with opened(process, draft, key) as stream:
        assert stream.next()
        process.process.send_signal(signal.SIGTERM)
        assert stream.next() is None
        assert process.process.wait(SOON) in {0, -signal.SIGTERM}


@contextmanager
def looks(runtime):
    """Count how often somebody looks at a campaign: each look asks for its tallies once."""
    counted = []

    def count(_conn, _cursor, statement, *_rest):
        if "FROM tally" in statement:
            counted.append(statement)

    event.listen(runtime.engine, "before_cursor_execute", count)
    yield counted
    event.remove(runtime.engine, "before_cursor_execute", count)


async def until(condition, what):
    """Let the others run until something holds."""
    deadline = asyncio.get_running_loop().time() + SOON
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, f"waited {SOON} s in vain until {what}"
        await asyncio.sleep(0.005)


@BOTH
def test_fifty_who_watch_cost_one_look(runtime, sent):
    async def watched():
        pulse, loop = Pulse(runtime), asyncio.get_running_loop()

        async def watch(heard):
            async with pulse.of(sent.id) as watching:
                while now := await watching.changed():
                    heard.append(now.state)

        heard = [[] for _ in range(50)]
        begun = loop.time()
        tasks = [asyncio.create_task(watch(each)) for each in heard]
        with looks(runtime) as counted:
            await until(lambda: len(counted) >= 4, "it looks again and again")
            assert len(counted) <= (loop.time() - begun) / 0.1 + 1
            control.pause(runtime, sent, "test")
            await until(lambda: all(each[-1:] == ["paused"] for each in heard), "each of them hears of it")
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await until(lambda: asyncio.all_tasks() == {asyncio.current_task()}, "nobody looks where nobody watches")

    asyncio.run(watched())


def test_a_slow_watcher_gets_the_latest_alone(runtime, sent):
    async def watched():
        async with Pulse(runtime).of(sent.id) as slow:
            assert (await slow.changed(SOON)).state == "sending"
            control.pause(runtime, sent, "test")
            await until(lambda: slow.latest.state == "paused", "it is seen")
            control.cancel(runtime, sent, "test")
            await until(lambda: slow.latest.counts["cancelled"] == 5, "that is seen too")
            assert (await slow.changed(0)).state == "cancelled"
            assert await slow.changed(0) is None

    asyncio.run(watched())


@pytest.mark.databases("sqlite")
def test_a_database_that_fails_is_asked_again(runtime, sent):
    def renamed(old, new):
        with runtime.writing() as conn:
            conn.exec_driver_sql(f"ALTER TABLE {old} RENAME TO {new}")

    async def watched():
        async with Pulse(runtime).of(sent.id) as watching:
            assert await watching.changed(SOON)
            renamed("lane", "gone")
            assert await watching.changed(0.3) is None
            renamed("gone", "lane")
            control.pause(runtime, sent, "test")
            assert (await watching.changed(SOON)).state == "paused"

    asyncio.run(watched())


def test_what_is_wrong_for_good_is_raised_where_somebody_watches(runtime):
    async def watched():
        async with Pulse(runtime).of(999) as watching:
            with pytest.raises(InputError, match="no campaign"):
                await watching.changed(SOON)

    asyncio.run(watched())


def test_an_ended_pulse_ends_who_watches_and_who_comes(runtime, sent):
    async def watched():
        pulse = Pulse(runtime)
        async with pulse.of(sent.id) as watching:
            assert await watching.changed(SOON)
            pulse.end()
            assert (await watching.changed(SOON), watching.over) == (None, True)
            async with pulse.ended_keys() as later:
                assert (await later.changed(SOON), later.over) == (None, True)

    asyncio.run(watched())
