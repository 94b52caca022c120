"""Around each step: the name, which step it is, what is wrong with it, Back and Next."""

from collections.abc import Awaitable, Callable

from nicegui import ui

from campaigns.errors import PagecastError
from campaigns.web.dashboard import ask, buttons, faults
from campaigns.web.dashboard.attributes import having
from campaigns.web.dashboard.wizard import choosing, message, recipients, review, schedule
from campaigns.web.dashboard.wizard import content as contents
from campaigns.web.dashboard.wizard.content import STEPS
from campaigns.web.dashboard.wizard.visit import Visit

_EVERY = 2.0
_BROKEN = "This step cannot be shown. What you wrote is kept; go back and change something. The log has more."
_BROKEN_FIRST = "This step cannot be shown. What you wrote is kept. The log of the web process has more."
_BUILD: tuple[Callable[[Visit], Awaitable[None]], ...] = (
    recipients.build,
    message.build,
    schedule.build,
    review.build,
)


class Steps:
    """Built once a page; `await show()` fills in the step that the visit is at."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        visit.on_keep = self._tell_kept
        visit.on_mend = self._mended
        self._lacks_above: set[str] = set()
        self._root = ui.element("div").classes("wizard")
        with self._root:
            self._build()
        ui.timer(_EVERY, visit.keep, immediate=False)

    def _build(self) -> None:
        visit = self._visit
        self._ladder = ui.element("ol").classes("steps").props('aria-label="Steps"')
        self._alert = ui.label().classes("alert bad").props("role=alert")
        self._body = ui.element("div").classes("step")
        with ui.element("div").classes("walking"):
            self._back = buttons.quiet("Back", lambda: self.go(visit.step - 1), icon="arrow_back")
            self._kept = ui.label().classes("small soft").props("role=status")
            ui.space()
            self._next = buttons.primary("Next", lambda: self.go(visit.step + 1))
            with self._next:
                self._whither = ui.label().classes("only-wide whither")

    async def show(self) -> bool:
        """Build the present step; False where that failed, which is told in its place."""
        visit = self._visit
        visit.fields, visit.faults = {}, {}
        self._say("")
        self._draw_ladder()
        self._back.set_visibility(visit.step > 0)
        self._next.set_visibility(visit.step < contents.REVIEW)
        if visit.step < contents.REVIEW:
            name = STEPS[visit.step + 1].lower()
            having(self._next, aria_label=f"Next: {name}")
            self._whither.set_text(f": {name}")
        self._body.clear()
        with self._body:
            try:
                await _BUILD[visit.step](visit)
            except PagecastError as error:
                self._say(str(error))
            except Exception as error:  # noqa: BLE001 - the other steps can still be reached
                faults.tell(error)
                self._break()
                return False
        visit.built = visit.step
        return True

    def _break(self) -> None:
        """Show that the step cannot be shown, and leave the ways to the others."""
        self._next.set_visibility(False)
        if not self._body.is_deleted:
            self._body.clear()
        self._say(_BROKEN if self._visit.step else _BROKEN_FIRST)

    async def go(self, step: int) -> None:
        """Go to a step, if all before it are done."""
        visit = self._visit
        for before in range(step):
            if lacks := await self._lacks(before):
                if before != visit.step:
                    visit.step = before
                    await self.show()
                self._mark(lacks)
                return
        # Not where the click was: the ladder is drawn anew, and what was clicked is gone.
        with self._root:
            if not await visit.keep():
                return
            ask.hush()
            visit.step = step
            if await self.show():
                visit.dirty = True
                await visit.keep()

    async def _lacks(self, step: int) -> dict[str, str]:
        visit = self._visit
        lacks = contents.missing(visit.content, step, await ask.aside(visit.session.now))
        if step == contents.RECIPIENTS and not lacks:
            lacks = await recipients.lacks(visit)
        elif step == contents.SCHEDULE:
            lacks = lacks | choosing.lacks(visit)
        return lacks | (visit.faults if step == visit.step else {})

    def _mark(self, lacks: dict[str, str]) -> None:
        """Show what is wrong beside each field, and above where there is no field for it."""
        beside = [path for path in lacks if path in self._visit.fields]
        for path in beside:
            self._visit.fields[path].error = lacks[path]
        if beside:
            self._visit.fields[beside[0]].run_method("focus")
        above = {path: sentence for path, sentence in lacks.items() if path not in beside}
        self._lacks_above = set(above)
        self._say(" ".join(above.values()))

    def _mended(self, path: str) -> None:
        """Take back what was said above of a field that is changed now."""
        if path in self._lacks_above:
            self._lacks_above = set()
            self._say("")

    def _say(self, sentence: str) -> None:
        self._alert.set_text(sentence)
        self._alert.set_visibility(bool(sentence))

    def _tell_kept(self) -> None:
        if not self._kept.is_deleted:
            self._kept.set_text("Saved")

    def _draw_ladder(self) -> None:
        self._ladder.clear()
        with self._ladder:
            for number, name in enumerate(STEPS):
                self._draw_rung(number, name)

    def _draw_rung(self, number: int, name: str) -> None:
        here = number == self._visit.step
        with ui.element("li").classes("rung" + (" here" if here else " done" if number < self._visit.step else "")):
            knob = ui.button(color=None, on_click=lambda: self.go(number)).props("flat no-caps dense")
            if here:
                knob.props("aria-current=step")
            with knob.classes("quiet"):
                with ui.element("span").classes("ring"):
                    ui.icon("check") if number < self._visit.step else ui.label(str(number + 1))
                ui.label(name).classes("rung-name")
