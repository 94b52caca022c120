"""Whatever workers, clocks and people do in whatever order, nobody is lost, doubled or moved left.

Two workers run chunks, crash, come back late with old fences; a clock takes back what the dead held; a person pauses,
goes on, cancels. Every step is a transaction on a real database.
"""

from collections import Counter
from contextlib import ExitStack, contextmanager, nullcontext

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text

from campaigns.ledger import chunks, withdrawal
from campaigns.ledger.chunks import Held
from campaigns.ledger.claims import Candidate, Claimed, claim
from campaigns.ledger.settlements import Settlement, settle
from campaigns.lifecycle import control
from campaigns.lifecycle.advance import advance
from campaigns.runtime import now_of
from schemas.delivery import DeliveryState
from schemas.reason import Reason
from tests import factories

PEOPLE, CHUNKS = 12, 4
PENDING, SENDING, ACCEPTED, FAILED, UNKNOWN = (
    DeliveryState.PENDING,
    DeliveryState.SENDING,
    DeliveryState.ACCEPTED,
    DeliveryState.FAILED,
    DeliveryState.UNKNOWN,
)
FINAL = {ACCEPTED, FAILED, DeliveryState.CANCELLED, DeliveryState.SKIPPED}
NO_ATTEMPT = {"attempt": 0}


class Call:
    """A claimed row as the worker that claimed it remembers it."""

    def __init__(self, held: Held, name: str, row: Candidate) -> None:
        self.held = held
        self.name = name
        self.row = row

    def settlement(self, state: DeliveryState) -> Settlement:
        reason = Reason.NO_SUCH_PERSON if state is FAILED else None
        done = self.row.part if state is ACCEPTED else self.row.part - 1
        attempt = 0 if state is PENDING else 1
        return Settlement(self.row.id, self.name, self.held.place, state, done, reason, attempt=attempt)


