"""`pagecast status`, and how a standing looks on a terminal."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from campaigns.cli import calls, output, reach
from campaigns.cli.app import app
from campaigns.cli.named import found
from campaigns.cli.output import AsJson
from campaigns.lifecycle import find, series
from campaigns.moments import iso_or_none
from campaigns.runtime import Runtime, now_of
from schemas.campaign import Campaign, CampaignState
from schemas.delivery import COUNTED
from schemas.meaning import meaning
from schemas.status import Status

if TYPE_CHECKING:
    from campaigns.client import Client
    from schemas.api.campaigns import Standing

WIDTH = 10
"""Columns of a count."""
_LATEST = 50
_LISTED = {"id": "id", "name": "name", "state": "state", "rows": "rows"}


@dataclass(frozen=True, slots=True)
class _Shown:
    """What is shown of one campaign; `series` is as the document has it."""

    status: Status
    warnings: list[str]
    answers: str = ""
    series: dict[str, Any] | None = None


@app.command()
def status(word: Annotated[str | None, typer.Argument(metavar="ID")] = None, as_json: AsJson = False) -> None:
    """Show how a campaign stands; without an id, list the latest ones."""
    with reach.server() as server:
        if word is None:
            _list(_latest_there(server) if server else _latest_here(), as_json)
            return
        shown = _there(server, word, as_json) if server else _here(word, as_json)
    if as_json:
        series = {"series": shown.series} if shown.series else {}
        output.emit(shown.status.model_dump(mode="json") | {"warnings": shown.warnings} | series)
    else:
        _show(shown.status, shown.answers, shown.series)
        for each in shown.warnings:
            output.say(each)


def _here(word: str, as_json: bool) -> _Shown:
    with output.opened() as runtime:
        campaign = found(runtime, word)
        now = standing(runtime, campaign, staffed=runtime.staffed)
        answers = "" if as_json else _answers(runtime, campaign, now)
        return _Shown(now, _refused(runtime), answers, _series(runtime, campaign))


def _there(server: "Client", word: str, as_json: bool) -> _Shown:
    now = server.do(calls.campaigns.status(reach.found(server, word).id))
    answers = "" if as_json else server.do(calls.campaigns.answers(now.id)).sentence
    return _Shown(plain(now), now.warnings, answers, now.series.model_dump(mode="json") if now.series else None)


def plain(standing: "Standing") -> Status:
    """Return a server's standing as `status` and `watch` show one."""
    return Status.model_validate(standing.model_dump())


def standing(runtime: Runtime, campaign: Campaign, *, staffed: bool | None = None) -> Status:
    """Return how a campaign stands now; `staffed` as for `report.status`."""
    from campaigns import report  # noqa: PLC0415 - a list of campaigns does without what it brings

    with runtime.reading() as conn:
        return report.status(conn, campaign.id or 0, now_of(conn), staffed=staffed)


def _refused(runtime: Runtime) -> list[str]:
    from campaigns.report import refusals  # noqa: PLC0415 - as above

    return refusals.told(runtime)


def _answers(runtime: Runtime, campaign: Campaign, now: Status) -> str:
    from campaigns.report import pages, replies  # noqa: PLC0415 - as above

    with runtime.reading() as conn:
        return replies.told(conn, campaign.id or 0, pages.accepted(now.counts))


def _series(runtime: Runtime, campaign: Campaign) -> dict[str, Any] | None:
    from campaigns.report.series import repetition  # noqa: PLC0415 - as above

    with runtime.reading() as conn:
        repeats = repetition(conn, campaign.id or 0)
    return repeats.document if repeats else None


def _by_clocks(series: dict[str, Any], at: str) -> str:
    """Return a moment by the clocks of the series' zone."""
    return f"{datetime.fromisoformat(at).astimezone(ZoneInfo(series['zone'])):%a %Y-%m-%d %H:%M} {series['zone']}"


def show_reasons(reasons: Mapping[str, int], line: Callable[[str], None], before: str = "") -> None:
    """Print how many there are of each reason, most first, and what it means."""
    wide = max(map(len, reasons), default=0)
    for reason, n in sorted(reasons.items(), key=lambda item: -item[1]):
        line(f"{n:>{WIDTH},}  {before}{reason:<{wide}}  {meaning(reason).sentence}")


def _latest_here() -> list[dict[str, Any]]:
    with output.opened() as runtime, runtime.reading() as conn:
        repeating = series.upcoming(conn)
        return [
            {"id": each.ref, "name": each.name, "state": str(each.state), "rows": each.total}
            | ({"next": iso_or_none(repeating[each.ref])} if each.ref in repeating else {})
            for each in find.latest(conn, _LATEST)
        ]


def _latest_there(server: "Client") -> list[dict[str, Any]]:
    return [
        {"id": each.id, "name": each.name, "state": str(each.state), "rows": each.rows}
        | ({"next": each.next_at} if each.next_at else {})
        for each in server.do(calls.campaigns.listed(limit=_LATEST))
    ]


def _list(rows: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        output.emit(rows)
    elif rows:
        output.show(rows, _LISTED | ({"next": "next"} if any("next" in row for row in rows) else {}))
    else:
        output.say("No campaigns yet. Start with `pagecast demo`, or `pagecast run CAMPAIGN.toml`.")


def _show(status: Status, answers: str, series: dict[str, Any] | None) -> None:
    output.say(f"{status.name} ({status.id}): {status.sentence}")
    if status.state is CampaignState.DRAFT:
        output.say(f"Next: pagecast plan {status.id}")
        return
    if series:
        for moment in series["moments"]:
            campaign = f" ({moment['id']})" if moment["id"] else ""
            output.say(f"{_by_clocks(series, moment['at'])}  {moment['state']}{campaign}: {moment['sentence']}")
        return
    for state in COUNTED:
        if n := status.counts[state]:
            output.say(f"{n:>{WIDTH},}  {state}")
    output.say(f"{status.total:>{WIDTH},}  rows")
    if status.reasons:
        output.say()
        show_reasons(status.reasons, output.say)
        output.say()
    if answers:
        output.say(answers)
    rate = status.rate
    output.say(f"Rate: {rate.achieved:g}/s achieved, {rate.allowed:g}/s allowed, {rate.asked:g}/s asked.")
    for page in status.pages:
        output.say(f"Page {page.name}: {page.sentence}")
