"""A launched campaign over an Instagram account and a Page, and what platforms tell of its people."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from campaigns.inbound.apply import apply
from campaigns.inbox import Taken
from campaigns.ledger import chunks
from campaigns.ledger.claims import Candidate, claim
from campaigns.ledger.settlements import Settlement, settle
from campaigns.runtime import Runtime, now_of
from schemas.campaign import Campaign
from schemas.delivery import DeliveryState
from schemas.page import ProviderName
from schemas.reason import Reason
from tests import factories

ACME, BURGER = factories.ACCOUNT, factories.OTHER_ACCOUNT
OBJECTS = {ACME: "instagram", BURGER: "page"}


class Post:
    """The inbox's worker: bodies go in, rows come out. Moments are seconds after `began`."""

    def __init__(self, runtime: Runtime, campaign: Campaign) -> None:
        self.runtime = runtime
        self.campaign = campaign
        self.began = factories.now(runtime)
        self._bodies = 0

    def at(self, seconds: float) -> int:
        """Epoch milliseconds of a moment."""
        return self.began + int(seconds * 1000)

    def says(self, person: str, text: str, *, seconds: float = 0, account: str = ACME, **more: Any) -> dict[str, Any]:
        """What a person writes, as an item of a body."""
        message = {"mid": f"in-{person}-{seconds}-{text}", "text": text} | more
        return self._item(person, account, seconds, message=message)

    def echo(self, person: str, mid: str, *, seconds: float = 0, account: str = ACME, **more: Any) -> dict[str, Any]:
        """What an account sent, as the platform tells it."""
        item = self._item(person, account, seconds, message={"mid": mid, "is_echo": True} | more)
        return item | {"sender": item["recipient"], "recipient": item["sender"]}

    def read(self, person: str, *, seconds: float = 0, account: str = ACME, **read: Any) -> dict[str, Any]:
        """That a person has seen a message."""
        return self._item(person, account, seconds, read=read)

    def come(self, *items: dict[str, Any], received: float = 0, account: str = ACME) -> None:
        """Let items come in, in one body."""
        body = {"object": OBJECTS[account], "entry": [{"id": account, "time": self.began, "messaging": items}]}
        self.arrive(json.dumps(body).encode(), received=received)

    def arrive(self, body: bytes, *, received: float = 0, provider: ProviderName = ProviderName.META) -> dict[int, int]:
        """Let a body come in."""
        self._bodies += 1
        return apply(self.runtime, [Taken(self._bodies, provider, self.at(received), body)])

    def send(
        self, count: int, state: DeliveryState = DeliveryState.ACCEPTED, *, chunk: int = 1, **facts: Any
    ) -> list[int]:
        """Claim people of a chunk and settle them, with `m-ID` for a message id; return ids."""
        with self.runtime.writing() as conn:
            held = chunks.acquire(conn, chunk, "here:1", now_of(conn)) or self._held
            self._held = held
            rows = claim(conn, held, _prepared, name="c", want=count, now=now_of(conn), after=0).rows
            accepted = state is DeliveryState.ACCEPTED
            done = {"part_done": 1, "accepted_at": self.began} if accepted else {"part_done": 0}
            for row in rows:
                told = {"message_ids": f"m-{row.id}"} if accepted else {}
                settle(conn, [Settlement(row.id, "c", held.place, state, **(done | told | facts))])
        return [row.id for row in rows]

    def row(self, row_id: int) -> dict[str, Any]:
        """A delivery."""
        return self.table("SELECT * FROM delivery WHERE id = :id", id=row_id)[0]

    def person(self, row_id: int) -> str:
        """A delivery's person."""
        return self.row(row_id)["recipient_id"]

    def table(self, query: str, **facts: object) -> list[dict[str, Any]]:
        """The rows of a query."""
        return factories.select(self.runtime, query, **facts)

    def write(self, statement: str, **facts: object) -> None:
        """Change the world."""
        with self.runtime.writing() as conn:
            conn.execute(factories.text(statement), facts)

    def check(self) -> None:
        """Compare the tallies with the rows."""
        with self.runtime.reading() as conn:
            factories.tallies_add_up(conn, self.campaign.id or 0)

    @staticmethod
    def _item(person: str, account: str, seconds: float, **content: Any) -> dict[str, Any]:
        at = int(seconds * 1000)
        return {"sender": {"id": person}, "recipient": {"id": account}, "timestamp": at} | content


def _prepared(row: Candidate, _slot: int) -> Candidate | Reason:
    if row.opted_out:
        return Reason.OPTED_OUT
    return Reason.WINDOW_CLOSED if (row.closes_at or 0) <= time.time() * 1000 else row


@pytest.fixture
def post(runtime: Runtime, tmp_path: Path) -> Iterator[Post]:
    """Twelve people of one chunk; the last two wrote three days ago. Times of items are laid over the present."""
    rows = factories.people(12)
    for row in rows[10:]:
        row["last_inbound_at"] -= 3 * 86_400
    file = factories.content(
        message={"text": "Hi {{ first_name }}", "quick_replies": [{"title": "Yes", "payload": "YES"}]},
        pages={"acme": factories.page()},
    )
    made = _Now(runtime, factories.launched(runtime, tmp_path, rows, file))
    made.write("UPDATE lane SET proven = true")
    yield made
    made.check()


class _Now(Post):
    def come(self, *items: dict[str, Any], received: float = 0, account: str = ACME) -> None:
        shifted = [item | {"timestamp": self.began + item["timestamp"]} for item in items]
        super().come(*shifted, received=received, account=account)
