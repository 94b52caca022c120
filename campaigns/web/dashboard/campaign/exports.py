"""Files of the report: at once for a small campaign, by a job for a large one, with a link when it is ready."""

import json
from dataclasses import dataclass
from functools import partial

from nicegui import ui

from campaigns import jobs
from campaigns.moments import lasting
from campaigns.runtime import now_of
from campaigns.web.api import promise
from campaigns.web.api.promise import SMALL_ROWS, Work
from campaigns.web.dashboard import ask, buttons, frame
from campaigns.web.dashboard.attributes import having
from campaigns.web.dashboard.campaign import remaining
from campaigns.web.dashboard.campaign.piece import Piece
from campaigns.web.dashboard.campaign.seen import Seen
from campaigns.web.dashboard.campaign.watching import Watching
from campaigns.web.dashboard.downloads import EXPORTS, Export, of
from campaigns.web.dashboard.live import live
from schemas.api.envelope import Fault
from schemas.job import Job, JobState
from schemas.right import Right

_SHOWN = 20
_ABOUT = {
    "results.csv": (
        "Results as CSV",
        "One row for each row of the list, with what became of it. No cell is a formula.",
    ),
    "results.xlsx": ("Results as Excel", "The same as a workbook, ids as text."),
    "results.parquet": ("Results as Parquet", "The same for programs, with types."),
    "summary.json": ("Numbers as JSON", "Totals, reasons, pages, pace, replies."),
    "report.html": ("Report as a page", "One file with charts, for whoever has no login."),
    "remainder.csv": ("Who was not reached", "In the columns of the list: the list of a next campaign."),
}


@dataclass(frozen=True, slots=True)
class Ordered:
    """A job as the screen shows it; `link` is '' until its file is ready."""

    ref: str
    title: str
    sentence: str
    link: str
    open: bool


class Exports:
    """The tab."""

    def __init__(self, watching: Watching) -> None:
        self._watching = watching
        self._session = watching.session
        with frame.section("Files"):
            files = Piece(self._build_files)
        watching.listen(lambda seen: files.show(none_yet(seen)))
        self._jobs = Piece(_build, "orders")

    async def load(self) -> None:
        """Show the jobs that there are, and follow them."""
        await self._read()
        live(self._read)

    async def _read(self) -> None:
        self._jobs.show(await ask.aside(self._ordered))

    def _build_files(self, none: str) -> None:
        """Build what can be had; of a campaign without a report, why there is none."""
        if none:
            ui.label(none).classes("soft")
            return
        with ui.element("div").classes("files"):
            for export in EXPORTS.values():
                if self._session.may(export.right):
                    self._offer(export)

    def _offer(self, export: Export) -> None:
        title, said = _ABOUT[export.name]
        ref = self._watching.seen.ref
        with ui.element("div").classes("panel file"):
            ui.label(title).classes("strong")
            ui.label(said).classes("small soft")
            if export.right is Right.REMAINDER:
                warned = Piece(_warn)
                self._watching.listen(lambda seen: warned.show(remaining.warning(seen)))
            with ui.row().classes("actions"):
                if self._watching.seen.rows <= SMALL_ROWS:
                    _link(title, f"/downloads/campaigns/{ref}/{export.name}")
                else:
                    having(buttons.outlined("Make it", lambda: self._order(export)), aria_label=f"Make {title}")
                if export.right is Right.REMAINDER and self._session.may(Right.SUBMIT):
                    buttons.quiet("New campaign for them", self._begin, icon="add")

    async def _begin(self) -> None:
        await remaining.begin(self._session, self._watching.seen)

    async def _order(self, export: Export) -> None:
        desk, work = self._session.desk, Work(export.job, export.arguments(self._watching.seen.ref), small=False)
        order = partial(promise.asked, desk, work)
        await ask.done_by(order, right=export.right, done="Asked for. It stands below, with a link when it is ready.")
        await self._read()

    def _ordered(self) -> tuple[Ordered, ...]:
        session, ref = self._session, self._watching.seen.ref
        with session.runtime.reading() as conn:
            found = jobs.listed(conn, session.key.id, jobs.NEWEST, _SHOWN)
            mine = [(job, export) for job in found if (export := of(job)) and _about(job) == ref]
            now, ahead = now_of(conn), {job.ref: jobs.before(conn, job) for job, _ in mine}
        takes = session.runtime.takes_jobs
        return tuple(
            Ordered(
                job.ref,
                _ABOUT[export.name][0],
                progress(job, ahead[job.ref], now, takes=takes),
                f"/downloads/jobs/{job.ref}" if job.state is JobState.DONE else "",
                job.finished_at is None,
            )
            for job, export in mine
        )


def none_yet(seen: Seen) -> str:
    """Say why a campaign has no report; '' where it has one."""
    if seen.campaign.launched_at is None:
        return "There is a report once it is launched."
    return "" if seen.standing.total else "It repeats: each of its moments has a report of its own."


def progress(job: Job, ahead: int, now: int, *, takes: bool | None) -> str:
    """Return in words how far a job is at `now` (epoch ms); `takes` tells whether a process is there that does it."""
    state = JobState(job.state)
    if state is JobState.FAILED:
        return Fault.model_validate_json(job.error or "").message
    if state is JobState.DONE:
        return f"Ready since {lasting(now - (job.finished_at or now))}; it stays for a week."
    if takes is False:
        return "No process takes jobs: start `pagecast up`."
    if state is JobState.WORKING:
        return f"Being made for {lasting(now - (job.started_at or now))}."
    return f"Waiting: {ahead:,} {'other is' if ahead == 1 else 'others are'} before it." if ahead else "It is the next."


def _warn(sentence: str) -> None:
    if sentence:
        ui.label(sentence).classes("small warn-ink")


def _about(job: Job) -> str:
    return str(json.loads(job.arguments).get("campaign", ""))


def _build(orders: tuple[Ordered, ...]) -> None:
    for order in orders:
        with ui.element("div").classes("order").props("role=status"):
            ui.icon("hourglass_top" if order.open else "description" if order.link else "error_outline")
            with ui.element("div"):
                ui.label(order.title).classes("strong")
                ui.label(order.sentence).classes("small soft")
            if order.link:
                _link(order.title, order.link)


def _link(title: str, path: str) -> None:
    having(buttons.outlined("Download", icon="download"), href=path, download=True, aria_label=f"Download {title}")
