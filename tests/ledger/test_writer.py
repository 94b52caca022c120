"""The writer shares commits between steps, and keeps one step's trouble from its neighbours."""

import asyncio
import threading
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from campaigns.ledger.writer import Writer
from campaigns.runtime import Runtime
from tests.factories import select

_NOTE = text("INSERT INTO bucket (key, paused_until, code, sentence, level, updated_at) VALUES (:key, 0, '', '', 0, 0)")


@pytest.fixture
def writer(runtime: Runtime) -> Iterator[Writer]:
    made = Writer(runtime)
    yield made
    made.close()


def note(key: str) -> Callable[[Connection], str]:
    def step(conn: Connection) -> str:
        conn.execute(_NOTE, {"key": key})
        return key

    return step


def noted(runtime: Runtime) -> list[str]:
    return [row["key"] for row in select(runtime, "SELECT key FROM bucket ORDER BY key")]


def transaction_of(conn: Connection) -> int:
    return id(conn.get_transaction())


def held_up(writer: Writer) -> threading.Event:
    """Keep the writer busy until the event is set, so that what is queued meanwhile is one batch."""
    going, go = threading.Event(), threading.Event()

    def step(_conn: Connection) -> None:
        going.set()
        go.wait(5)

    writer.submit(step)
    assert going.wait(5)
    return go


def test_a_step_is_durable_when_its_future_is_done(runtime, writer):
    assert writer.submit(note("a")).result(5) == "a"
    assert noted(runtime) == ["a"]


def test_steps_that_wait_together_share_one_transaction(writer):
    go = held_up(writer)
    futures = [writer.submit(transaction_of) for _ in range(20)]
    go.set()
    assert len({future.result(5) for future in futures}) == 1


def test_a_step_that_raises_takes_nobody_with_it(runtime, writer):
    go = held_up(writer)
    before, wrong, after = writer.submit(note("a")), writer.submit(note("a")), writer.submit(note("b"))
    go.set()
    assert (before.result(5), after.result(5)) == ("a", "b")
    with pytest.raises(IntegrityError):
        wrong.result(5)
    assert noted(runtime) == ["a", "b"]


def test_an_abandoned_step_neither_runs_nor_harms_the_others(runtime, writer):
    async def run():
        go = held_up(writer)
        abandoned = asyncio.ensure_future(writer.do(note("abandoned")))
        kept = asyncio.ensure_future(writer.do(note("kept")))
        await asyncio.sleep(0)
        abandoned.cancel()
        await asyncio.sleep(0)
        go.set()
        assert await asyncio.wait_for(kept, 5) == "kept"
        assert await asyncio.wait_for(writer.do(note("later")), 5) == "later"

    asyncio.run(run())
    assert noted(runtime) == ["kept", "later"]


def test_a_step_abandoned_while_it_runs_is_committed_once(runtime, writer):
    async def run():
        running, go = threading.Event(), threading.Event()

        def step(conn: Connection) -> None:
            note("abandoned")(conn)
            running.set()
            go.wait(5)

        abandoned = asyncio.ensure_future(writer.do(step))
        kept = asyncio.ensure_future(writer.do(note("kept")))
        await asyncio.to_thread(running.wait, 5)
        abandoned.cancel()
        await asyncio.sleep(0)
        go.set()
        assert await asyncio.wait_for(kept, 5) == "kept"

    asyncio.run(run())
    assert noted(runtime) == ["abandoned", "kept"]


def test_closing_commits_what_is_queued(runtime):
    writer = Writer(runtime)
    go = held_up(writer)
    futures = [writer.submit(note(key)) for key in "abc"]
    go.set()
    writer.close()
    assert all(future.done() for future in futures)
    assert noted(runtime) == ["a", "b", "c"]


def test_a_closed_writer_says_so_instead_of_never_answering(runtime):
    writer = Writer(runtime)
    writer.close()
    with pytest.raises(RuntimeError, match="closed"):
        writer.submit(note("a"))
