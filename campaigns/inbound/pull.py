"""Conversations are read where no webhook tells of them: what people said, and what of ours went out.

First the conversations of people whose outcome is unknown, then all that something new stands in, the newest first,
down to what an earlier pull has seen. A pull that breaks off leaves a bookmark and the next one goes on there; what
came in meanwhile stands above it, and is read by the pass after it. What was read twice is kept once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime

import httpx
from sqlalchemy import Connection, bindparam, text

from campaigns.inbound import apply, bookmark, events, unknowns
from campaigns.inbound.bookmark import Bookmark
from campaigns.inbound.events import Arrival, Kept
from campaigns.inbound.questions import NoAnswerError, Questions
from campaigns.ledger import evidence
from campaigns.policy import windows
from campaigns.providers.meta import conversations
from campaigns.providers.meta.conversations import Excerpt, Refusal, Talk
from campaigns.providers.protocol import Sender
from campaigns.runtime import Runtime, now_of
from schemas.contact import ContactSource
from schemas.inbound import Inbound, InboundKind
from schemas.page import ProviderName

EVERY_MS = 60_000
"""How often an account is read by itself."""
FIRST_MS = 86_400_000
"""How far back the first pull looks: an older message has left no window open."""
OVERLAP_MS = 10_000
"""How far a pull looks back behind the last: a conversation may be listed a little after its message."""
ASKED_AT_ONCE = 40
"""People in doubt who are asked for one by one; beyond these, reading page by page is the faster way."""
SETTLED_MS = 60_000
"""How long ago a message in doubt was claimed before its person is asked for: a call takes 20 s, its echo as long."""

_MOST_NAMED = 500
_MOST_DOUBTS = 2_000

_KNOWN = text("""
    SELECT mid FROM inbound_event
    WHERE person IN :people AND channel = :channel AND account_id = :account_id
      AND kind IN ('message', 'quick_reply', 'postback', 'story_reply', 'story_mention', 'unsent', 'echo')
""").bindparams(bindparam("people", expanding=True))
_SUPPRESSED = text("""
    SELECT DISTINCT recipient_id FROM suppression WHERE recipient_id IN :people AND sender_id IN (0, :sender_id)
""").bindparams(bindparam("people", expanding=True))
# A sum, so that a few chunks are read, and not all that the account has ever sent.
_DOUBTS = text("""
    SELECT id, recipient_id, sent_at FROM delivery
    WHERE state = 'unknown' AND sender_id + 0 = :sender_id AND sent_at <= :until AND chunk_id IN
        (SELECT tally.chunk_id FROM tally JOIN page ON page.id = tally.page_id
         WHERE page.sender_id = :sender_id AND tally.state = 'unknown' AND tally.n > 0)
    ORDER BY sent_at DESC, id LIMIT :most
