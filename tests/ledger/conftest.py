"""A launched campaign of twelve people in four chunks, and a worker's view of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from campaigns.ledger import chunks
from campaigns.ledger.chunks import Held
from campaigns.ledger.claims import Candidate, Claimed, claim
from campaigns.ledger.settlements import Settlement, settle
from campaigns.runtime import Runtime, now_of
from schemas.campaign import Campaign
from schemas.delivery import DeliveryState
from tests import factories


class Desk:
    """The ledger as a worker uses it; every call is a transaction of its own."""

    def __init__(self, runtime: Runtime, campaign: Campaign) -> None:
        self.runtime = runtime
        self.campaign = campaign
        self._claims = 0

    def acquire(self, chunk_id: int = 1, owner: str = "here:1") -> Held | None:
        with self.runtime.writing() as conn:
            return chunks.acquire(conn, chunk_id, owner, now_of(conn))

    def held(self, chunk_id: int = 1, owner: str = "here:1") -> Held:
        held = self.acquire(chunk_id, owner)
        assert held is not None
        return held

    def claim(self, held: Held, want: int = 50, *, prepare=lambda row, _i: row, after: int = 0) -> Claimed[Candidate]:
        self._claims += 1
        with self.runtime.writing() as conn:
            name = f"claim-{self._claims}"
            return claim(conn, held, prepare, name=name, want=want, now=now_of(conn), after=after)

    @property
    def last_claim(self) -> str:
        return f"claim-{self._claims}"

    def settle(self, held: Held, row: Candidate, state: DeliveryState, name: str = "", **facts: object) -> int:
        done = {"part_done": row.part if state is DeliveryState.ACCEPTED else row.part - 1} | facts
        with self.runtime.writing() as conn:
            return settle(conn, [Settlement(row.id, name or self.last_claim, held.place, state, **done)])

    def release(self, held: Held, **facts: object) -> None:
        with self.runtime.writing() as conn:
            chunks.release(conn, held, now_of(conn), **facts)

    def recover(self, held: Held, now: int = 0) -> int | None:
        with self.runtime.writing() as conn:
            return chunks.recover(conn, held.chunk_id, held.owner, now or now_of(conn))

    def prove(self) -> None:
        self.write("UPDATE lane SET proven = true")

    def write(self, statement: str, **facts: object) -> None:
        with self.runtime.writing() as conn:
            conn.execute(factories.text(statement), facts)

    def row(self, row_id: int) -> dict:
        return factories.select(self.runtime, "SELECT * FROM delivery WHERE id = :id", id=row_id)[0]

    def chunk(self, chunk_id: int = 1) -> dict:
        return factories.select(self.runtime, "SELECT * FROM chunk WHERE id = :id", id=chunk_id)[0]

    def counts(self) -> dict[str, int]:
        query = "SELECT state, count(*) AS n FROM delivery GROUP BY state"
        return {row["state"]: row["n"] for row in factories.select(self.runtime, query)}

    def check(self) -> None:
        with self.runtime.reading() as conn:
            factories.tallies_add_up(conn, self.campaign.id)


@pytest.fixture
def desk(runtime: Runtime, tmp_path: Path) -> Iterator[Desk]:
    # 0.05/s makes three people a chunk.
    file = factories.content(pages={"acme": factories.page(rate=0.05)})
    made = Desk(runtime, factories.launched(runtime, tmp_path, factories.people(12), file))
    yield made
    made.check()


@pytest.fixture
def held(desk: Desk) -> Held:
    desk.prove()
    return desk.held()


@pytest.fixture
def row(desk: Desk, held: Held) -> Candidate:
    """Somebody who is on the wire."""
    return desk.claim(held, 1).rows[0]
