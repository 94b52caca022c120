"""The last step: what a launch would do, in numbers and in one sentence; and the launch itself."""

from dataclasses import dataclass

from nicegui import ui
from pydantic import TypeAdapter

from campaigns import sketches
from campaigns.errors import PagecastError, StateError, VoidPlanError
from campaigns.lifecycle import find
from campaigns.lifecycle.submit import drop
from campaigns.moments import people
from campaigns.web.api import promise
from campaigns.web.dashboard import ask, buttons
from campaigns.web.dashboard.wizard import content as contents
from campaigns.web.dashboard.wizard import errand, outcome, pricing
from campaigns.web.dashboard.wizard.outcome import Outcome
from campaigns.web.dashboard.wizard.visit import Visit
from schemas.api.verbs import Drafted
from schemas.campaign import CampaignState
from schemas.job import JobKind
from schemas.plan import Plan
from schemas.right import Right
from schemas.sample import Sample

_SAMPLES = TypeAdapter(list[Sample])


async def build(visit: Visit) -> None:
    """Build the step: it stores the campaign as a draft and plans it."""
    await _Review(visit).plan()


@dataclass
class _Drafting:
    """A draft that is made, and whether its list is short enough to be worked on at once."""

    drafted: Drafted
    small: bool


class _Review:
    """Built empty; `plan` fills it, and again where the plan is void."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._busy = ui.element("div").classes("busy").props("role=status")
        with self._busy:
            ui.spinner(size="20px")
            self._said = ui.label()
        self._body = ui.element("div")
        self._outcome: Outcome | None = None
        self._small = True

    async def plan(self) -> None:
        """Store the draft, plan it, and show what comes of it."""
        self._body.clear()
        self._busy.set_visibility(True)
        try:
            self._outcome = await self._planned()
        except PagecastError as error:
            self._refuse(str(error))
        else:
            if not self._body.is_deleted:
                with self._body:
                    self._show(self._outcome)
        if not self._busy.is_deleted:
            self._busy.set_visibility(False)

    async def _planned(self) -> Outcome:
        visit, session = self._visit, self._visit.session
        file = contents.complete(visit.content)
        await ask.aside(lambda: session.need(Right.SUBMIT))
        drafting = await self._drafted()
        drafted, self._small = drafting.drafted, drafting.small
        arguments = {"campaign": drafted.id}
        self._say("Planning: who can get it, in which order, until when…")
        planned = await errand.document(session, JobKind.PLAN, arguments, small=self._small, say=self._say)
        self._say("Writing three samples…")
        shown = await errand.document(
            session, JobKind.PREVIEW, arguments | {"to": None}, small=self._small, say=self._say
        )
        now = await ask.aside(session.now)
        return Outcome(drafted, Plan.model_validate_json(planned), _SAMPLES.validate_json(shown), file, now)

    async def _drafted(self) -> _Drafting:
        """Store the campaign as a draft, in the place of the one that the sketch was before."""
        visit, session = self._visit, self._visit.session
        self._say("Checking the list, the message and the pages…")
        small = visit.reading is None or visit.reading.rows <= promise.SMALL_ROWS
        file = contents.of_stored_pages(visit.content)
        made = await errand.document(session, JobKind.SUBMIT, {"file": file}, small=small, say=self._say)
        drafted = Drafted.model_validate_json(made)
        before = visit.sketch.campaign if visit.sketch else None
        if before and before != drafted.id:
            await ask.aside(lambda: _withdraw(visit, before))
        if visit.sketch and before != drafted.id:
            visit.sketch = visit.sketch.model_copy(update={"campaign": drafted.id})
            visit.dirty = True
            await visit.keep()
        return _Drafting(drafted, small)

    def _say(self, sentence: str) -> None:
        if not self._said.is_deleted:
            self._said.set_text(sentence)

    def _refuse(self, sentence: str) -> None:
        if self._body.is_deleted:
            return
        with self._body, ui.element("div").classes("alert bad").props("role=alert"):
            ui.icon("error_outline")
            ui.label(sentence)
        with self._body:
            buttons.outlined("Try again", self.plan, icon="refresh")

    def _show(self, found: Outcome) -> None:
        outcome.show(found)
        pricing.build(self._visit, found.drafted.id)
        with ui.element("div").classes("panel launch"):
            ui.label("What will happen").classes("subtitle")
            ui.label(outcome.sentence(found)).classes("what")
            if self._visit.session.may(Right.LAUNCH):
                self._button(found)
            else:
                ui.label("Ask somebody with the role sender to launch it. It waits as a draft until then.").classes(
                    "strong"
                )
                ui.link("See it in the list of campaigns", "/campaigns")

    def _button(self, found: Outcome) -> None:
        if not found.plan.eligible and not contents.get(self._visit.content, "schedule.keep_open_until"):
            ui.label("Nobody can get it, so there is nothing to launch.").classes("bad-ink")
            return
        buttons.primary("Launch", self._launch, icon="send")

    async def _launch(self) -> None:
        found, session = self._outcome, self._visit.session
        assert found is not None
        title, consequence = outcome.question(found)
        sure = await ask.confirmed(title, consequence, "Launch the campaign", lambda: True, right=Right.LAUNCH)
        if not sure:
            return
        arguments = {"campaign": found.drafted.id, "token": found.plan.token}
        self._busy.set_visibility(True)
        self._say("Launching…")
        try:
            await errand.document(session, JobKind.LAUNCH, arguments, small=self._small, say=self._say)
        except PagecastError as error:
            await self._void(error)
            return
        await ask.aside(self._forget)
        ask.tell(f"Launched for {people(found.plan.eligible)}.")
        ui.navigate.to(f"/campaigns/{found.drafted.id}")

    async def _void(self, error: PagecastError) -> None:
        """Say why it was not launched; where something changed since it was planned, plan it anew."""
        self._busy.set_visibility(False)
        if not isinstance(error, VoidPlanError):
            ask.fail(str(error))
            return
        await self.plan()
        ask.fail(
            "Not launched: something changed since this was planned, such as somebody who opted out. "
            "This is the present plan. Look at it, and launch again."
        )

    def _forget(self) -> None:
        sketch, runtime = self._visit.sketch, self._visit.session.runtime
        self._visit.dirty = False
        if sketch:
            with runtime.writing() as conn:
                sketches.forget(conn, sketch.ref)


def _withdraw(visit: Visit, ref: str) -> None:
    """Remove the draft that the sketch was under another name, unless it is gone or launched."""
    runtime = visit.session.runtime
    with runtime.reading() as conn:
        try:
            found = find.exactly(conn, ref)
        except PagecastError:
            return
    if found.state is CampaignState.DRAFT:
        try:
            drop(runtime, found)
        except StateError:
            return