class Ledger(RuleBasedStateMachine):
    database = staticmethod(nullcontext)
    """Sets DATABASE_URL for one example."""
    runs = Bundle("runs")
    calls = Bundle("calls")

    def __init__(self) -> None:
        super().__init__()
        self._stack = ExitStack()
        self._stack.enter_context(self.database())
        folder = self._stack.enter_context(factories.home_of_its_own())
        self.runtime = factories.opened(folder / "home")
        self._stack.callback(self.runtime.close)
        file = factories.content(pages={"acme": factories.page(rate=0.05)})
        self.campaign = factories.launched(self.runtime, folder, factories.people(PEOPLE), file)
        self.claims = 0
        self.fences: dict[int, int] = {}
        self.allowed_claims: dict[int, str] = {}
        self.before = self._states()

    def teardown(self) -> None:
        self._stack.close()

    @rule(target=runs, chunk_id=st.integers(1, CHUNKS), worker=st.sampled_from(["here:1", "here:2"]))
    def acquire(self, chunk_id, worker):
        with self.runtime.writing() as conn:
            held = chunks.acquire(conn, chunk_id, worker, now_of(conn))
        if held is None:
            return multiple()
        assert held.fence > self.fences.get(chunk_id, 0)
        self.fences[chunk_id] = held.fence
        return held

    @rule(target=calls, held=runs, want=st.integers(1, 4), skips=st.booleans())
    def claim(self, held, want, skips):
        self.claims += 1
        name = f"claim-{self.claims}"

        def prepare(row: Candidate, _i: int) -> Candidate | Reason:
            return Reason.WINDOW_CLOSED if skips and row.id % 5 == 0 else row

        with self.runtime.writing() as conn:
            got: Claimed[Candidate] = claim(conn, held, prepare, name=name, want=want, now=now_of(conn), after=0)
        if held.fence != self.fences[held.chunk_id]:
            assert not got.held
        assert len(got.rows) <= want
        return multiple(*(Call(held, name, row) for row in got.rows))

    @rule(call=calls, state=st.sampled_from([ACCEPTED, FAILED, UNKNOWN, PENDING]))
    def settle(self, call, state):
        """Late, twice, or by a worker whose chunk was taken back: the pile keeps every call for ever."""
        before = self._row(call.row.id)
        with self.runtime.writing() as conn:
            taken = settle(conn, [call.settlement(state)])
        ours = before["claim"] == call.name
        evidence = state in {ACCEPTED, FAILED}
        expected = ours and (before["state"] == SENDING or (evidence and before["state"] == UNKNOWN))
        assert taken == expected
        assert self._row(call.row.id)["state"] == (state if expected else before["state"])

    @rule(batch=st.lists(calls, max_size=6), state=st.sampled_from([ACCEPTED, PENDING]))
    def settle_together(self, batch, state):
        with self.runtime.writing() as conn:
            settle(conn, [call.settlement(state) for call in batch])

    @rule(held=consumes(runs), crashed=st.booleans())
    def release(self, held, crashed):
        with self.runtime.writing() as conn:
            chunks.release(conn, held, now_of(conn), crashed=crashed)

    @rule(held=runs)
    def drain(self, held):
        with self.runtime.writing() as conn:
            chunks.drain(conn, held)

    @rule(held=runs)
    def die_and_be_swept(self, held):
        with self.runtime.writing() as conn:
            chunks.recover(conn, held.chunk_id, held.owner, now_of(conn))

    @rule()
    def prove(self):
        self._write("UPDATE lane SET proven = true")

    @rule()
    def tick(self):
        with self.runtime.writing() as conn:
            advance(conn, now_of(conn))

    @precondition(lambda self: self._is("sending"))
    @rule()
    def pause(self):
        control.pause(self.runtime, self.campaign, "test")

    @precondition(lambda self: self._is("paused"))
    @rule()
    def resume(self):
        control.resume(self.runtime, self.campaign, "test")

    @precondition(lambda self: self._is("sending") or self._is("paused"))
    @rule(really=st.integers(0, 9))
    def cancel(self, really):
        if really == 9:
            control.cancel(self.runtime, self.campaign, "test")

    @precondition(lambda self: self._is("sending"))
    @rule(chunk_id=st.integers(1, CHUNKS))
    def withdraw(self, chunk_id):
        """What a deadline does, a chunk at a time."""
        if chunk_id == CHUNKS:
            with self.runtime.writing() as conn:
                withdrawal.withdraw(conn, self.campaign.id, DeliveryState.CANCELLED, Reason.DEADLINE_PASSED)

    @invariant()
    def tallies_are_the_rows(self):
        with self.runtime.reading() as conn:
            factories.tallies_add_up(conn, self.campaign.id)

    @invariant()
    def nobody_is_lost_or_doubled(self):
        assert len(self._states()) == PEOPLE

    @invariant()
    def what_is_final_stays(self):
        now = self._states()
        for row_id, state in self.before.items():
            if state in FINAL:
                assert now[row_id] == state
            if state == UNKNOWN:
                assert now[row_id] in {UNKNOWN, ACCEPTED, FAILED}
        self.before = now

    @invariant()
    def a_row_on_the_wire_belongs_to_a_chunk_that_runs(self):
        query = """SELECT count(*) AS n FROM delivery JOIN chunk ON chunk.id = chunk_id
                   WHERE delivery.state = 'sending' AND chunk.state NOT IN ('running', 'draining')"""
        assert factories.select(self.runtime, query)[0]["n"] == 0

    @invariant()
    def a_pending_row_has_a_chunk_that_will_run(self):
        query = """SELECT count(*) AS n FROM delivery JOIN chunk ON chunk.id = chunk_id
                   WHERE delivery.state = 'pending' AND chunk.state = 'done'"""
        assert factories.select(self.runtime, query)[0]["n"] == 0

    @invariant()
    def at_most_two_run(self):
        query = "SELECT count(*) AS n FROM chunk WHERE state = 'running'"
        assert factories.select(self.runtime, query)[0]["n"] <= 2

    def _states(self) -> dict[int, str]:
        return {row["id"]: row["state"] for row in factories.rows_of(self.runtime, self.campaign)}

    def _row(self, row_id: int) -> dict:
        return factories.select(self.runtime, "SELECT * FROM delivery WHERE id = :id", id=row_id)[0]

    def _is(self, state: str) -> bool:
        return factories.select(self.runtime, "SELECT state FROM campaign")[0]["state"] == state

    def _write(self, statement: str) -> None:
        with self.runtime.writing() as conn:
            conn.execute(text(statement))


TestLedger = Ledger.TestCase
TestLedger.settings = settings(max_examples=25, stateful_step_count=40, deadline=None)


@pytest.mark.long
@pytest.mark.databases("postgresql")
@pytest.mark.usefixtures("dialect")
def test_the_same_on_postgresql(postgres, monkeypatch):
    @contextmanager
    def another():
        with postgres.database() as url, monkeypatch.context() as patch:
            patch.setenv("DATABASE_URL", url)
            yield

    class OnPostgres(Ledger):
        database = staticmethod(another)

    run_state_machine_as_test(OnPostgres, settings=TestLedger.settings)


def test_a_cancelled_campaign_ends_with_nobody_pending(desk):
    """A call that was out when the campaign was cancelled may come back throttled; the clock takes it back then."""
    held = desk.held()
    rows = desk.claim(held).rows
    control.cancel(desk.runtime, desk.campaign, "test")
    for row in rows:
        desk.settle(held, row, PENDING, **NO_ATTEMPT)
    desk.release(held)
    with desk.runtime.writing() as conn:
        advance(conn, now_of(conn))
    assert Counter(desk.counts()) == {"cancelled": PEOPLE}
