"""Who may be messaged follows from everything that was said, in whatever order it comes."""

import itertools
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from campaigns import suppression
from campaigns.errors import InputError
from campaigns.inbound.consent import AHEAD_MS, Said, note
from campaigns.suppression.history import Event, holding
from schemas.consent import ConsentKind
from tests import factories

pytestmark = pytest.mark.databases("sqlite", "postgresql")

ANN, BOB = "17841400000000001", "17841400000000002"
ACME, OTHER, EVERY = 1, 2, 0
OUT, IN = ConsentKind.OPTED_OUT, ConsentKind.OPTED_IN
NOW = 1_800_000_000_000


def said(kind, at, person=ANN, sender=ACME, *, source="word", evidence="", key=None):
    key = key or f"{source}:{kind}:{person}:{sender}:{at}"
    return Said(person, sender, "instagram", kind, source, evidence, NOW + at, key, actor="")


def hear(runtime, *events, now=NOW):
    with runtime.writing() as conn:
        return note(conn, events, now)


def suppressed(runtime):
    rows = factories.select(runtime, "SELECT * FROM suppression ORDER BY recipient_id, sender_id")
    return [(row["recipient_id"], row["sender_id"]) for row in rows]


def kept(runtime):
    return factories.select(runtime, "SELECT * FROM consent ORDER BY id")


def operate(runtime, verb, *arguments, at=0, **facts):
    with runtime.writing() as conn:
        return verb(conn, *arguments, now=NOW + at, **facts)


def test_a_stop_suppresses_for_the_account_that_heard_it(runtime):
    assert hear(runtime, said(OUT, 1, evidence="STOP")) == [(ANN, ACME)]
    (row,) = factories.select(runtime, "SELECT * FROM suppression")
    assert row == {"recipient_id": ANN, "sender_id": ACME, "source": "word", "note": "STOP", "at": NOW + 1}
    (row,) = kept(runtime)
    row.pop("id")
    assert row == {
        "key": f"word:opted_out:{ANN}:1:1", "at": NOW + 1, "recipient_id": ANN, "sender_id": ACME,
        "channel": "instagram", "kind": "opted_out", "source": "word", "evidence": "STOP", "actor": "",
    }  # fmt: skip


def test_a_start_lifts_it_and_both_are_kept(runtime):
    hear(runtime, said(OUT, 1))
    assert hear(runtime, said(IN, 2)) == [(ANN, ACME)]
    assert suppressed(runtime) == []
    assert [row["kind"] for row in kept(runtime)] == ["opted_out", "opted_in"]


def test_hearing_it_again_changes_nothing(runtime):
    stop, start = said(OUT, 1), said(IN, 2)
    hear(runtime, stop, start)
    # The platform delivers the first body once more, and a batch holds one event twice.
    assert hear(runtime, stop) == []
    assert hear(runtime, start, start) == []
    assert suppressed(runtime) == []
    assert len(kept(runtime)) == 2


def test_the_first_of_two_events_with_one_key_counts_in_a_batch(runtime):
    hear(runtime, said(OUT, 1, key="k"), said(IN, 2, key="k"))
    assert suppressed(runtime) == [(ANN, ACME)]
    assert len(kept(runtime)) == 1


def test_an_older_stop_that_comes_after_a_newer_start_changes_nothing(runtime):
    assert hear(runtime, said(IN, 5)) == []
    assert hear(runtime, said(OUT, 4)) == []
    assert suppressed(runtime) == []
    assert len(kept(runtime)) == 2


@pytest.mark.parametrize("kinds", [(OUT, IN), (IN, OUT)])
def test_at_one_moment_the_opt_out_wins(runtime, kinds):
    for kind in kinds:
        hear(runtime, said(kind, 1))
    assert suppressed(runtime) == [(ANN, ACME)]


def test_what_one_account_hears_is_not_for_another(runtime):
    changed = hear(runtime, said(OUT, 1), said(OUT, 1, sender=OTHER), said(OUT, 1, BOB), said(IN, 2, sender=OTHER))
    assert set(changed) == {(ANN, ACME), (BOB, ACME)}
    assert suppressed(runtime) == [(ANN, ACME), (BOB, ACME)]


