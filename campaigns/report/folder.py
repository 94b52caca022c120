"""The report's folder: four files or five, each complete or not there."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from campaigns.errors import InputError, PagecastError, StateError
from campaigns.report import progress as over_time
from campaigns.report.document import render
from campaigns.report.lanes import lanes
from campaigns.report.results import source, write_csv, write_parquet
from campaigns.report.series import repetition
from campaigns.report.standing import campaign, status
from campaigns.report.summary import summarise
from campaigns.report.workbook import write_workbook
from schemas.campaign import Campaign
from schemas.delivery import COUNTED
from schemas.plan import Plan
from schemas.status import Status
from schemas.summary import Summary


@dataclass(frozen=True, slots=True)
class Written:
    """What `write` left behind: the folder, its files, the rows in the results, and the summary they were made of."""

    folder: Path
    files: tuple[Path, ...]
    rows: int
    summary: Summary

    @property
    def status(self) -> Status:
        """How the campaign stood when the report was written."""
        return self.summary.status


def write(
    conn: Connection,
    storage: Path,
    campaign_id: int,
    out: Path,
    now_ms: int,
    *,
    plan: Plan | None = None,
    xlsx: bool = False,
) -> Written:
    """Write results.csv, results.parquet, summary.json and report.html into `out`; older ones are replaced.

    With `xlsx` there is results.xlsx too. Needs one snapshot (`Runtime.reading()`): the rows are checked against the
    tallies. Raises StateError before launch, InputError for a folder that cannot be written, PagecastError where rows
    and tallies part.
    """
    found = campaign(conn, campaign_id)
    now = status(conn, campaign_id, now_ms)
    if repetition(conn, campaign_id):
        raise StateError(
            f"{found.name} repeats: each of its moments has a report. `pagecast status {found.ref}` names them."
        )
    if not now.total:
        raise StateError(f"Campaign {found.name} was not launched yet, so there is nothing to report. Launch it first.")
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out, prefix=".writing-") as scratch:
            made, summary = _make(conn, storage, found, now, Path(scratch), plan=plan, now_ms=now_ms)
            if xlsx:
                book = Path(scratch) / "results.xlsx"
                write_workbook(made[1], book)
                made = (*made, book)
            files = tuple(path.replace(out / path.name) for path in made)
    except OSError as error:
        raise InputError(
            f"Cannot write the report to {out}: {error.strerror or error}. Choose another folder."
        ) from error
    return Written(out, files, now.total, summary)


def _make(
    conn: Connection, storage: Path, found: Campaign, now: Status, scratch: Path, *, plan: Plan | None, now_ms: int
) -> tuple[Sequence[Path], Summary]:
    names = ("results.csv", "results.parquet", "summary.json", "report.html")
    csv, parquet, json, html = made = [scratch / name for name in names]
    pages = lanes(conn, found.id or 0, now_ms)
    write_parquet(conn, source(conn, storage, found, pages), parquet, scratch)
    _agree(now, over_time.counted(parquet))
    write_csv(parquet, csv)
    summary = summarise(conn, found, pages, now, parquet, plan=plan, now_ms=now_ms)
    json.write_text(summary.model_dump_json(indent=2) + "\n", encoding="utf-8")
    html.write_text(render(summary), encoding="utf-8")
    return made, summary


def _agree(now: Status, rows: dict[str, int]) -> None:
    """Raise where the rows of the report are not the ones that the tallies count."""
    apart = [
        f"{state}: {now.counts[state]:,} counted, {rows.get(state, 0):,} rows"
        for state in COUNTED
        if now.counts[state] != rows.get(state, 0)
    ]
    if apart:
        raise PagecastError(f"The tallies of campaign {now.name} and its rows differ ({'; '.join(apart)}).")
