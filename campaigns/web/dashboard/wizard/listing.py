"""What a list was read as: its sum, its columns, what is odd, the lines that cannot be used, the first rows."""

from collections.abc import Iterator
from contextlib import contextmanager

from nicegui import ui

from campaigns import uploads
from campaigns.audience import CANONICAL, Reading
from campaigns.errors import PagecastError
from campaigns.lifecycle import glance
from campaigns.lifecycle.glance import Problem
from campaigns.web.dashboard import ask, frame
from campaigns.web.dashboard.wizard import arrival, zones
from campaigns.web.dashboard.wizard.visit import Refresh, Visit
from schemas.recipient_list import LINE, RULE

_ROWS = 15
_NONE = "(none)"
_MEANINGS = {
    "recipient_id": "Recipient id",
    "page": "Page",
    "last_inbound_at": "Last message from the person",
    "window_closes_at": "Window closes at",
    "opted_out": "Opted out",
    "timezone": "Time zone of the person",
}


def equation(reading: Reading) -> str:
    """Return how the lines of a list add up."""
    return (
        f"{reading.rows:,} {'row' if reading.rows == 1 else 'rows'} = {reading.usable:,} usable + "
        f"{reading.rejected:,} rejected + {reading.duplicates:,} "
        f"{'duplicate' if reading.duplicates == 1 else 'duplicates'}"
    )


def summary(name: str, reading: Reading) -> None:
    """Build the sum of a list by its file's name, and what is odd about it."""
    with ui.element("div").classes("sum").props("role=status"):
        ui.icon("check_circle").classes("good-ink")
        ui.label(f"{name}: {equation(reading)}").classes("figures strong anywhere")
    for warning in reading.warnings:
        warn(warning)


def warn(sentence: str) -> None:
    """Build what is odd about the list."""
    with ui.element("div").classes("alert warn"):
        ui.icon("warning_amber")
        ui.label(sentence)


async def details(visit: Visit, refresh: Refresh) -> None:
    """Build the columns, the lines that cannot be used and the first rows of the sketch's list, which was found."""
    reading, listed = visit.reading, visit.listed
    assert reading is not None
    assert listed is not None
    rows = await ask.aside(lambda: glance.head(listed, _ROWS))
    unusable = reading.rejected + reading.duplicates
    problems = await ask.aside(lambda: _problems(visit)) if unusable else []
    _mapping(visit, reading, refresh)
    if problems:
        _told(visit, problems)
    _rows(rows, reading)


def _problems(visit: Visit) -> list[Problem]:
    return glance.problems(uploads.rejects(visit.session.runtime.storage, visit.get("list")))


def _mapping(visit: Visit, reading: Reading, refresh: Refresh) -> None:
    """Show what each column was taken for; a change reads the list again."""

    async def change(name: str, header: str | None) -> None:
        before = {each: visit.get(f"columns.{each}") for each in (*CANONICAL, "zone")}
        visit.put(f"columns.{name}", header)
        try:
            await arrival.read_again(visit)
        except PagecastError as error:
            for each, value in before.items():
                visit.put(f"columns.{each}", value)
            ask.fail(str(error))
        await refresh()

    with frame.section("Columns"):
        ui.label("Guessed from the headers. Every other column is a variable of the message.").classes("soft")
        with ui.element("div").classes("grid3"):
            for name in CANONICAL:
                found = reading.mapping.get(name)
                words = {_NONE: "Not in the list"} if name != "recipient_id" and found is None else {}
                chosen = ui.select(
                    words | {header: header for header in reading.columns},
                    value=found or _NONE,
                    label=_MEANINGS[name],
                ).props("outlined dense options-dense")
                chosen.on_value_change(
                    lambda event, name=name: change(name, None if event.value == _NONE else event.value)
                )
            zones.field(
                "Zone of times that name none",
                visit.get("columns.zone", "UTC"),
                lambda zone: change("zone", zone),
            ).props("dense")


def _told(visit: Visit, problems: list[Problem]) -> None:
    with frame.section("Lines that are not used"):
        with ui.element("div").classes("panel problems"):
            for problem in problems:
                _problem(problem)
        with ui.link(target=f"/downloads/lists/{visit.get('list')}/rejects.csv").classes("download"):
            ui.icon("download")
            ui.label("Download rejects.csv")


def _problem(problem: Problem) -> None:
    with ui.element("div").classes("problem"):
        ui.label(f"{problem.lines:,}").classes("figures strong")
        with ui.element("div"):
            ui.label(problem.sentence if problem.rule != "duplicate" else "The same person stands in an earlier line.")
            first = "; ".join(
                f'line {line:,}: "{value or ""}"' + (f" in {column}" if column else "")
                for line, column, value in problem.first
            )
            more = f" and {problem.lines - len(problem.first):,} more" if problem.lines > len(problem.first) else ""
            ui.label(first + more).classes("small soft")


def sheet(headers: list[str], rows: list[list[str]]) -> None:
    """Build the first rows of a list as they are written."""
    with _table():
        with ui.element("thead"), ui.element("tr"):
            for header in headers:
                _head(header, "")
        with ui.element("tbody"):
            for row in rows:
                with ui.element("tr"):
                    for cell in row:
                        with ui.element("td"):
                            ui.label(cell)


@contextmanager
def _table() -> Iterator[None]:
    with (
        ui.element("div").classes("sheet").props('tabindex=0 role=region aria-label="The first rows"'),
        ui.element("table"),
    ):
        yield


def _rows(rows: list[dict[str, object]], reading: Reading) -> None:
    known = {header: name for name, header in reading.mapping.items()}
    with frame.section(f"The first {len(rows)} rows" if len(rows) > 1 else "The first row"), _table():
        with ui.element("thead"), ui.element("tr"):
            _head("Line", "")
            for header in reading.columns:
                _head(header, known.get(header, ""))
        with ui.element("tbody"):
            for row in rows:
                _row(row, reading.columns)


def _head(header: str, meaning: str) -> None:
    with ui.element("th").props("scope=col"):
        ui.label(header)
        if meaning and meaning != header:
            ui.label(meaning).classes("small soft")


def _row(row: dict[str, object], columns: list[str]) -> None:
    rule = row[RULE]
    with ui.element("tr").classes("unused" if rule else ""):
        with ui.element("td").classes("number"):
            ui.label(f"{row[LINE]}")
            if rule:
                ui.label(str(rule).replace("_", " ")).classes("small bad-ink")
        for header in columns:
            with ui.element("td"):
                ui.label(str(row[header] or ""))