def test_a_person_who_is_heard_by_an_unknown_account_is_left_alone_by_all(runtime):
    hear(runtime, said(OUT, 1, sender=EVERY))
    assert hear(runtime, said(IN, 2)) == []
    assert suppressed(runtime) == [(ANN, EVERY)]
    assert hear(runtime, said(IN, 3, sender=EVERY)) == [(ANN, EVERY)]


@pytest.mark.parametrize("source", ["word", "signal", "provider", "webhook"])
def test_a_start_undoes_what_came_from_the_person(runtime, source):
    hear(runtime, said(OUT, 1, source=source))
    hear(runtime, said(IN, 2))
    assert suppressed(runtime) == []


def test_a_start_undoes_a_block_that_a_send_met(runtime):
    operate(runtime, suppression.add, ANN, ACME, source="provider", note="551", at=1)
    assert suppressed(runtime) == [(ANN, ACME)]
    hear(runtime, said(IN, 2))
    assert suppressed(runtime) == []
    assert [(row["source"], row["evidence"]) for row in kept(runtime)] == [("provider", "551"), ("word", "")]


@pytest.mark.parametrize("sender", [ACME, EVERY])
@pytest.mark.parametrize("source", ["cli", "import"])
def test_a_start_undoes_nothing_that_an_operator_set(runtime, source, sender):
    operate(runtime, suppression.add, ANN, sender, source=source, at=1)
    assert hear(runtime, said(IN, 2, sender=sender)) == []
    assert suppressed(runtime) == [(ANN, sender)]


def test_an_operator_takes_over_what_a_person_said(runtime):
    hear(runtime, said(OUT, 1))
    assert operate(runtime, suppression.add, ANN, ACME, source="cli", note="by letter", at=2) is False
    hear(runtime, said(IN, 3))
    (row,) = factories.select(runtime, "SELECT * FROM suppression")
    assert (row["source"], row["note"], row["at"]) == ("cli", "by letter", NOW + 2)
    assert operate(runtime, suppression.add, ANN, ACME, source="import", at=4) is False
    assert len(kept(runtime)) == 3


def test_an_operator_lifts_everything_and_a_late_older_stop_stays_lifted(runtime):
    operate(runtime, suppression.add, ANN, source="cli", at=1)
    hear(runtime, said(OUT, 2))
    operate(runtime, suppression.lift, ANN, at=5, actor="cli:ann@here")
    assert suppressed(runtime) == []
    last = kept(runtime)[-1]
    assert (last["kind"], last["sender_id"], last["source"], last["actor"]) == (
        "opted_in",
        EVERY,
        "cli",
        "cli:ann@here",
    )
    assert hear(runtime, said(OUT, 4, sender=OTHER), now=NOW + 9) == []
    assert hear(runtime, said(OUT, 6, sender=OTHER), now=NOW + 9) == [(ANN, OTHER)]


@pytest.mark.parametrize("behind", [0, 1, 1_000])
def test_an_operators_word_holds_although_a_clock_is_behind(runtime, behind):
    hear(runtime, said(OUT, 10))
    operate(runtime, suppression.lift, ANN, at=10 - behind, actor="")
    assert suppressed(runtime) == []
    assert operate(runtime, suppression.add, ANN, ACME, source="cli", at=10 - behind) is True
    assert hear(runtime, said(IN, 20)) == []
    assert suppressed(runtime) == [(ANN, ACME)]


def test_nobody_is_lifted_who_is_not_suppressed(runtime):
    with pytest.raises(InputError, match="is not suppressed"):
        operate(runtime, suppression.lift, ANN, actor="")
    assert kept(runtime) == []