""")


@dataclass(frozen=True, slots=True)
class Found:
    """What a pull came to; `unclear` counts messages of which nobody can tell whether a person or we wrote them."""

    conversations: int = 0
    messages: int = 0
    echoes: int = 0
    windows: int = 0
    opted_out: int = 0
    settled: int = 0
    unclear: int = 0

    def __add__(self, other: "Found") -> "Found":
        return Found(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))


class RefusedError(Exception):
    """The platform or the line did not let us read on: `sentence` says why, `wait` (seconds) for how long at least."""

    def __init__(self, sentence: str, wait: float | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.wait = wait


class Pull:
    """Reads one account, again and again; `found` is what all of it came to. A dry run gives every change up."""

    def __init__(
        self, runtime: Runtime, sender_id: int, sender: Sender, questions: Questions, *, dry_run: bool = False
    ) -> None:
        self.found = Found()
        self._runtime = runtime
        self._sender_id = sender_id
        self._sender = sender
        self._questions = questions
        self._dry_run = dry_run
        self._asked: set[int] = set()
        self._talks: set[str] = set()
        self._mids: set[str] = set()

    async def run(self, since_ms: int | None = None) -> None:
        """Read what is new, or the last `since_ms` milliseconds; raises RefusedError, with what was found kept."""
        self._talks.clear()
        self._mids.clear()
        now, mark = self._look()
        await self._ask_for_people_in_doubt(now)
        if since_ms is None and mark.cursor:
            mark = await self._pass(mark)
        floor = now - since_ms if since_ms is not None else mark.until - OVERLAP_MS if mark.until else now - FIRST_MS
        await self._pass(Bookmark(mark.until, floor))
        self._settle_stored()

    def _look(self) -> tuple[int, Bookmark]:
        with self._runtime.reading() as conn:
            return now_of(conn), bookmark.load(conn, self._sender_id)

    async def _ask_for_people_in_doubt(self, now: int) -> None:
        with self._runtime.reading() as conn:
            doubts = self._doubts(conn, now - SETTLED_MS)
        # What a conversation did not show when it was asked for, it will not show later.
        self._asked &= {row_id for row_id, _, _ in doubts}
        new = [doubt for doubt in doubts if doubt[0] not in self._asked]
        for row_id, person, sent_at in new[:ASKED_AT_ONCE]:
            excerpt = await self._excerpt(conversations.listing(self._sender, person=person))
            if isinstance(excerpt, Refusal):
                raise RefusedError(excerpt.sentence, excerpt.wait)
            self._asked.add(row_id)
            self._take(excerpt.talks, sent_at - unknowns.WITHIN_MS)

    async def _pass(self, mark: Bookmark) -> Bookmark:
        """Read page by page, from the bookmark's cursor down to its floor; return the bookmark then."""
        resumes = bool(mark.cursor)
        while True:
            excerpt = await self._excerpt(conversations.listing(self._sender, after=mark.cursor))
            if isinstance(excerpt, Refusal):
                if not (resumes and excerpt.cursor):
                    raise RefusedError(excerpt.sentence, excerpt.wait)
                mark, resumes = replace(mark, cursor="", reaching=0), False
                continue
            resumes = False
            talks = [talk for talk in excerpt.talks if talk.updated_at >= mark.floor]
            whole = [await self._whole(talk, mark.floor) for talk in talks]
            ended = not excerpt.after or len(talks) < len(excerpt.talks)
            floor, mark = mark.floor, _moved(mark, excerpt, ended=ended)
            self._take(whole, floor, mark)
            if ended:
                return mark

    async def _whole(self, talk: Talk, floor: int) -> Talk:
        """Return a conversation with all that was said in it since `floor`, as far as the platform shows it."""
        if not talk.more or any(message.at < floor for message in talk.messages):
            return talk
        answer = await self._answered(conversations.messages(self._sender, talk))
        read = conversations.said(self._sender, talk, *answer)
        if isinstance(read, Refusal):
            raise RefusedError(read.sentence, read.wait)
        return read

    async def _excerpt(self, request: httpx.Request) -> Excerpt | Refusal:
        return conversations.excerpt(self._sender, *await self._answered(request))

    async def _answered(self, request: httpx.Request) -> tuple[httpx.Response, datetime]:
        try:
            return await self._questions.ask(request)
        except NoAnswerError as error:
            raise RefusedError(str(error)) from None

    def _take(self, talks: Sequence[Talk], floor: int, mark: Bookmark | None = None) -> None:
        """Do what conversations say that was said since `floor`; the bookmark moves with the last of it."""
        new = [talk for talk in talks if talk.id not in self._talks]
        self.found += Found(conversations=len(new), unclear=sum(talk.unclear for talk in new))
        self._talks.update(talk.id for talk in new)
        said = [message for talk in talks for message in talk.messages if self._is_news(message, floor)]
        for start in range(0, max(1, len(said)), apply.SLICE):
            with self._runtime.writing() as conn:
                now = now_of(conn)
                counted = self._apply(conn, said[start : start + apply.SLICE], now)
                if mark and start + apply.SLICE >= len(said):
                    bookmark.save(conn, self._sender_id, mark, now + EVERY_MS)
                if self._dry_run:
                    conn.rollback()
            self.found += counted

    def _is_news(self, message: Inbound, floor: int) -> bool:
        """Whether a message is of this pull, for the first time."""
        if message.at < floor or message.mid in self._mids:
            return False
        self._mids.add(message.mid)
        return True

    def _apply(self, conn: Connection, said: Sequence[Inbound], now: int) -> Found:
        if not said:
            return Found()
        people = sorted({message.person for message in said})
        asked = {"people": people, "sender_id": self._sender_id}
        before = set(conn.execute(_SUPPRESSED, asked).scalars())
        arrivals = [Arrival(ProviderName.META, now, self._sender_id, message) for message in self._new(conn, said)]
        kept = apply.take(conn, arrivals, ContactSource.PULL)
        theirs = [each.event for each in kept if each.event.kind is InboundKind.MESSAGE]
        return Found(
            messages=len(theirs),
            echoes=len(kept) - len(theirs),
            windows=len({event.person for event in theirs if event.at + (windows.opened_by(event) or 0) > now}),
            opted_out=len(set(conn.execute(_SUPPRESSED, asked).scalars()) - before),
            settled=self._settle(conn, people, now),
        )

    def _new(self, conn: Connection, said: Sequence[Inbound]) -> list[Inbound]:
        """Leave out what a webhook has told already, by the millisecond, and what the answers to our calls have."""
        facts = {"channel": self._sender.channel.value, "account_id": self._sender.account_id}
        people = sorted({message.person for message in said})
        known = set(conn.execute(_KNOWN, facts | {"people": people}).scalars())
        known |= evidence.messages(conn, [message.mid for message in said]).keys()
        return [message for message in said if message.mid not in known]

    def _settle_stored(self) -> None:
        """Look again at echoes of earlier pulls, which came too early to settle a row by."""
        with self._runtime.reading() as conn:
            people = sorted({person for _, person, _ in self._doubts(conn, now_of(conn))})
        if not people:
            return
        with self._runtime.writing() as conn:
            now = now_of(conn)
            settled = sum(
                self._settle(conn, people[start : start + _MOST_NAMED], now)
                for start in range(0, len(people), _MOST_NAMED)
            )
            if self._dry_run:
                conn.rollback()
        self.found += Found(settled=settled)

    def _settle(self, conn: Connection, people: Sequence[str], now: int) -> int:
        echoes = events.echoes(conn, self._sender_id, people)
        return unknowns.by_text(conn, [_as_it_happened(each) for each in echoes], now)

    def _doubts(self, conn: Connection, until: int) -> list[tuple[int, str, int]]:
        facts = {"sender_id": self._sender_id, "until": until, "most": _MOST_DOUBTS}
        return [(row.id, row.recipient_id, row.sent_at) for row in conn.execute(_DOUBTS, facts)]


def _moved(mark: Bookmark, excerpt: Excerpt, *, ended: bool) -> Bookmark:
    """Return the bookmark behind a page; where the pass has ended, all is known from its floor to where it began."""
    reaching = mark.reaching or max((talk.updated_at for talk in excerpt.talks), default=0)
    if not ended:
        return replace(mark, reaching=reaching, cursor=excerpt.after)
    joined = not mark.until or mark.floor <= mark.until
    return Bookmark(until=max(mark.until, reaching) if joined else mark.until)


def _as_it_happened(echo: Kept) -> Kept:
    """Return an echo as one that was told when it happened: since then, the answer to the call has had its time."""
    at = min(echo.event.at or echo.arrival.received_at, echo.arrival.received_at)
    return replace(echo, arrival=replace(echo.arrival, received_at=at))
