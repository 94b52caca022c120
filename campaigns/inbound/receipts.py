"""Echoes, receipts and statuses: which row each is about, and what it proves there."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from sqlalchemy import Connection, bindparam, text

from campaigns import events as history
from campaigns.inbound import events
from campaigns.inbound.events import Kept
from campaigns.ledger import evidence
from campaigns.ledger.evidence import Proof, Receipt
from campaigns.providers.orbit.errors import ERRORS
from schemas.delivery import DeliveryState
from schemas.inbound import Inbound, InboundKind
from schemas.page import Channel
from schemas.reason import Reason

OURS = re.compile(r"pagecast:([^:]+):(\d{1,18}):(\d{1,4})")
"""The metadata that goes out with a message and comes back in its echo: campaign, delivery, part."""

_ROWS = text("""
    SELECT delivery.id, delivery.recipient_id, campaign.ref, campaign.message
    FROM delivery JOIN campaign ON campaign.id = delivery.campaign_id WHERE delivery.id IN :ids
""").bindparams(bindparam("ids", expanding=True))
_CAMPAIGNS = text("""
    SELECT campaign_id, count(*) AS n FROM delivery WHERE id IN :ids GROUP BY campaign_id
""").bindparams(bindparam("ids", expanding=True))

_AHEAD_MS = 3_600_000
"""How far ahead of ours a platform's clock is believed: a window opened next year would never close."""

_RECEIPTS = {InboundKind.DELIVERED: DeliveryState.DELIVERED, InboundKind.READ: DeliveryState.READ}
_STATUSES = {
    "delivered": DeliveryState.DELIVERED,
    "read": DeliveryState.READ,
    "failed": DeliveryState.FAILED,
    "undelivered": DeliveryState.FAILED,
    "rejected": DeliveryState.FAILED,
    "expired": DeliveryState.FAILED,
    "blocked": DeliveryState.FAILED,
}
"""Orbit's words; any other changes nothing. `queued` and `sent` are what `accepted` says already."""


@dataclass(frozen=True, slots=True)
class _Found:
    """Events with the rows that they are about, and those that must wait for theirs, or for others beside them."""

    about: list[tuple[Kept, int]]
    waiting: list[Kept]
    proving: list[tuple[Kept, int]] = field(default_factory=list)
    """What those that wait say all the same. They are about no row yet: one of those in doubt may be theirs."""


def take(conn: Connection, kept: Sequence[Kept], now: int) -> None:
    """Take what events prove; those about a message that nobody knows yet are left waiting."""
    echoes = _echoes(conn, [each for each in kept if each.event.kind is InboundKind.ECHO], now)
    named = _named(conn, [each for each in kept if _names(each.event)])
    marked = _watermarked(conn, [each for each in kept if _speaks_up_to(each)])
    told = [*named.about, *marked.about]
    proven = (*told, *marked.proving)
    evidence.receive(conn, [receipt for each, row_id in proven if (receipt := _receipt(each, row_id))])
    events.matched(conn, [(each.id, row_id) for each, row_id in (*echoes.about, *told)])
    events.wait(conn, [*echoes.waiting, *named.waiting, *marked.waiting], now)


def _echoes(conn: Connection, echoes: Sequence[Kept], now: int) -> _Found:
    known = evidence.messages(conn, [each.event.mid for each in echoes])
    proofs = _proofs(conn, [each for each in echoes if each.event.mid not in known])
    taken = evidence.accept(conn, list(proofs.values()))
    _tell(conn, taken.contradicted, now)
    early = set(taken.early)
    about, waiting = [], []
    for each in echoes:
        row_id = proofs[each.id].delivery_id if each.id in proofs else known.get(each.event.mid)
        if row_id is None or row_id in early:
            waiting.append(each)
        else:
            about.append((each, row_id))
    return _Found(about, waiting)


def _proofs(conn: Connection, echoes: Sequence[Kept]) -> dict[int, Proof]:
    """Return the proofs that echoes carry in their metadata, by event; one that names another's row is none."""
    said = {each.id: match for each in echoes if (match := OURS.fullmatch(each.event.metadata))}
    if not said:
        return {}
    rows = {row.id: row for row in conn.execute(_ROWS, {"ids": sorted({int(match[2]) for match in said.values()})})}
    proofs = {}
    for each in echoes:
        match = said.get(each.id)
        row = rows.get(int(match[2])) if match else None
        if match and row and (row.ref, row.recipient_id) == (match[1], each.event.person):
            proofs[each.id] = Proof(row.id, each.event.mid, moment(each), int(match[3]), _parts(row.message))
    return proofs


def _named(conn: Connection, kept: Sequence[Kept]) -> _Found:
    """Find the rows of events that name their messages; one that names several counts for each, and waits for all.

    A receipt of a part that is known waits for the rest of the message: it counts only for one that went out.
    """
    found = evidence.messages(conn, [mid for each in kept for mid in _mids(each.event)])
    open_ = evidence.unsettled(conn, list(found.values()))
    known = {mid: row_id for mid, row_id in found.items() if row_id not in open_}
    about = [(each, known[mid]) for each in kept for mid in _mids(each.event) if mid in known]
    return _Found(about, [each for each in kept if not all(mid in known for mid in _mids(each.event))])


def _watermarked(conn: Connection, kept: Sequence[Kept]) -> _Found:
    found = _Found([], [])
    for each in kept:
        assert each.arrival.sender_id is not None
        assert each.event.watermark is not None
        spoken = (each.arrival.sender_id, each.event.person, each.event.watermark)
        waits = evidence.in_hand(conn, *spoken)
        (found.proving if waits else found.about).extend((each, row_id) for row_id in evidence.up_to(conn, *spoken))
        found.waiting.extend([each] if waits else [])
    return found


def _receipt(each: Kept, row_id: int) -> Receipt | None:
    event = each.event
    state = _RECEIPTS.get(event.kind) or _STATUSES.get(event.status.casefold())
    # Meta knows no delivery event on Instagram, so nobody else can know better.
    if state is None or (state is DeliveryState.DELIVERED and event.channel == Channel.INSTAGRAM):
        return None
    if state is not DeliveryState.FAILED:
        return Receipt(row_id, state, moment(each))
    meaning = ERRORS.get(event.code)
    reason = (meaning.reason if meaning else None) or Reason.PROVIDER_ERROR
    return Receipt(row_id, state, moment(each), reason, event.code or event.status, event.mid)


def _tell(conn: Connection, contradicted: Iterable[int], now: int) -> None:
    ids = list(contradicted)
    for row in conn.execute(_CAMPAIGNS, {"ids": ids}) if ids else ():
        said = f"{row.n:,} messages that were called not sent have come back as sent; their rows stay as they are."
        history.record(conn, now, "campaign.contradicted", "webhook", said, campaign_id=row.campaign_id)


def moment(each: Kept) -> int:
    """Return when an event happened (epoch ms); its arrival where it does not say, or names a time to come."""
    at, arrived = each.event.at, each.arrival.received_at
    return at if 0 < at <= arrived + _AHEAD_MS else arrived


def _names(event: Inbound) -> bool:
    return event.kind in {*_RECEIPTS, InboundKind.STATUS} and bool(_mids(event))


def _speaks_up_to(each: Kept) -> bool:
    event = each.event
    spoken = event.kind in _RECEIPTS and event.watermark is not None and not _mids(event)
    return spoken and each.arrival.sender_id is not None


def _mids(event: Inbound) -> tuple[str, ...]:
    return event.mids or ((event.mid,) if event.mid else ())


@lru_cache(maxsize=256)
def _parts(message: str) -> int:
    return len(json.loads(message)["parts"])
