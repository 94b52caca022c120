"""A draft's plan, and its launch: who gets it, who does not and why, and when it is done."""

from collections.abc import Sequence
from dataclasses import dataclass

from nicegui import ui

from campaigns.lifecycle.launch import launch as verb
from campaigns.lifecycle.plan import plan as make
from campaigns.lifecycle.preview import preview
from campaigns.moments import people
from campaigns.web.dashboard import ask, moments
from campaigns.web.dashboard.campaign.samples import samples
from campaigns.web.dashboard.campaign.seen import Seen
from campaigns.web.dashboard.form import Form
from campaigns.web.dashboard.session import Session
from schemas.meaning import meaning
from schemas.plan import Plan
from schemas.right import Right
from schemas.sample import Sample


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A plan, and the message as the first people of it get it."""

    plan: Plan
    samples: Sequence[Sample]


async def launch(session: Session, seen: Seen) -> object:
    """Plan, show what would happen, ask, and launch what was shown."""
    found, known = seen.campaign, await foreseen(session, seen)
    if known is None:
        return None
    plan = known.plan
    form = Form(f"Launch {found.name}?", wide=True)
    with form.body():
        show(seen, known)
        ui.label("What went out cannot be taken back. What is launched is what stands here, or nothing.")
    form.answers(f"Launch for {people(plan.eligible)}")
    if await form.answer() is None:
        return None
    return await ask.done_by(
        lambda: verb(session.runtime, found, plan.token, session.environment, now=session.now(), actor=session.actor),
        right=Right.LAUNCH,
        done=f"Launched for {people(plan.eligible)}.",
    )


async def foreseen(session: Session, seen: Seen) -> Foreseen | None:
    """Make the plan; it reads the whole list. None where there is none, which is told."""

    def foresee() -> Foreseen:
        runtime, environment, now = session.runtime, session.environment, session.now()
        plan = make(runtime, seen.campaign, environment, now).plan
        return Foreseen(plan, preview(runtime, seen.campaign, environment, now))

    return await ask.done_by(foresee, right=Right.PLAN)


def show(seen: Seen, known: Foreseen) -> None:
    """Build a plan."""
    ui.label(told(seen, known.plan)).classes("strong")
    _asides(known.plan)
    for finding in known.plan.findings:
        ui.label(finding).classes("warning flat")
    samples(known.samples)
    ui.label(f"Plan {known.plan.token}").classes("small soft figures")


def told(seen: Seen, plan: Plan) -> str:
    """Return in words what a launch does."""
    start = f"from {seen.stamp(seen.campaign.start_at)} on" if seen.campaign.start_at else "at once"
    done = f" It is done about {seen.stamp(moments.epoch(plan.finish_at))}." if plan.finish_at else ""
    lost = f" {people(plan.lost)} of them close before their turn." if plan.lost else ""
    who = f"{people(plan.eligible)} of {plan.total:,} rows get it, {start}."
    return f"{who}{done}{lost}"


def aside(plan: Plan) -> list[tuple[int, str, str]]:
    """Return who does not get it: how many, why, and what can be done."""
    found = [(n, meaning(reason).sentence, meaning(reason).next_step) for reason, n in plan.skipped.items() if n]
    if plan.rejected:
        found.append((plan.rejected, "The row cannot be used.", "Correct these rows in the list."))
    if plan.duplicates:
        found.append((plan.duplicates, meaning("duplicate").sentence, meaning("duplicate").next_step))
    return found


def _asides(plan: Plan) -> None:
    if not (rows := aside(plan)):
        ui.label("Nobody is set aside.").classes("soft")
        return
    with ui.element("div").classes("asides").props('role=list aria-label="Who does not get it"'):
        for n, sentence, step in rows:
            with ui.element("div").classes("aside-row").props("role=listitem"):
                ui.label(f"{n:,}").classes("figures strong")
                with ui.element("div"):
                    ui.label(sentence)
                    ui.label(step).classes("small soft")
