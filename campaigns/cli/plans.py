"""How plans, samples and standings look on a terminal."""

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from campaigns.cli import output
from campaigns.lifecycle.preview import Sample
from campaigns.plan import Division
from campaigns.report import Explanation
from schemas.delivery import COUNTED
from schemas.plan import Plan
from schemas.reason import Reason, about
from schemas.status import Status

_WIDTH = 10
_SPOKEN = {"line", "page", "state", "sentence", "reason_sentence", "next_step", "timeline"}


def show_plan(plan: Plan, line: Callable[[str], None] = output.say) -> None:
    """Print a plan: who gets it, who does not and why, when it ends, and what would lose nobody."""
    line(f"{plan.eligible:>{_WIDTH},}  will get it")
    for reason, n in sorted(plan.skipped.items(), key=lambda item: -item[1]):
        line(f"{n:>{_WIDTH},}  skipped     {reason}: {about(Reason(reason)).sentence}")
    for n, what in ((plan.rejected, "rejected"), (plan.duplicates, "duplicate")):
        if n:
            line(f"{n:>{_WIDTH},}  {what}")
    line(f"{plan.total:>{_WIDTH},}  rows")
    for page in plan.pages:
        ends = f", done by {page.finish_at}" if page.finish_at else ""
        line(f"Page {page.name}: {page.eligible:,} people at {page.rate:g}/s ({page.bottleneck}){ends}.")
    if plan.lost:
        line(f"{plan.lost:,} people are lost to closing windows at this pace. {_remedy(plan)}")
    for variable, n in plan.blanks.items():
        if n:
            line(f"The variable {variable} is blank for {n:,} people.")
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
    for state in COUNTED:
        if n := status.counts[state]:
            output.say(f"{n:>{_WIDTH},}  {state}")
    output.say(f"{status.total:>{_WIDTH},}  rows")
    for reason, n in sorted(status.reasons.items(), key=lambda item: -item[1]):
        output.say(f"{n:>{_WIDTH},}  {reason}: {_meaning(reason)}")
    rate = status.rate
    output.say(f"Rate: {rate.achieved:g}/s achieved, {rate.allowed:g}/s allowed, {rate.asked:g}/s asked.")
    for page in status.pages:
        output.say(f"Page {page.name}: {page.state}. {page.sentence}")


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


def breakdown(status: Status, line: Callable[[str], None] = output.say) -> None:
    """Print the end of a run: each state with its number, each reason with its meaning."""
    line(status.sentence)
    for state in COUNTED:
        if n := status.counts[state]:
            line(f"{n:>{_WIDTH},}  {state}")
    for reason, n in sorted(status.reasons.items(), key=lambda item: -item[1]):
        line(f"{n:>{_WIDTH},}  {reason}: {_meaning(reason)}")


def _meaning(reason: str) -> str:
    return about(Reason(reason)).sentence if reason in set(Reason) else "Rejected by this rule of the list."


def _remedy(plan: Plan) -> str:
    ways = []
    if plan.lowest_rate is not None:
        ways.append(f"a rate of {plan.lowest_rate:g}/s")
    if plan.latest_start is not None:
        ways.append(f"a start by {plan.latest_start}")
    return f"Nobody would be lost with {' or '.join(ways)}." if ways else ""
