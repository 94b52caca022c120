"""The campaign on one page, as a program reads it: `summary.json`, and what the HTML page shows."""

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection, text

from campaigns.moments import iso, iso_or_none
from campaigns.report import progress as over_time
from campaigns.report.conservation import equation
from campaigns.report.ending import exit_code
from campaigns.report.findings import findings
from campaigns.report.groups import groups
from campaigns.report.lanes import LaneNow
from campaigns.report.replies import replies
from schemas.campaign import Campaign
from schemas.meaning import meaning
from schemas.plan import Plan
from schemas.status import Status
from schemas.summary import Happening, Interval, Pace, ReasonCount, Summary, Times

_MOST_EVENTS = 500
# What happened to a page counts for the campaign while the campaign was under way.
_RELATED = """
    FROM event WHERE campaign_id = :campaign_id OR (campaign_id IS NULL AND at BETWEEN :start AND :end
        AND page_id IN (SELECT page_id FROM lane WHERE campaign_id = :campaign_id))
"""
_EVENTS = text(f"SELECT at, kind, actor, sentence {_RELATED} ORDER BY at DESC, id DESC LIMIT {_MOST_EVENTS}")
_KINDS = text(f"SELECT kind, COUNT(*) AS n {_RELATED} GROUP BY kind ORDER BY kind")


def summarise(
    conn: Connection,
    found: Campaign,
    lanes: Sequence[LaneNow],
    status: Status,
    results: Path,
    *,
    plan: Plan | None,
    now_ms: int,
) -> Summary:
    """Return the summary; `results` is the finished Parquet file. Raises PagecastError where the rows do not add up."""
    line = over_time.progress(results)
    pace = _pace(sum(lane.asked for lane in lanes), line)
    back = replies(conn, found, lanes, results)
    bounds = {
        "campaign_id": found.id,
        "start": found.launched_at or found.created_at,
        "end": found.finished_at or now_ms,
    }
    return Summary(
        status=status,
        equation=equation(status),
        exit_code=exit_code(status),
        channels=sorted({lane.channel for lane in lanes}),
        page_channels={lane.name: lane.channel for lane in lanes},
        times=_times(found, line, now_ms),
        pace=pace,
        replied=back.replied + back.doubtful,
        replies=back,
        groups=groups(conn, found),
        reasons=_reasons(status, over_time.codes(results)),
        findings=findings(status, pace.asked, pace.average, back.replied),
        progress=None if line is None else _interval(line),
        events=[_happening(*row) for row in reversed(conn.execute(_EVENTS, bounds).all())],
        event_counts={row.kind: row.n for row in conn.execute(_KINDS, bounds)},
        plan=plan,
    )


def _happening(at: int, kind: str, actor: str, sentence: str) -> Happening:
    return Happening(at=iso(at), kind=kind, actor=actor, sentence=sentence)


def _reasons(status: Status, codes: Sequence[tuple[str, str, int]]) -> list[ReasonCount]:
    return [
        ReasonCount(
            reason=reason,
            rows=n,
            sentence=meaning(reason).sentence,
            next_step=meaning(reason).next_step,
            codes={code: rows for of, code, rows in codes if of == reason},
        )
        for reason, n in status.reasons.items()
    ]


def _pace(asked: float, line: over_time.Progress | None) -> Pace:
    if line is None or line.average is None:
        return Pace(asked=asked, average=None, peak=None)
    peak = max(line.accepted) * 1000 / line.step
    return Pace(asked=asked, average=round(line.average, 2), peak=round(max(peak, line.average), 2))


def _times(found: Campaign, line: over_time.Progress | None, now_ms: int) -> Times:
    return Times(
        created=iso(found.created_at),
        launched=iso_or_none(found.launched_at),
        started=iso_or_none(found.started_at),
        first_accepted=None if line is None else iso(line.first),
        last_accepted=None if line is None else iso(line.last),
        finished=iso_or_none(found.finished_at),
        reported=iso(now_ms),
    )


def _interval(line: over_time.Progress) -> Interval:
    return Interval(start=iso(line.start), seconds=line.step / 1000, accepted=list(line.accepted))
