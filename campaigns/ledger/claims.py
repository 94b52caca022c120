"""Claim before the call: screen once more (opt-outs, caps, windows at the slot's time) and write who may be called."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Row, text

from campaigns import locks
from campaigns.ledger import frequency
from campaigns.ledger.batch import Batch
from campaigns.ledger.chunks import Held
from campaigns.ledger.tallies import Change, Place, add, moved
from schemas.campaign_file import PerPerson
from schemas.delivery import DeliveryState
from schemas.reason import Reason

T = TypeVar("T")

SKIM = 1_000
"""Rows that one claim may look at and pass over before it gives up finding more to send."""
_SHUT = frozenset({Reason.WINDOW_CLOSED, Reason.QUIET_HOURS})
"""What a later window would undo."""
_AHEAD = 100
"""Rows that are read at once where many are held back."""

_GUARD = Batch(
    """
    SELECT chunk.id, page.parked_at, lane.proven, lane.trial, campaign.canary_left, campaign.open_until,
           campaign.changes
    FROM given JOIN chunk ON chunk.id = given.id AND chunk.fence = given.fence
        JOIN campaign ON campaign.id = chunk.campaign_id JOIN page ON page.id = chunk.page_id
        JOIN lane ON lane.campaign_id = chunk.campaign_id AND lane.page_id = chunk.page_id
    WHERE chunk.state = 'running' AND campaign.state = 'sending'
      AND (page.parked_at IS NULL OR page.probe_at <= :now)
      AND (campaign.not_after IS NULL OR campaign.not_after > :now)
      AND campaign.hold_until IS NULL AND (campaign.open_until IS NULL OR campaign.open_until > :now)
    """,
    id=int,
    fence=int,
)
_ON_THE_WIRE = text("""
    SELECT COALESCE(SUM(n), 0) FROM tally
    WHERE campaign_id = :campaign_id AND page_id = :page_id AND state = 'sending'
""")
_RESERVE = text("UPDATE campaign SET canary_left = canary_left - :n WHERE id = :id AND canary_left >= :n")
_PROBED = text("UPDATE page SET probe_at = NULL WHERE id = :id")
_ROW = """
    SELECT id, chunk_id, sender_id, recipient_id, variables, closes_at, part_done, tries, message_ids, zone,
           EXISTS (SELECT 1 FROM suppression WHERE suppression.recipient_id = delivery.recipient_id
                   AND suppression.sender_id IN (0, delivery.sender_id)) AS opted_out
    FROM delivery
"""
_BEHIND = """
    WHERE chunk_id = :chunk_id AND id > :after AND state = 'pending' AND (due_at IS NULL OR due_at <= :now)
    ORDER BY id LIMIT :n
"""
# Found first and read afterwards: PostgreSQL would rather read every delivery than look for a few computed ids.
_FOUND = """
    WITH found AS MATERIALIZED (
        SELECT (
            SELECT next.id FROM delivery AS next
            WHERE next.chunk_id = given.chunk_id AND next.id > given.after
              AND next.state = 'pending' AND (next.due_at IS NULL OR next.due_at <= :now)
            ORDER BY next.id LIMIT 1
        ) AS id FROM given
    )
"""
_NEXT = text(_ROW + _BEHIND)
_FIRST = Batch(_FOUND + _ROW + "JOIN found USING (id)", chunk_id=int, after=int)
_CLAIM = Batch(
    """
    UPDATE delivery SET state = 'sending', claim = given.claim, part_open = part_done + 1, sent_at = :now,
        due_at = NULL, revision = (SELECT revision FROM campaign WHERE campaign.id = delivery.campaign_id)
    FROM given WHERE delivery.id = given.id
    """,
    id=int,
    claim=str,
)
# Without what an answer said of it earlier: it is for its hours that it waits, and other hours let it go.
_HOLD = text("UPDATE delivery SET due_at = :due_at, provider_code = NULL WHERE id = :id")
_EXTEND = text("UPDATE delivery SET closes_at = :closes_at WHERE id = :id")
_LATER = text("""
    SELECT contact.closes_at
    FROM page JOIN contact ON contact.channel = page.channel AND contact.account_id = page.account_id
    WHERE page.id = :sender_id AND contact.recipient_id = :recipient_id AND contact.closes_at > :closes_at
