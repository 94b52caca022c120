"""How plans and samples look on a terminal."""

import time
from collections.abc import Callable, Sequence
from datetime import datetime

from campaigns import template
from campaigns.cli import output
from campaigns.cli.standings import WIDTH, show_reasons
from campaigns.moments import clock, people
from schemas.message import Message
from schemas.plan import Plan
from schemas.sample import Sample
from schemas.view import View


def show_plan(plan: Plan, message: Message, line: Callable[[str], None] = output.say) -> None:
    """Print a plan: who gets it, who does not and why, when it ends, and what would lose nobody."""
    line(f"{plan.eligible:>{WIDTH},}  will get it")
    show_reasons(plan.skipped, line, before="skipped    ")
    for n, what in ((plan.rejected, "rejected"), (plan.duplicates, "duplicate")):
        if n:
            line(f"{n:>{WIDTH},}  {what}")
    line(f"{plan.total:>{WIDTH},}  rows")
    for page in plan.pages:
        ends = f", done by {_when(page.finish_at)}" if page.finish_at else ""
        line(f"Page {page.name}: {people(page.eligible)} at {page.rate:g}/s{ends}. Its limit: {page.bottleneck}.")
    if plan.lost:
        line(f"{people(plan.lost)} would be lost to closing windows at this pace. {_remedy(plan)}")
    optional = _optional(message)
    for variable, n in plan.blanks.items():
        if n:
            then = "its default stands in" if variable in optional else "without it nothing is sent to them"
            line(f"The cell {variable} is blank for {people(n)}; {then}.")
    for finding in plan.findings:
        line(f"- {finding}")


def show_samples(samples: Sequence[Sample], line: Callable[[str], None]) -> None:
    """Print messages as people would get them."""
    for sample in samples:
        line(f"To {sample.recipient_id} (line {sample.line}) from {sample.page} on {sample.channel}:")
        for text, length in zip(sample.texts, sample.lengths, strict=True):
            for part in text.splitlines():
                line(f"    {part}")
            line(f"    ({length} of {sample.limit} {sample.unit})")
        own, *others = sample.views
        if shown := _buttons(own):
            line(f"    {shown}")
        for said in (*own.cuts, *own.problems):
            line(f"    {said}")
        if sample.note:
            line(f"    Not sent: {sample.note}")
        for other in others:
            # A channel that the campaign does not send on is in the document alone.
            if other.pages and other.parts:
                line(f"    {_elsewhere(other)}")


def _elsewhere(view: View) -> str:
    lengths = " + ".join(f"{part.length:,}" for part in view.parts)
    where = f"On {view.channel} (page {', '.join(view.pages)})"
    counted = f"{where}: {lengths} of {view.limit} {view.unit} {_buttons(view)}".rstrip()
    return " ".join([f"{counted}.", *view.cuts, *view.problems])


def _buttons(view: View) -> str:
    return " ".join(f"[{button.shown}]" for part in view.parts for button in part.quick_replies)


def _remedy(plan: Plan) -> str:
    ways = []
    if plan.lowest_rate is not None:
        ways.append(f"a rate of {plan.lowest_rate:g}/s")
    if plan.latest_start is not None:
        ways.append(f"a start by {_when(plan.latest_start)}")
    return f"Nobody would be lost with {' or '.join(ways)}." if ways else ""


def _optional(message: Message) -> set[str]:
    """Return the variables that may be blank in every part that has them."""
    parts = [template.compile(part.text) for part in message.parts]
    return {
        name
        for part in parts
        for name in part.optional
        if all(name in other.optional for other in parts if name in other.variables)
    }


def _when(iso: str) -> str:
    return clock(round(datetime.fromisoformat(iso).timestamp() * 1000), round(time.time() * 1000))
