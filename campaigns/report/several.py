"""Several campaigns as one: those that somebody names, or all that began in a span of time.

The totals are sums of tallies, so they are the same whichever way they are added up: by campaign, by page, by state.
"""

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, text

from campaigns.campaign_file import moment
from campaigns.errors import InputError, StateError, UsageError
from campaigns.moments import iso_or_none
from campaigns.report import replies
from campaigns.report import tallies as tally
from campaigns.report.conservation import adds_up
from campaigns.report.tallies import Tally
from schemas.campaign import Campaign, CampaignState
from schemas.meaning import meaning
from schemas.several import CampaignLine, PageLine, ReasonLine, Several

MOST = 1_000
"""Campaigns in one report."""
_DAY_MS = 86_400_000
_DAY = re.compile(r"\d{4}-\d\d-\d\d")

_BEGAN = text("""
    SELECT * FROM campaign
    WHERE COALESCE(started_at, launched_at) >= :since AND COALESCE(started_at, launched_at) < :until AND total > 0
    ORDER BY COALESCE(started_at, launched_at), id LIMIT :most
""")
_TALLIES = text("""
    SELECT campaign_id, page_id, state, reason, SUM(n) AS n FROM tally WHERE campaign_id IN :campaigns
    GROUP BY campaign_id, page_id, state, reason
""").bindparams(bindparam("campaigns", expanding=True))
_PAGES = text("""
    SELECT lane.page_id, page.name, page.channel, COUNT(*) AS campaigns FROM lane JOIN page ON page.id = lane.page_id
    WHERE lane.campaign_id IN :campaigns GROUP BY lane.page_id, page.name, page.channel ORDER BY page.name
""").bindparams(bindparam("campaigns", expanding=True))


@dataclass(frozen=True, slots=True)
class Span:
    """A span of time in epoch milliseconds; what happens at `until` is behind it."""

    since: int
    until: int


def span(since: str, until: str, labels: tuple[str, str]) -> Span:
    """Read two days, the second of which is part of the span, or two moments with a zone; days are those of UTC.

    Raises InputError, which names `labels`.
    """
    begin, end = _moment(since, labels[0]), _moment(until, labels[1])
    if _DAY.fullmatch(until.strip()):
        end += _DAY_MS
    if end <= begin:
        raise InputError(f"{labels[1]} is before {labels[0]}. Exchange them.")
    return Span(begin, end)


def began(conn: Connection, when: Span) -> list[Campaign]:
    """Return every campaign that began in a span, in that order; raises InputError where they are too many."""
    facts = {"since": when.since, "until": when.until, "most": MOST + 1}
    rows = [Campaign.model_validate(dict(row)) for row in conn.execute(_BEGAN, facts).mappings()]
    return _few(rows)


def several(conn: Connection, campaigns: Sequence[Campaign], when: Span | None = None) -> Several:
    """Return what campaigns came to together; `when` is the span that they were chosen by.

    Needs one snapshot (`Runtime.reading()`). Raises StateError for one that was not launched, UsageError for none and
    for one that is named twice, PagecastError where the totals do not add up.
    """
    _check(campaigns, when)
    rows = _tallies(conn, [each.id or 0 for each in campaigns])
    lines = [_line(conn, each, rows.get(each.id or 0, [])) for each in campaigns]
    everything = [row for each in campaigns for row in rows.get(each.id or 0, [])]
    total, counts = sum(line.total for line in lines), tally.counts(everything)
    return Several(
        since=iso_or_none(when.since if when else None),
        until=iso_or_none(when.until if when else None),
        total=total,
        counts=counts,
        equation=adds_up("these campaigns", total, counts),
        replied=sum(line.replied for line in lines),
        opted_out=sum(line.opted_out for line in lines),
        reasons=_reasons(everything),
        pages=_pages(conn, campaigns, everything),
        campaigns=lines,
    )


def _moment(value: str, label: str) -> int:
    if _DAY.fullmatch(value.strip()):
        try:
            day = dt.date.fromisoformat(value.strip())
        except ValueError:
            raise InputError(f'{label} = "{value}" is no day. Write it like 2026-12-01.') from None
        return int(dt.datetime.combine(day, dt.time(), dt.UTC).timestamp() * 1000)
    return moment(value, label)


def _few(campaigns: list[Campaign]) -> list[Campaign]:
    if len(campaigns) > MOST:
        raise InputError(f"More than {MOST:,} campaigns began then. Choose a shorter span.")
    return campaigns


def _check(campaigns: Sequence[Campaign], when: Span | None) -> None:
    if not (campaigns or when):
        raise UsageError("Name campaigns, or a span in which they began.")
    _few(list(campaigns))
    refs = Counter(each.ref for each in campaigns)
    if twice := [ref for ref, n in refs.items() if n > 1]:
        raise UsageError(f"{twice[0]} is named twice. Name each campaign once.")
    for each in campaigns:
        if not each.total or each.launched_at is None:
            raise StateError(f"{each.name} ({each.ref}) has no rows: it was not launched, or repeats. Leave it out.")


def _tallies(conn: Connection, campaigns: Sequence[int]) -> Mapping[int, list[Tally]]:
    found: dict[int, list[Tally]] = {}
    if campaigns:
        for row in conn.execute(_TALLIES, {"campaigns": campaigns}):
            if row.n:
                found.setdefault(row.campaign_id, []).append(Tally(row.page_id, row.state, row.reason, int(row.n)))
    return found


def _line(conn: Connection, found: Campaign, rows: Sequence[Tally]) -> CampaignLine:
    back, counts = replies.answered(conn, found.id or 0), tally.counts(rows)
    adds_up(f"campaign {found.name}", found.total, counts)
    return CampaignLine(
        id=found.ref,
        name=found.name,
        state=CampaignState(found.state),
        launched_at=iso_or_none(found.launched_at),
        started_at=iso_or_none(found.started_at),
        finished_at=iso_or_none(found.finished_at),
        total=found.total,
        counts=counts,
        replied=back.people,
        opted_out=back.opted_out,
    )


def _pages(conn: Connection, campaigns: Sequence[Campaign], rows: Sequence[Tally]) -> list[PageLine]:
    if not campaigns:
        return []
    lines = [
        _page(rows, row.page_id, name=row.name, channel=row.channel, campaigns=row.campaigns)
        for row in conn.execute(_PAGES, {"campaigns": [each.id for each in campaigns]})
    ]
    nowhere = _page(rows, 0, name=None, channel=None, campaigns=len(campaigns))
    return [*lines, nowhere] if nowhere.total else lines


def _page(rows: Sequence[Tally], page_id: int, *, name: str | None, channel: str | None, campaigns: int) -> PageLine:
    counts = tally.counts(rows, page_id)
    return PageLine(name=name, channel=channel, campaigns=campaigns, total=sum(counts.values()), counts=counts)


def _reasons(rows: Iterable[Tally]) -> list[ReasonLine]:
    return [
        ReasonLine(reason=reason, rows=n, sentence=meaning(reason).sentence, next_step=meaning(reason).next_step)
        for reason, n in tally.reasons(list(rows)).items()
    ]
