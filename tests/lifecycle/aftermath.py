"""A launched campaign as the workers leave it, without running them."""

from contextlib import contextmanager
from dataclasses import dataclass, field

from campaigns.runtime import Runtime
from tests import factories
from tests.factories import person, select

_COUNT = """
    INSERT INTO tally VALUES (:campaign_id, :page_id, :chunk_id, :state, :reason, :n)
    ON CONFLICT (campaign_id, page_id, chunk_id, state, reason) DO UPDATE SET n = tally.n + excluded.n
"""


@dataclass(frozen=True)
class Breaking(Runtime):
    """A database that is gone after so many transactions, as when the process is killed."""

    budget: list[int] = field(default_factory=list)

    @contextmanager
    def writing(self):
        if self.budget[0] == 0:
            raise InterruptedError
        self.budget[0] -= 1
        with super().writing() as conn:
            yield conn


def write(runtime, statement, **facts):
    with runtime.writing() as conn:
        return conn.execute(factories.text(statement), facts).rowcount


def becomes(runtime, n, state, reason=None, **columns):
    """Put the n-th person into a state, as a worker leaves it."""
    row = select(runtime, "SELECT * FROM delivery WHERE recipient_id = :id", id=person(n))[0]
    sets = "".join(f", {name} = :{name}" for name in columns)
    write(
        runtime,
        f"UPDATE delivery SET state = :state, reason = :reason{sets} WHERE id = :id",
        id=row["id"],
        state=state,
        reason=reason,
        **columns,
    )
    place = {name: row[name] for name in ("campaign_id", "page_id")} | {"chunk_id": row["chunk_id"] or 0}
    write(runtime, _COUNT, **place, state=row["state"], reason=row["reason"] or "", n=-1)
    write(runtime, _COUNT, **place, state=state, reason=reason or "", n=1)


def ends(runtime, state="finished"):
    write(runtime, "UPDATE campaign SET state = :state, finished_at = 1", state=state)
    write(runtime, "UPDATE chunk SET state = 'done'")


def adds_up(runtime, campaign):
    with runtime.reading() as conn:
        factories.tallies_add_up(conn, campaign.id)
    total = select(runtime, "SELECT sum(n) AS n FROM tally")[0]["n"]
    assert total == campaign.total
    negative = select(runtime, "SELECT * FROM tally WHERE n < 0")
    assert negative == []