@pytest.mark.parametrize(("source", "left"), [("provider", []), ("cli", [(ANN, ACME)])])
def test_a_suppression_older_than_the_history_counts_as_what_it_says(runtime, source, left):
    with runtime.writing() as conn:
        insert = "INSERT INTO suppression (recipient_id, sender_id, source, note, at) VALUES (:id, 1, :source, '', :at)"
        conn.execute(factories.text(insert), {"id": ANN, "source": source, "at": NOW})
    hear(runtime, said(IN, -1))
    assert suppressed(runtime) == [(ANN, ACME)]
    hear(runtime, said(IN, 1))
    assert suppressed(runtime) == left
    if left:
        operate(runtime, suppression.lift, ANN, at=-5, actor="")
        assert suppressed(runtime) == []


@pytest.mark.parametrize("at", [-NOW, AHEAD_MS + 1, 10**15])
def test_a_time_that_cannot_be_believed_is_now(runtime, at):
    hear(runtime, said(OUT, at))
    assert kept(runtime)[0]["at"] == NOW
    hear(runtime, said(IN, 1))
    assert suppressed(runtime) == []


def test_a_clock_a_little_ahead_is_believed(runtime):
    hear(runtime, said(OUT, 2_000), said(IN, 3_000))
    assert suppressed(runtime) == []


def test_a_batch_costs_a_few_statements(runtime):
    people = [factories.person(n) for n in range(6_000)]
    statements = []
    with runtime.writing() as conn:
        event.listen(conn, "before_cursor_execute", lambda _c, _r, statement, *_: statements.append(statement))
        changed = note(conn, [said(OUT, 1, each) for each in people], NOW)
    assert sorted(changed) == [(each, ACME) for each in people]
    assert len(statements) <= 10
    assert len(suppressed(runtime)) == len(kept(runtime)) == 6_000


def test_two_who_hear_at_once_agree_in_the_end(runtime):
    later = threading.Thread(target=hear, args=(runtime, said(IN, 2)))
    with runtime.writing() as conn:
        note(conn, [said(OUT, 1)], NOW)
        later.start()
        # It has to wait; if it did not, it would be done by then without knowing of the opt-out.
        later.join(0.5)
        assert later.is_alive()
    later.join()
    assert suppressed(runtime) == []


MOMENTS = st.builds(
    said,
    st.sampled_from([OUT, IN]),
    st.integers(0, 3),
    sender=st.sampled_from([ACME, OTHER, EVERY]),
    source=st.sampled_from(["word", "provider", "cli", "import"]),
)


def events_of(heard):
    unique = {each.key: each for each in heard}.values()
    return [Event(e.at, e.kind == OUT, e.key, e.sender_id, e.source, e.evidence) for e in unique]


@settings(deadline=None, max_examples=60)
@given(st.lists(MOMENTS, max_size=6, unique_by=lambda each: each.key), st.data())
def test_any_order_in_any_batches_ends_the_same(heard, data):
    order = data.draw(st.permutations(heard))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(order)), max_size=3)))
    with factories.home_of_its_own() as home:
        runtime = factories.opened(home)
        for start, end in itertools.pairwise([0, *cuts, len(order)]):
            hear(runtime, *order[start:end])
        hear(runtime, *order[: data.draw(st.integers(0, len(order)))])
        rows = factories.select(runtime, "SELECT sender_id, source, at FROM suppression ORDER BY sender_id")
        stored = len(kept(runtime))
        runtime.close()
    events = events_of(heard)
    expected = [(sender, holding(events, sender)) for sender in (EVERY, ACME, OTHER)]
    # Who was never spoken to by name has no row: an opt-in for everybody makes none.
    assert [tuple(row.values()) for row in rows] == [(s, e.source, e.at) for s, e in expected if e]
    assert stored == len(heard)


@given(st.lists(MOMENTS, max_size=6))
def test_a_later_stop_always_holds_and_a_persons_start_only_over_persons(heard):
    events = events_of(heard)
    stop = Event(NOW + 9, True, "last", ACME, "word", "")
    start = stop._replace(out=False)
    assert holding([*events, stop], ACME)
    forbidden = any(e.out and e.sender_id == ACME and not e.personal for e in events)
    after = holding([*events, start], ACME)
    assert after is None or (forbidden and not after.personal)