""")
_SKIP = text("UPDATE delivery SET state = :state, reason = :reason WHERE id = :id")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row as a claim found it; `part` is the 1-based part to send now, `capped` whose other messages are enough.

    `open_until` (epoch ms) is when the whole campaign holds next, None where it does not.
    """

    id: int
    sender_id: int
    recipient_id: str
    variables: str
    closes_at: int | None
    part: int
    tries: int
    message_ids: str | None
    opted_out: bool
    capped: bool = False
    zone: str | None = None
    open_until: int | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """Nothing may be sent to this person now: not before `until` (epoch ms), or None where that is so for everybody."""

    until: int | None


@dataclass(frozen=True, slots=True)
class Claimed(Generic[T]):
    """What one claim got.

    `held` is False where chunk, campaign or page no longer allow sending; `awaiting` where an unproven lane must see an
    answer first. `last_id` is the id behind which the next claim of this run may look. `deferred` people are held back
    in quiet time of their own; `closing` is True where the campaign itself holds before the next slot, `changed` where
    it is not as the one who asks has read it.
    """

    held: bool
    rows: list[T]
    awaiting: bool = False
    skipped: int = 0
    last_id: int = 0
    deferred: int = 0
    closing: bool = False
    changed: bool = False


@dataclass(frozen=True, slots=True)
class Ask(Generic[T]):
    """A claim of up to `want` rows of a chunk behind id `after`, under the claim id `name`.

    `prepare(row, i)` is called before the claim is written, for the row that would get the i-th slot: it renders and
    returns the prepared row, the reason why this person is skipped after all, or that they are held back. It must have
    no effect of its own. `cap` is the campaign's on messages to a person. `changes` is the campaign's as the one who
    asks has read it: where it was changed since, nothing is claimed. A guard fills in `open_until`.
    """

    held: Held
    prepare: Callable[[Candidate, int], T | Reason | Hold]
    name: str
    want: int
    after: int
    cap: PerPerson | None = None
    changes: int | None = None
    open_until: int | None = None


def claim(
    conn: Connection,
    held: Held,
    prepare: Callable[[Candidate, int], T | Reason | Hold],
    *,
    name: str,
    want: int,
    now: int,
    after: int,
    cap: PerPerson | None = None,
) -> Claimed[T]:
    """Claim what one Ask of these words would."""
    return claim_all(conn, [Ask(held, prepare, name, want, after, cap)], now)[0]


def claim_all(conn: Connection, asks: Sequence[Ask[T]], now: int) -> list[Claimed[T]]:
    """Claim for several chunks at once; return what each got, in their order. No chunk may ask twice."""
    assert len({ask.held.chunk_id for ask in asks}) == len(asks)
    locks.chunks(conn, sorted(ask.held.chunk_id for ask in asks))
    accounts = frequency.take_turns(conn, [ask.held.page_id for ask in asks if ask.cap])
    guards = _guards(conn, asks, now)
    got: dict[int, Claimed[T]] = {}
    free: list[Ask[T]] = []
    for ask in sorted(asks, key=lambda ask: ask.held.page_id):
        guard = guards.get(ask.held.chunk_id)
        if guard and ask.changes not in {None, guard.changes}:
            got[ask.held.chunk_id] = Claimed(held=False, rows=[], changed=True)
        elif guard and guard.proven and guard.parked_at is None and guard.canary_left is None:
            free.append(ask if guard.open_until is None else replace(ask, open_until=guard.open_until))
        else:
            got[ask.held.chunk_id] = _claim_carefully(conn, ask, now) if guard else Claimed(held=False, rows=[])
    for some in frequency.in_rounds(free, [accounts[ask.held.page_id] if ask.cap else None for ask in free]):
        got.update(zip((ask.held.chunk_id for ask in some), _take(conn, some, now), strict=True))
    return [got[ask.held.chunk_id] for ask in asks]


