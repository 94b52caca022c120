"""`pagecast status`, and how a standing looks on a terminal."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from campaigns.cli import output
from campaigns.cli.app import app
from campaigns.cli.named import found
from campaigns.cli.output import AsJson
from campaigns.lifecycle import find, series
from campaigns.moments import iso_or_none
from campaigns.runtime import Runtime, now_of
from schemas.campaign import Campaign, CampaignState
from schemas.delivery import COUNTED
from schemas.reason import Reason, about
from schemas.status import Status

if TYPE_CHECKING:
    from campaigns.report.series import Repetition

WIDTH = 10
"""Columns of a count."""
_LISTED = {"id": "id", "name": "name", "state": "state", "rows": "rows"}


@app.command()
def status(word: Annotated[str | None, typer.Argument(metavar="ID")] = None, as_json: AsJson = False) -> None:
    """Show how a campaign stands; without an id, list the latest ones."""
    with output.opened() as runtime:
        if word is None:
            _list(runtime, as_json)
            return
        campaign = found(runtime, word)
        now = standing(runtime, campaign, staffed=runtime.staffed)
        answers = "" if as_json else _answers(runtime, campaign, now)
        warnings = _refused(runtime)
        repeats = _repetition(runtime, campaign)
    if as_json:
        series = {"series": repeats.document} if repeats else {}
        output.emit(now.model_dump(mode="json") | {"warnings": warnings} | series)
    else:
        _show(now, answers, repeats)
        for each in warnings:
            output.say(each)


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


def _repetition(runtime: Runtime, campaign: Campaign) -> "Repetition | None":
    from campaigns.report.series import repetition  # noqa: PLC0415 - as above

    with runtime.reading() as conn:
        return repetition(conn, campaign.id or 0)


def show_reasons(reasons: Mapping[str, int], line: Callable[[str], None], before: str = "") -> None:
    """Print how many there are of each reason, most first, and what it means."""
    wide = max(map(len, reasons), default=0)
    for reason, n in sorted(reasons.items(), key=lambda item: -item[1]):
        line(f"{n:>{WIDTH},}  {before}{reason:<{wide}}  {meaning(reason)}")


def meaning(reason: str) -> str:
    """Return what a reason, or a rule of the list, says about a person."""
    return about(Reason(reason)).sentence if reason in set(Reason) else "Rejected by this rule of the list."


def _list(runtime: Runtime, as_json: bool) -> None:
    with runtime.reading() as conn:
        repeating = series.upcoming(conn)
        rows = [
            {"id": each.ref, "name": each.name, "state": str(each.state), "rows": each.total}
            | ({"next": iso_or_none(repeating[each.ref])} if each.ref in repeating else {})
            for each in find.latest(conn)
        ]
    if as_json:
        output.emit(rows)
    elif rows:
        output.show(rows, _LISTED | ({"next": "next"} if repeating else {}))
    else:
        output.say("No campaigns yet. Start with `pagecast demo`, or `pagecast run CAMPAIGN.toml`.")


def _show(status: Status, answers: str, repeats: "Repetition | None") -> None:
    output.say(f"{status.name} ({status.id}): {status.sentence}")
    if status.state is CampaignState.DRAFT:
        output.say(f"Next: pagecast plan {status.id}")
        return
    if repeats:
        for moment in repeats.moments:
            campaign = f" ({moment.campaign})" if moment.campaign else ""
            output.say(f"{repeats.shown(moment.at)}  {moment.state}{campaign}: {moment.sentence}")
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
