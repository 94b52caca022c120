"""Runs that claim in the same moment share a transaction, and not each other's trouble."""

import asyncio
from collections.abc import Iterator

import pytest

from campaigns.ledger import chunks
from campaigns.ledger.chunks import Held
from campaigns.ledger.claims import Ask
from campaigns.ledger.writer import Writer
from campaigns.runtime import Runtime, now_of
from tests import factories
from workers.sender.claiming import Claiming
from workers.sender.settling import Settling


@pytest.fixture
def runtime(tmp_path) -> Iterator[Runtime]:
    opened = factories.opened(tmp_path / "home")
    file = factories.content(pages={"acme": factories.page(rate=0.05)})
    factories.launched(opened, tmp_path, factories.people(12), file)
    with opened.writing() as conn:
        conn.execute(factories.text("UPDATE lane SET proven = true"))
    yield opened
    opened.close()


@pytest.fixture
def held(runtime) -> list[Held]:
    with runtime.writing() as conn:
        return [one for n in (1, 2) if (one := chunks.acquire(conn, n, "here:1", now_of(conn)))]


def claim_at_once(runtime: Runtime, *asks: Ask) -> list:
    async def run():
        writer = Writer(runtime)
        claiming = Claiming(writer, Settling(writer))
        try:
            return await asyncio.gather(*map(claiming.claim, asks), return_exceptions=True)
        finally:
            writer.close()

    return asyncio.run(run())


def test_they_share_a_transaction(runtime, held):
    moments = []

    def prepare(row, _i):
        moments.append((row.id, len(factories.select(runtime, "SELECT id FROM delivery WHERE state = 'sending'"))))
        return row.id

    claimed = claim_at_once(runtime, *(Ask(one, prepare, f"claim-{one.chunk_id}", 1, 0) for one in held))
    assert [each.rows for each in claimed] == [[1], [4]]
    # Nobody else sees the first claim while the second is prepared.
    assert moments == [(1, 0), (4, 0)]


def test_a_claim_that_fails_fails_alone(runtime, held):
    def broken(_row, _i):
        raise ValueError("a template that breaks")

    asks = [Ask(held[0], broken, "a", 1, 0), Ask(held[1], lambda row, _i: row.id, "b", 1, 0)]
    failed, claimed = claim_at_once(runtime, *asks)
    assert isinstance(failed, ValueError)
    assert claimed.rows == [4]
    assert [row["id"] for row in factories.select(runtime, "SELECT id FROM delivery WHERE state = 'sending'")] == [4]