def _guards(conn: Connection, asks: Sequence[Ask[T]], now: int) -> dict[int, Row[Any]]:
    """Return what the lanes of these chunks may do now, without those that may not send."""
    held = [(ask.held.chunk_id, ask.held.fence) for ask in asks]
    return {row.id: row for row in _GUARD.run(conn, held, now=now)}


def _claim_carefully(conn: Connection, ask: Ask[T], now: int) -> Claimed[T]:
    """Claim where few may be on the wire: before a lane is proven, while a page is parked, and in a canary."""
    # The messages of a trial are counted over all chunks of a lane, a probe over all lanes of a page, and a canary's
    # over all pages.
    locks.page(conn, ask.held.page_id)
    guard = _guards(conn, [ask], now).get(ask.held.chunk_id)
    if guard is None:
        return Claimed(held=False, rows=[])
    want = _allowance(conn, ask.held, guard, ask.want)
    if want == 0:
        return Claimed(held=True, rows=[], awaiting=True)
    if guard.canary_left is not None:
        want = _reserve(conn, ask.held, min(want, guard.canary_left))
        if want <= 0:
            return Claimed(held=False, rows=[])
    claimed = _take(conn, [replace(ask, want=want, open_until=guard.open_until)], now)[0]
    if claimed.rows and guard.parked_at is not None:
        conn.execute(_PROBED, {"id": ask.held.page_id})
    if guard.canary_left is not None:
        _reserve(conn, ask.held, len(claimed.rows) - want)
    return claimed


def _reserve(conn: Connection, held: Held, n: int) -> int:
    """Take `n` out of what the canary may still claim, or put them back; return 0 where others were faster."""
    return n if n and conn.execute(_RESERVE, {"n": n, "id": held.campaign_id}).rowcount else 0


def _allowance(conn: Connection, held: Held, guard: Row[Any], want: int) -> int:
    if guard.parked_at is not None:
        return 1
    if guard.proven:
        return want
    lane = {"campaign_id": held.campaign_id, "page_id": held.page_id}
    return 0 if int(conn.execute(_ON_THE_WIRE, lane).scalar_one()) else min(want, guard.trial)


def _take(conn: Connection, asks: Sequence[Ask[T]], now: int) -> list[Claimed[T]]:
    """Pick rows and write that they are claimed, or skipped."""
    singles = [(ask.held.chunk_id, ask.after) for ask in asks if ask.want == 1]
    first = {row.chunk_id: row for row in _FIRST.run(conn, singles, now=now)} if singles else {}
    found = [(first[ask.held.chunk_id].id, ask.cap) for ask in asks if ask.held.chunk_id in first]
    capped = frequency.capped(conn, found, now)
    picks = [_pick(conn, ask, first.get(ask.held.chunk_id), capped, now) for ask in asks]
    claims = [(row_id, ask.name) for ask, pick in zip(asks, picks, strict=True) for row_id in pick.ids]
    if claims:
        _CLAIM.run(conn, claims, now=now)
    if skips := [skip for pick in picks for skip in pick.skips]:
        conn.execute(_SKIP, skips)
    if holds := [hold for pick in picks for hold in pick.holds]:
        conn.execute(_HOLD, holds)
    changes: Counter[Change] = Counter()
    for ask, pick in zip(asks, picks, strict=True):
        pick.count(ask.held.place, changes)
    add(conn, changes)
    return [pick.claimed for pick in picks]


