"""How plans, samples and standings look on a terminal."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from campaigns import template
from campaigns.cli import output
from campaigns.lifecycle.preview import Sample
from campaigns.plan import Division
from campaigns.report import Explanation, equation
from schemas.campaign import Campaign, CampaignState
from schemas.delivery import COUNTED
from schemas.message import Message
from schemas.plan import Plan
from schemas.reason import Reason, about
from schemas.status import Status

_WIDTH = 10
_SPOKEN = {"line", "page", "state", "sentence", "reason_sentence", "next_step", "timeline"}


def show_plan(plan: Plan, campaign: Campaign, line: Callable[[str], None] = output.say) -> None:
    """Print a plan: who gets it, who does not and why, when it ends, and what would lose nobody."""
    line(f"{plan.eligible:>{_WIDTH},}  will get it")
    _show_reasons(plan.skipped, line, before="skipped    ")
    for n, what in ((plan.rejected, "rejected"), (plan.duplicates, "duplicate")):
        if n:
            line(f"{n:>{_WIDTH},}  {what}")
    line(f"{plan.total:>{_WIDTH},}  rows")
    for page in plan.pages:
        ends = f", done by {_when(page.finish_at)}" if page.finish_at else ""
        line(f"Page {page.name}: {_people(page.eligible)} at {page.rate:g}/s{ends}. Its limit: {page.bottleneck}.")
    if plan.lost:
        line(f"{_people(plan.lost)} would be lost to closing windows at this pace. {_remedy(plan)}")
    optional = _optional(campaign)
    for variable, n in plan.blanks.items():
        if n:
            then = "its default stands in" if variable in optional else "without it nothing is sent to them"
            line(f"The cell {variable} is blank for {_people(n)}; {then}.")
    for finding in plan.findings:
        line(f"- {finding}")


def write_skipped(division: Division, file: Path) -> None:
    """Write everybody who will not get the message: line, recipient id, reason and what it means."""
    import polars as pl  # noqa: PLC0415

    from campaigns.report.results import write_csv  # noqa: PLC0415

    skipped = division.rows.filter(pl.col("state") == "skipped").select("line", "recipient_id", "reason").sort("line")
    meaning = {reason: _meaning(reason) for reason in skipped["reason"].unique()}
    said = skipped.with_columns(pl.col("reason").replace_strict(meaning, return_dtype=pl.String).alias("meaning"))
    with TemporaryDirectory() as folder:
        said.write_parquet(rows := Path(folder) / "skipped.parquet")
        write_csv(rows, file)


def show_samples(samples: Sequence[Sample], line: Callable[[str], None]) -> None:
    """Print messages as people would get them."""
    for sample in samples:
        line(f"To {sample.recipient_id} (line {sample.line}) from {sample.page} on {sample.channel}:")
        for text, length in zip(sample.texts, sample.lengths, strict=True):
            for part in text.splitlines():
                line(f"    {part}")
            line(f"    ({length} of {sample.limit} {sample.unit})")
        if sample.quick_replies:
            line(f"    [{'] ['.join(sample.quick_replies)}]")
        if sample.note:
            line(f"    Not sent: {sample.note}")


def show_status(status: Status) -> None:
    """Print how a campaign stands."""
    output.say(f"{status.name} ({status.id}): {status.sentence}")
    if status.state is CampaignState.DRAFT:
        output.say(f"Next: pagecast plan {status.id}")
        return
    for state in COUNTED:
        if n := status.counts[state]:
            output.say(f"{n:>{_WIDTH},}  {state}")
    output.say(f"{status.total:>{_WIDTH},}  rows")
    if status.reasons:
        output.say()
        _show_reasons(status.reasons, output.say)
        output.say()
    rate = status.rate
    output.say(f"Rate: {rate.achieved:g}/s achieved, {rate.allowed:g}/s allowed, {rate.asked:g}/s asked.")
    for page in status.pages:
        output.say(f"Page {page.name}: {page.sentence}")


def show_explanation(explanation: Explanation) -> None:
    """Print everything known about one person."""
    for each in explanation.lines:
        output.say(f"Line {each.line}{f', page {each.page}' if each.page else ''}: {each.state}. {each.sentence}")
        for fact in (each.reason_sentence, each.next_step):
            if fact:
                output.say(f"    {fact}")
        facts = each.model_dump(
            exclude={"line", "page", "state", "sentence", "reason_sentence", "next_step", "timeline"}
        )
        for key, value in facts.items():
            if value:
                output.say(f"    {key.replace('_', ' ')}: {', '.join(value) if isinstance(value, list) else value}")
        for moment in each.timeline:
            output.say(f"    {moment.at}  {moment.sentence}")


def show_end(status: Status) -> None:
    """Print the end of a run: the equation of all rows, and each reason with its meaning."""
    output.say(status.sentence)
    output.say(equation(status))
    _show_reasons(status.reasons, output.say)


def _show_reasons(reasons: Mapping[str, int], line: Callable[[str], None], before: str = "") -> None:
    wide = max(map(len, reasons), default=0)
    for reason, n in sorted(reasons.items(), key=lambda item: -item[1]):
        line(f"{n:>{_WIDTH},}  {before}{reason:<{wide}}  {_meaning(reason)}")


def _meaning(reason: str) -> str:
    return about(Reason(reason)).sentence if reason in set(Reason) else "Rejected by this rule of the list."


def _remedy(plan: Plan) -> str:
    ways = []
    if plan.lowest_rate is not None:
        ways.append(f"a rate of {plan.lowest_rate:g}/s")
    if plan.latest_start is not None:
        ways.append(f"a start by {_when(plan.latest_start)}")
    return f"Nobody would be lost with {' or '.join(ways)}." if ways else ""


def _optional(campaign: Campaign) -> set[str]:
    """Return the variables that may be blank in every part that has them."""
    message = Message.model_validate_json(campaign.message)
    parts = [template.compile(part.text) for part in message.parts]
    return {
        name
        for part in parts
        for name in part.optional
        if all(name in other.optional for other in parts if name in other.variables)
    }


def _people(n: int) -> str:
    return f"{n:,} {'person' if n == 1 else 'people'}"


def _when(iso: str) -> str:
    """Return a moment in UTC, with its date unless that is today's."""
    moment, today = datetime.fromisoformat(iso).astimezone(UTC), datetime.now(UTC).date()
    return moment.strftime("%H:%M:%S UTC" if moment.date() == today else "%Y-%m-%d %H:%M UTC")