@dataclass(slots=True)
class _Pick(Generic[T]):
    """The rows that one Ask gets, those that it skips or holds back, and the last one that it looked at.

    It is `closing` where the next row's slot would be too late for the whole campaign.
    """

    last: int
    ready: list[T] = field(default_factory=list)
    ids: list[int] = field(default_factory=list)
    skips: list[dict[str, Any]] = field(default_factory=list)
    holds: list[dict[str, Any]] = field(default_factory=list)
    closing: bool = False

    def look(self, conn: Connection, row: Row[Any], ask: Ask[T], *, capped: bool) -> None:
        candidate = _candidate(row, ask.open_until, capped=capped)
        verdict = ask.prepare(candidate, len(self.ready))
        if isinstance(verdict, Reason) and verdict in _SHUT and (later := _later_window(conn, row)) is not None:
            # Written down, so that whoever settles the call knows under which window it went.
            conn.execute(_EXTEND, {"id": row.id, "closes_at": later})
            verdict = ask.prepare(replace(candidate, closes_at=later), len(self.ready))
        if isinstance(verdict, Hold) and verdict.until is None:
            self.closing = True
            return
        self.last = row.id
        if isinstance(verdict, Hold):
            self.holds.append({"id": row.id, "due_at": verdict.until})
        elif isinstance(verdict, Reason):
            # Who already got a part is not "skipped": the report must not say that nothing went out.
            state = DeliveryState.FAILED if row.part_done else DeliveryState.SKIPPED
            self.skips.append({"id": row.id, "state": state.value, "reason": verdict.value})
        else:
            self.ready.append(verdict)
            self.ids.append(row.id)

    def wants(self, ask: Ask[T]) -> bool:
        """Return whether it may look at one more."""
        passed_over = len(self.skips) + len(self.holds)
        return not self.closing and len(self.ready) < ask.want and passed_over < SKIM

    @property
    def claimed(self) -> Claimed[T]:
        """What the Ask is told."""
        return Claimed(
            held=True,
            rows=self.ready,
            skipped=len(self.skips),
            last_id=self.last,
            deferred=len(self.holds),
            closing=self.closing,
        )

    def count(self, place: Place, changes: Counter[Change]) -> None:
        if self.ids:
            changes.update(moved(place, DeliveryState.PENDING, DeliveryState.SENDING, n=len(self.ids)))
        for skip in self.skips:
            changes.update(moved(place, DeliveryState.PENDING, skip["state"], skip["reason"]))


def _pick(conn: Connection, ask: Ask[T], first: Row[Any] | None, capped: frozenset[int], now: int) -> _Pick[T]:
    """Look at an ask's rows in turn; the `first` of them, and whether it is `capped`, is found for all who want one."""
    pick: _Pick[T] = _Pick(ask.after)
    if first is not None:
        pick.look(conn, first, ask, capped=first.id in capped)
    elif ask.want == 1:
        return pick
    while pick.wants(ask):
        n = _AHEAD if pick.holds else ask.want - len(pick.ready)
        found = conn.execute(_NEXT, {"chunk_id": ask.held.chunk_id, "after": pick.last, "now": now, "n": n}).all()
        capped = frequency.capped(conn, [(row.id, ask.cap) for row in found], now)
        for row in found:
            if not pick.wants(ask):
                break
            pick.look(conn, row, ask, capped=row.id in capped)
        if not found:
            break
    return pick


def _later_window(conn: Connection, row: Row[Any]) -> int | None:
    """Return the closing that a message has brought since the row was written: it may have been out meanwhile."""
    facts = {"sender_id": row.sender_id, "recipient_id": row.recipient_id, "closes_at": row.closes_at}
    return conn.execute(_LATER, facts).scalar_one_or_none()


def _candidate(row: Row[Any], open_until: int | None, *, capped: bool) -> Candidate:
    return Candidate(
        row.id,
        row.sender_id,
        row.recipient_id,
        row.variables,
        row.closes_at,
        row.part_done + 1,
        row.tries,
        row.message_ids,
        bool(row.opted_out),
        capped,
        row.zone,
        open_until,
    )
